"""sample: exact ids by draw, strata and score, in rows, tokens and shares."""

from __future__ import annotations

import json
import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.embedding.numbers import quantise
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


class Letters:
    """Counts a, b and c: a model whose idea of diversity can be worked out by hand."""

    identity = "letters-sample"

    def encode(self, texts: list[str], tokens: int) -> Any:
        numpy = pytest.importorskip("numpy", reason="the extra 'embed' isn't installed")
        counts = numpy.array([[text.count(letter) for letter in "abc"] for text in texts])
        return quantise(counts.reshape(-1, 3))


def test_the_most_diverse_stay_and_the_rank_is_evidence() -> None:
    texts = ["a", "aa", "aaa", "b", "bb", "c"]
    rows = make_rows([[{"role": "user", "content": text}] for text in texts], source="s")
    step = {"op": "sample", "budget": {"rows": 3}, "by": {"diverse": "letters"}}
    result = apply(rows, step, models={"encoder": Letters()})
    ranks = dict(zip(result.ledger["row_id"], result.ledger["evidence"], strict=True))
    # "a" stands nearest the middle; then c, then b are farthest; of equal texts the lower id comes first
    first = {
        letter: min(row for row, text in zip(rows["id"], texts, strict=True) if text[0] == letter)
        for letter in "abc"
    }
    assert set(result.rows["id"]) == set(first.values())
    assert set(result.dropped["reason"]) == {"outside the sample of 3 rows (diverse by letters)"}
    assert sorted(json.loads(text)["rank"] for text in ranks.values()) == [3, 4, 5]


def test_evaluation_rows_take_no_place_among_the_diverse() -> None:
    rows = make_rows([[{"role": "user", "content": text}] for text in ("a", "b", "c")], source="s")
    rows = rows.with_columns(split=pl.Series(["eval", "train", "train"]))
    step = {"op": "sample", "budget": {"rows": 2}, "by": {"diverse": "letters"}}
    assert apply(rows, step, models={"encoder": Letters()}).rows["id"].to_list() == rows["id"].to_list()
