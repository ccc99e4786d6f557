"""``split``: by family, stratified, steady; and what it refuses."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from talks import talk

import curation
from curation.errors import InputError
from curation.rows import make_rows
from curation.step import keyed_uniform


def rows_of(count: int, *, categories: int = 2, families: int | None = None, start: int = 0) -> pl.DataFrame:
    numbers = range(start, start + count)
    rows = make_rows(
        [talk(f"question {n}", f"answer {n}") for n in numbers],
        source="s",
        categories=[f"c{n % categories}" for n in numbers],
    )
    return (
        rows
        if families is None
        else rows.with_columns(family=pl.Series([f"f{n % families:04}" for n in numbers]))
    )


def sides(rows: pl.DataFrame, seed: int = 0, **given: Any) -> dict[str, str]:
    done = curation.apply(rows, {"op": "split", **given}, seed=seed).rows
    return dict(zip(done["id"], done["split"], strict=True))


def test_a_side_is_the_familys_keyed_hash() -> None:
    rows = rows_of(200)
    u = keyed_uniform(5, "split", rows["family"])
    expected = ["eval" if value < 0.1 else "train" for value in u]
    assert list(sides(rows, seed=5, eval=0.1, at_least=0).values()) == expected
    assert expected.count("eval") == 22
    assert keyed_uniform(7, "split", pl.Series(["a", "b"])).to_list() == [
        0.5559027825156102,
        0.995774518267226,
    ]


def test_the_ledger_tells_each_side(small: pl.DataFrame) -> None:
    done = curation.apply(small, {"op": "split", "eval": 0.5, "stratify": None}, seed=1)
    lines = done.ledger.filter(pl.col("action") == "set split")
    assert dict(lines.select("row_id", "reason").iter_rows()) == dict(
        done.rows.select("id", "split").iter_rows()
    )


@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 3), st.floats(0, 0.9))
def test_adding_rows_moves_nobody(count: int, more: int, seed: int, share: float) -> None:
    few, many = rows_of(count), rows_of(count + more)
    before, after = (sides(rows, seed=seed, eval=share, at_least=0) for rows in (few, many))
    assert before == {row: after[row] for row in before}


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2), st.integers(1, 9))
def test_given_sides_stay_and_pull_their_families(
    count: int, more: int, at_least: int, families: int
) -> None:
    first = curation.apply(rows_of(count, families=families), {"op": "split", "eval": 0.3}).rows
    grown = pl.concat([first, rows_of(more, families=families + 5, start=1000)])
    done = curation.apply(grown, {"op": "split", "eval": 0.3, "at_least": at_least}).rows
    assert done["split"].to_list()[:count] == first["split"].to_list()
    assert done.group_by("family").agg(pl.col("split").n_unique())["split"].max() == 1


@given(st.integers(1, 80), st.integers(1, 30), st.integers(0, 5), st.floats(0, 0.95), st.integers(0, 3))
def test_families_are_never_torn(count: int, families: int, seed: int, share: float, at_least: int) -> None:
    rows = rows_of(count, families=families, categories=3)
    done = curation.apply(rows, {"op": "split", "eval": share, "at_least": at_least}, seed=seed).rows
    assert set(done["split"]) <= {"train", "eval"}
    assert done.group_by("family").agg(pl.col("split").n_unique())["split"].max() == 1


def test_equal_texts_are_one_family_whatever_made_them_equal() -> None:
    rows = make_rows([talk("Hi ", "Yes"), talk("Hi", "Yes"), talk("x", "y")], source="s")
    assert rows["family"].n_unique() == 3
    done = curation.apply(rows, "normalize", {"op": "split", "eval": 0.5})
    assert done.rows["family"].to_list() == [min(rows["family"][0], rows["family"][1])] * 2 + [
        rows["family"][2]
    ]
    assert done.ledger.filter(pl.col("action") == "set family")["row_id"].len() == 1


def test_every_stratum_gets_its_fewest() -> None:
    rows = rows_of(60, categories=12)
    done = curation.apply(rows, {"op": "split", "eval": 0.01, "at_least": 2}).rows
    assert done.filter(pl.col("split") == "eval").group_by("category").len()["len"].to_list() == [2] * 12
    lowest = (
        rows.with_columns(u=keyed_uniform(0, "split", rows["family"])).sort("u").group_by("category").head(2)
    )
    assert set(lowest["id"]) == set(done.filter(pl.col("split") == "eval")["id"])


@pytest.mark.parametrize(("count", "held"), [(1, 0), (2, 1), (3, 1), (4, 1)])
def test_a_small_stratum_keeps_as_many_for_training(count: int, held: int) -> None:
    done = sides(rows_of(count, categories=1), eval=0.0001, at_least=1)
    assert list(done.values()).count("eval") == held


def test_rows_that_came_with_a_side_do_not_hinder_the_fewest() -> None:
    old = rows_of(10, categories=1).with_columns(split=pl.lit("train"))
    new = rows_of(10, categories=1, start=100)
    done = curation.apply(pl.concat([old, new]), {"op": "split", "eval": 0.0001, "at_least": 3}).rows
    assert done.filter(pl.col("split") == "eval").height == 3
    assert done["split"].to_list()[:10] == ["train"] * 10


def test_no_evaluation_at_all() -> None:
    assert set(sides(rows_of(20), eval=0).values()) == {"train"}


def test_made_rows_before_the_split_are_refused(small: pl.DataFrame) -> None:
    made = small.with_columns(made_by=pl.lit("augment"), parent_id=pl.lit("x"))
    with pytest.raises(InputError) as caught:
        curation.apply(made, "split")
    assert str(caught.value) == (
        "split: 6 rows were made by 'augment' before the split, so copies of one row would stand on both sides. "
        "Put split before balance and augment."
    )


def test_a_family_that_comes_torn_is_refused(small: pl.DataFrame) -> None:
    torn = small.with_columns(split=pl.Series(["train", "eval", None, None, None, None]))
    with pytest.raises(InputError) as caught:
        curation.apply(torn, "split")
    assert str(caught.value).startswith(
        f"split: 1 families (such as {small['family'][0]}) come with rows on both sides. "
    )


def test_wrong_columns(small: pl.DataFrame) -> None:
    with pytest.raises(InputError, match=r"split: there is no column 'categroy'\. Did you mean 'category'\?"):
        curation.apply(small, {"op": "split", "stratify": "categroy"})
    with pytest.raises(InputError, match="split: column 'messages' holds List"):
        curation.apply(small, {"op": "split", "stratify": "messages"})
