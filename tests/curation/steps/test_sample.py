"""sample: exact ids by draw, strata and score, in rows, tokens and shares."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError, RecipeError
from curation.rows import make_rows
from curation.run import apply


def frame(count: int = 12) -> pl.DataFrame:
    talks = [
        [{"role": "user", "content": f"question {n}"}, {"role": "assistant", "content": "word " * (n + 1)}]
        for n in range(count)
    ]
    categories = ["big" if n % 4 else "small" for n in range(count)]
    scores = [float(n) if n != 3 else math.nan for n in range(count)]
    return make_rows(talks, source="s", categories=categories, extra={"score": scores})


def kept(rows: pl.DataFrame, **step: object) -> list[int]:
    return apply(rows, {"op": "sample", **step}, seed=7).rows["source_row"].to_list()


def test_the_top_by_a_score_leaves_nan_for_last() -> None:
    assert kept(frame(), budget={"rows": 3}, by={"top": "score"}) == [9, 10, 11]
    assert kept(frame(4), budget={"rows": 3}, by={"top": "score"}) == [0, 1, 2]


def test_a_dropped_row_says_why_with_its_score() -> None:
    result = apply(frame(), {"op": "sample", "budget": {"rows": 11}, "by": {"top": "score"}})
    assert result.dropped["reason"].to_list() == ["outside the sample of 11 rows (top by score)"]
    assert '"score":null' in result.ledger["evidence"][0]


def test_strata_keep_their_shares() -> None:
    rows = frame(40)
    half = apply(rows, {"op": "sample", "budget": {"share": 0.5}, "by": {"stratified": "category"}}).rows
    assert dict(half.group_by("category").len().iter_rows()) == {"big": 15, "small": 5}


def test_tokens_stop_before_the_row_that_would_go_over() -> None:
    rows = apply(frame(), "tokens").rows  # the rows have 3, 4, 5, ... words in order
    order = rows.sort("score", descending=True, nulls_last=True).filter(pl.col("score").is_not_nan())
    assert order["tokens.total"].head(2).to_list() == [14, 13]
    result = apply(rows, {"op": "sample", "budget": {"tokens": 30}, "by": {"top": "score"}})
    assert result.rows["source_row"].to_list() == [10, 11]


@given(st.integers(1, 30), st.integers(1, 30))
def test_a_larger_budget_keeps_what_a_smaller_one_kept(a: int, b: int) -> None:
    rows = frame(30)
    small, large = sorted((a, b))
    assert set(kept(rows, budget={"rows": small})) <= set(kept(rows, budget={"rows": large}))
    assert len(kept(rows, budget={"rows": small})) == small


def test_evaluation_rows_stay_unless_asked() -> None:
    rows = apply(frame(30), {"op": "split", "eval": 0.3}, seed=1).rows
    evals = set(rows.filter(pl.col("split") == "eval")["id"])
    assert evals
    cut = apply(rows, {"op": "sample", "budget": {"rows": 2}}).rows
    assert evals <= set(cut["id"])
    assert (cut["split"] == "train").sum() == 2
    assert apply(rows, {"op": "sample", "budget": {"rows": 2}, "eval": True}).rows.height == 2


def test_mistakes_name_the_mend() -> None:
    with pytest.raises(InputError, match="there is no column 'scor'"):
        kept(frame(), budget={"rows": 3}, by={"top": "scor"})
    with pytest.raises(InputError, match=r"needs the column 'tokens.total'"):
        kept(frame(), budget={"tokens": 3})
    with pytest.raises(RecipeError, match="exactly one of rows, tokens, share"):
        kept(frame(), budget={"rows": 3, "tokens": 3})
