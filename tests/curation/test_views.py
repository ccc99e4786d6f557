"""The small frames that screens draw: lengths, sizes, two columns at once."""

from __future__ import annotations

import polars as pl
import pytest

from curation import findings, views


@pytest.fixture
def rows() -> pl.LazyFrame:
    """Six rows with words at the edges of lengths; two sources, one without a category."""
    return pl.LazyFrame(
        {
            "category": ["math", "math", "math", "law", "law", None],
            "source": ["a", "a", "b", "a", "a", "b"],
            "words": [24, 25, 49, 50, 1599, 1600],
            "split": ["train"] * 5 + ["eval"],
            "made_by": pl.Series([None] * 6, dtype=pl.String),
        }
    )


def test_lengths_begin_at_their_first_word(rows: pl.LazyFrame) -> None:
    found = views.shares(rows, "length")
    assert found.select("value", "rows", "words").rows() == [
        ("under 25 words", 1, 24),
        ("25 to 49", 2, 74),
        ("50 to 99", 1, 50),
        ("800 to 1,599", 1, 1599),
        ("1,600 or more", 1, 1600),
    ]
    assert [views.length_range(name) for name in found["value"]] == [
        (0, 24),
        (25, 49),
        (50, 99),
        (800, 1599),
        (1600, None),
    ]
    assert findings.length_finding(found) == (
        "Most rows, 33.3%, have 25 to 49 words; the longest, 1,600 or more words, are 16.7% of rows and 47.8% of the text."
    )


def test_size_is_tokens_where_they_were_counted(rows: pl.LazyFrame) -> None:
    assert views.size_of(rows) == ("words", "words")
    counted = rows.with_columns(pl.Series("tokens.total", [10, 0, 0, 0, 20, 10]))
    assert views.size_of(counted) == ("tokens.total", "tokens")
    by_words = counted.with_columns(pl.lit("words").alias("tokens.unit"))
    assert views.size_of(by_words) == ("tokens.total", "words")
    assert views.size_of(by_words.head(0)) == ("tokens.total", "tokens")
    found = views.shares(counted, "category", "tokens.total")
    assert found.select("value", "words", "word_share").rows() == [
        ("math", 10, 0.25),
        ("law", 20, 0.5),
        ("(none)", 10, 0.25),
    ]


def test_a_cross_table_has_counts_shares_of_all_and_of_the_line(rows: pl.LazyFrame) -> None:
    found = views.cross(rows, "source", "category")
    assert found.rows() == [
        ("(none)", "b", 1, pytest.approx(1 / 6), 1.0),
        ("law", "a", 2, pytest.approx(2 / 6), 1.0),
        ("math", "a", 2, pytest.approx(2 / 6), pytest.approx(2 / 3)),
        ("math", "b", 1, pytest.approx(1 / 6), pytest.approx(1 / 3)),
    ]
    assert findings.cross_finding(found, "source", "category") == (
        "The largest cell is category law with source a: 2 rows, 33.3% of all; 2 pairs have no rows."
    )


def test_a_cross_table_keeps_the_largest_values_and_their_true_shares(rows: pl.LazyFrame) -> None:
    found = views.cross(rows, "length", "category", most=1)
    assert found.rows() == [("math", "25 to 49", 2, pytest.approx(2 / 6), pytest.approx(2 / 3))]


def test_a_spread_leaves_out_the_zeros_where_nearly_all_are() -> None:
    found = views.spread(pl.Series("x", [0] * 90 + [2, 3, 4, 5, 6, 6, 6, 6, 6, 6, None]))
    assert found is not None
    assert (found.low, found.high, found.all_but_low, found.whole) == (0.0, 6.0, 0.0, True)
    assert (found.shown, found.zeros, found.none) == (10, 90, 1)
    assert found.bins["rows"].sum() == 10
    few = views.spread(pl.Series("x", [0.0, 0.0, 0.5, 1.0]))
    assert few is not None
    assert (few.shown, few.zeros, few.none, few.whole) == (4, 0, 0, False)
    assert views.spread(pl.Series("x", [None], dtype=pl.Int64)) is None
    same = views.spread(pl.Series("x", [3, 3]))
    assert same is not None
    assert same.bins.rows() == [(3.0, 4.0, 2)]
