"""Words and their hashes: what counts as a word, and that hashes never change."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.shingles import all_runs, run_hashes, running_sums, shingle_sets, whole_runs
from curation.spans import word_spans
from curation.words import hash_words

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


def hashes(*texts: str | None) -> list[list[int]]:
    words = hash_words(pl.Series(texts, dtype=pl.String))
    return [words.hashes[a:b].tolist() for a, b in zip(words.bounds, words.bounds[1:], strict=False)]


def words_of(text: str) -> list[str]:
    return [text[a:b] for a, b in zip(*(ends.tolist() for ends in word_spans(text)), strict=True)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World! it's", ["Hello", "World", "it", "s"]),
        ("snake_case 3.14", ["snake_case", "3", "14"]),
        ("", []),
        ("... 🙂 —", []),
        ("东京is大", ["东", "京", "is", "大"]),
        ("カード", ["カ", "ー", "ド"]),
        ("สวัสดี", ["ส", "ว", "ั", "ส", "ด", "ี"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("שלום עולם", ["שלום", "עולם"]),
        ("مرحبا بك", ["مرحبا", "بك"]),
        ("한국어 말", ["한국어", "말"]),
        ("👨\u200d👩\u200d👧 ❤️ ok", ["ok"]),
        ("zero\u200bwidth", ["zero\u200bwidth"]),
        ("don’t “quote” a—b…", ["don", "t", "quote", "a", "b"]),
        ("x" * 130, ["x" * 64, "x" * 64, "xx"]),
        ("é" * 40, ["é" * 32, "é" * 8]),
    ],
)
def test_what_a_word_is(text: str, words: list[str]) -> None:
    assert words_of(text) == words
    assert len(hashes(text)[0]) == len(words)


@pytest.mark.parametrize("code", range(0x2000, 0x2070))
def test_every_general_punctuation_mark_parts_words_as_the_tables_say(code: int) -> None:
    text = f"one{chr(code)}two{chr(code)} {chr(code)}é"
    assert len(hashes(text)[0]) == len(words_of(text))
    assert hashes(text)[0] == [hashes(piece)[0][0] for piece in words_of(text)]


def test_case_and_punctuation_make_no_difference() -> None:
    a, b = hashes("HELLO, Éric: Straße ΣΑΣ", "hello éric straße σασ")
    assert a == b


def test_a_joiner_within_a_word_makes_no_difference() -> None:
    assert hashes("zero\u200bwidth") == hashes("zerowidth")


def test_hashes_are_what_they_have_always_been() -> None:
    assert [f"{value:016x}" for value in hashes("Hello, naïve 东京 extraordinary")[0]] == PINNED


PINNED = ["d15744b546e6714c", "f88f69ca80a8f0d0", "b6a2feb056a41bef", "e74890f9c663043b", "3731c8283be798db"]


def test_words_of_different_lengths_and_tails_differ() -> None:
    texts = ["a" * n for n in range(1, 65)] + ["a" * n + "b" for n in range(1, 64)]
    found = [tuple(words) for words in hashes(*texts)]
    assert len(set(found)) == len(texts)


@given(st.lists(st.none() | TEXT, max_size=8))
def test_a_text_hashes_alike_alone_and_among_others(texts: list[str | None]) -> None:
    assert hashes(*texts) == [hashes(text)[0] for text in texts]


@given(TEXT)
def test_the_slow_way_finds_the_same_words(text: str) -> None:
    whole = hashes(text)[0]
    pieces = words_of(text)
    assert len(pieces) == len(whole)
    assert [hashes(piece)[0] for piece in pieces] == [[value] for value in whole]


@given(st.lists(TEXT, min_size=1, max_size=6), st.integers(1, 6))
def test_runs_agree_with_their_definition(texts: list[str], size: int) -> None:
    words = hash_words(pl.Series(texts, dtype=pl.String))
    sums = running_sums(words)
    runs, whole = all_runs(sums, size), whole_runs(words, size)
    assert runs.size == whole.size == max(words.hashes.size - size + 1, 0)
    starts = np.arange(runs.size)
    assert (run_hashes(sums, starts, starts + size) == runs).all()
    inside = [
        any(a <= start and start + size <= b for a, b in zip(words.bounds, words.bounds[1:], strict=False))
        for start in starts
    ]
    assert whole.tolist() == inside


def test_shingle_sets_count_as_plain_python_does() -> None:
    text = "the cat sat on the mat and the cat sat on the hat " * 30
    tokens = re.findall(r"\w+", text)
    plain = {tuple(tokens[i : i + 5]) for i in range(len(tokens) - 4)}
    sets = shingle_sets(pl.Series([text, "two words", "", "Two WORDS!"]), np.array([1, 1, 1, 1]), 5)
    assert np.diff(sets.bounds).tolist() == [len(plain), 1, 0, 1]
    assert sets.hashes[sets.bounds[1]] == sets.hashes[sets.bounds[3]]


def test_shingles_run_on_over_the_turns_of_a_row_and_not_over_rows() -> None:
    turns = pl.Series(["a b c", "d e f", "g h"])
    joined = shingle_sets(pl.Series(["a b c d e f", "g h"]), np.array([1, 1]), 5)
    apart = shingle_sets(turns, np.array([2, 1]), 5)
    assert apart.hashes.tolist() == joined.hashes.tolist()
    assert apart.bounds.tolist() == joined.bounds.tolist() == [0, 2, 3]
