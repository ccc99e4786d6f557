"""Stretches of text as numbers: what many texts give at once is what each gives by itself, also after some were forgotten."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curation.parts import Parts, Stretches
from curation.words import I64

TEXT = st.text(st.sampled_from("ab c\n"), max_size=20)


def letters(text: str) -> list[int]:
    return [ord(letter) for letter in text if letter not in " \n"]


def numbers(parts: list[str]) -> tuple[I64, I64]:
    flat = [ord(letter) for letter in "".join(parts)]
    return np.array(flat, np.int64), np.array([len(part) for part in parts], np.int64)


@given(st.lists(st.lists(TEXT, max_size=4), max_size=4), st.integers(0, 10))
def test_texts_are_the_numbers_of_their_stretches(calls: list[list[str]], most: int) -> None:
    parts = Parts(numbers, Stretches(most))
    for texts in calls:
        flat, bounds = parts(texts)
        assert [flat[a:b].tolist() for a, b in pairwise(bounds)] == [letters(text) for text in texts]


@given(st.lists(st.text(st.sampled_from("ab  \n\r\x00é你😀\u2028"), max_size=12), max_size=6))
def test_stretches_are_what_stands_between_spaces_and_line_ends(texts: list[str]) -> None:
    stretches = Stretches()
    places, sizes = stretches(texts)
    cut = [text.replace("\n", " ").split(" ") for text in texts]
    assert [stretches.names[place] for place in places] == [one for many in cut for one in many]
    assert sizes.tolist() == [len(many) for many in cut]


def test_each_stretch_is_asked_for_once_until_it_is_forgotten() -> None:
    asked: list[str] = []

    def told(parts: list[str]) -> tuple[I64, I64]:
        asked.extend(parts)
        return numbers(parts)

    parts = Parts(told, Stretches(22))
    parts(["one two one", "three two"])
    parts(["one four"])
    assert asked == ["one", "two", "one", "three", "two", "four"], "at the end of a text or amid it"
    parts(["two one"])
    assert asked[6:] == ["two", "one"]


def test_two_that_share_stretches_learn_what_they_are_asked_for() -> None:
    asked: dict[str, list[str]] = {"a": [], "b": []}

    def told(who: str) -> Callable[[list[str]], tuple[I64, I64]]:
        return lambda parts: (asked[who].extend(parts), numbers(parts))[1]

    both = Stretches()
    a, b = Parts(told("a"), both), Parts(told("b"), both)
    a(["one two"])
    b(["three", "one two"])
    a(["three"])
    a.forget()
    assert a(["two three"])[0].tolist() == letters("two three")
    # amid a text "two" is another one than at its end
    assert asked == {"a": ["one", "two", "three", "three", "two"], "b": ["one", "two", "three"]}


def test_several_threads_ask_at_once() -> None:
    parts = Parts(numbers, Stretches(200))
    texts = [" ".join(f"{a}{b}" * (b % 4) for b in range(a, a + 20)) for a in range(60)]

    def ask(start: int) -> bool:
        some = texts[start:] + texts[:start]
        flat, bounds = parts(some)
        return all(
            flat[a:b].tolist() == letters(text) for text, (a, b) in zip(some, pairwise(bounds), strict=True)
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, list(range(60)) * 5))
