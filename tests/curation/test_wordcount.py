"""The fast count of words is the count of the pattern's matches."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import wordcount
from curation.rows import WORD
from curation.wordcount import count_words

TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \t\n\r\x0b\x0c\x1c\x85a东"), max_size=60
)


def test_exact_counts() -> None:
    texts = ["two words", "", None, "  a\tb\x0bc\n", "东京 ok", "don't stop", "\x1c"]
    assert count_words(pl.Series(texts, dtype=pl.String)).tolist() == [2, 0, 0, 3, 3, 2, 1]


@given(st.lists(st.none() | TEXT, max_size=10))
def test_any_texts(texts: list[str | None]) -> None:
    series = pl.Series(texts, dtype=pl.String)
    assert count_words(series).tolist() == series.str.count_matches(WORD).fill_null(0).to_list()


def test_batches_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    series = pl.Series([f"{'w ' * (n % 7)}x" for n in range(100)])
    monkeypatch.setattr(wordcount, "BATCH", 3)
    assert count_words(series).tolist() == [n % 7 + 1 for n in range(100)]
