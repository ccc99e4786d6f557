"""``filter``: exact ids, reasons and evidence."""

from __future__ import annotations

import json

import polars as pl
import pytest

import curation
from curation.errors import InputError, RecipeError
from curation.recipe import step_from


def test_dropped_rows_say_why_with_their_values(small: pl.DataFrame) -> None:
    done = curation.apply(small, {"op": "filter", "where": "score >= 3.5 and words(assistant) >= 1"})
    ids = small["id"].to_list()
    assert done.rows["id"].to_list() == [ids[0], ids[1], ids[4]]
    reason = "not (score >= 3.5 and words(assistant) >= 1)"
    assert done.dropped.to_dicts() == [{"id": ids[n], "reason": reason} for n in (2, 3, 5)]
    assert done.ledger["action"].to_list() == ["dropped"] * 3
    assert [json.loads(text) for text in done.ledger["evidence"]] == [
        {"score": 3.0, "words(assistant)": 7},
        {"score": None, "words(assistant)": 3},
        {"score": 2.0, "words(assistant)": 1},
    ]


def test_nan_is_no_number(small: pl.DataFrame) -> None:
    rows = small.with_columns(score=pl.Series([float("nan"), 5.0, 1.0, None, 5.0, float("inf")]))
    done = curation.apply(rows, {"op": "filter", "where": "score > 4"})
    assert done.rows["source_row"].to_list() == [1, 4, 5]


def test_no_rows_still_tell_a_wrong_column(small: pl.DataFrame) -> None:
    empty = small.head(0)
    assert curation.apply(empty, {"op": "filter", "where": "score > 1"}).rows.equals(empty)
    with pytest.raises(InputError, match="there is no column 'scroe'"):
        curation.apply(empty, {"op": "filter", "where": "scroe > 1"})


def test_a_broken_expression_is_refused_with_the_recipe() -> None:
    with pytest.raises(RecipeError, match="can't read the expression"):
        step_from({"op": "filter", "where": "score >"})


@pytest.mark.parametrize(
    ("where", "mend"),
    [
        ("stats.words > 3", "there is no column 'stats.words'. Put a stats step before."),
        ("embed.key == 'x'", "there is no column 'embed.key'. Put an embed step before."),
        ("nostep.words > 3", "there is no column 'nostep.words'. Known: "),
    ],
)
def test_a_column_of_a_step_that_has_not_run_names_the_step(
    small: pl.DataFrame, where: str, mend: str
) -> None:
    with pytest.raises(InputError) as caught:
        curation.apply(small, {"op": "filter", "where": where})
    assert mend in str(caught.value)
