"""Stretches of text as numbers: what many texts give at once is what each gives by itself, also after some were forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curation.parts import Parts
from curation.words import I64

TEXT = st.text(st.sampled_from("ab c\n"), max_size=20)


def numbers(parts: list[str]) -> tuple[I64, I64]:
    flat = [ord(letter) for letter in "".join(parts)]
    return np.array(flat, np.int64), np.array([len(part) for part in parts], np.int64)


@given(st.lists(st.lists(TEXT, max_size=4), max_size=4), st.integers(0, 10), st.integers(0, 4))
def test_texts_are_the_numbers_of_their_stretches(calls: list[list[str]], most: int, longest: int) -> None:
    parts = Parts(numbers, most, longest)
    for texts in calls:
        flat, bounds = parts(texts)
        assert [flat[a:b].tolist() for a, b in pairwise(bounds)] == [
            [ord(letter) for letter in text if letter != " "] for text in texts
        ]


def test_each_stretch_is_asked_for_once_unless_it_is_long() -> None:
    asked: list[str] = []

    def told(parts: list[str]) -> tuple[I64, I64]:
        asked.extend(parts)
        return numbers(parts)

    parts = Parts(told, most=100, longest=3)
    parts(["one two one", "three two"])
    parts(["one three"])
    assert asked == ["one", "two", "three", "three"]


def test_several_threads_ask_at_once() -> None:
    parts = Parts(numbers, most=200, longest=4)
    texts = [" ".join(f"{a}{b}" * (b % 4) for b in range(a, a + 20)) for a in range(60)]

    def ask(start: int) -> bool:
        some = texts[start:] + texts[:start]
        flat, bounds = parts(some)
        return all(
            flat[a:b].tolist() == [ord(letter) for letter in text if letter != " "]
            for text, (a, b) in zip(some, pairwise(bounds), strict=True)
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, list(range(60)) * 5))
