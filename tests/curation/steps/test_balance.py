"""``balance``: which rows go, which are repeated, and what never changes."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from talks import talk

import curation
from curation.errors import InputError
from curation.rows import child_id, make_rows
from curation.step import keyed_uniform


def rows_of(**counts: int) -> pl.DataFrame:
    names = [name for name, count in counts.items() for _ in range(count)]
    rows = make_rows(
        [talk(f"q{n}", f"a{n}") for n in range(len(names))],
        source="s",
        categories=[None if name == "none" else name for name in names],
        extra={"score": [float(n) for n in range(len(names))]},
    )
    return rows.with_columns(split=pl.lit("train"))


def test_drops_and_repeats_to_the_row() -> None:
    rows = rows_of(math=6, art=2)
    done = curation.apply(rows, {"op": "balance", "to": "uniform", "max_repeats": 3}, seed=4)
    order = rows.with_columns(u=keyed_uniform(4, "balance", rows["id"])).sort("u")
    math = order.filter(pl.col("category") == "math")["id"].to_list()
    art = order.filter(pl.col("category") == "art")["id"].to_list()
    kept = [row for row in rows["id"] if row in (*math[:4], *art)]
    children = [child_id(parent, "balance", 1) for parent in art]
    assert done.rows["id"].to_list() == [*kept, *children]
    assert dict(done.dropped.iter_rows()) == dict.fromkeys(math[4:], "over the target of math: 4 of 6 rows")
    made = done.rows.tail(2)
    assert made.select("parent_id", "made_by", "split", "category").rows() == [
        (parent, "balance", "train", "art") for parent in art
    ]
    for name in ("family", "content_hash", "messages", "source", "source_row", "score"):
        assert made[name].to_list() == [
            rows.filter(pl.col("id") == parent)[name].to_list()[0] for parent in art
        ]
    lines = done.ledger.filter(pl.col("action") == "made")
    assert lines["reason"].to_list() == [f"repeat 2 of 2 of {parent}" for parent in art]
    assert json.loads(lines["evidence"][0]) == {"repeat": 2, "of": 2}
    dropped = done.ledger.filter(pl.col("row_id") == math[5])
    assert json.loads(dropped["evidence"][0]) == {"target": 4, "now": 6, "rank": 5}


def test_whole_rounds_first() -> None:
    rows = rows_of(big=8, small=3)
    done = curation.apply(rows, {"op": "balance", "to": "largest", "max_repeats": 9})
    times = (
        done.rows.filter(pl.col("category") == "small")
        .with_columns(pl.coalesce("parent_id", "id"))
        .group_by("parent_id")
        .len()
    )
    assert sorted(times["len"].to_list()) == [2, 3, 3]


def test_the_best_stay() -> None:
    rows = rows_of(math=5, art=1).with_columns(score=pl.Series([1.0, float("nan"), 5.0, None, 3.0, 0.0]))
    done = curation.apply(
        rows,
        {"op": "balance", "to": "uniform", "budget": {"rows": 4}, "max_repeats": 1, "keep": {"max": "score"}},
    )
    assert done.rows["source_row"].to_list() == [2, 4, 5]


def test_evaluation_rows_are_untouched() -> None:
    rows = rows_of(math=9, art=3).with_columns(split=pl.Series(["eval", "train", "train"] * 4))
    done = curation.apply(rows, {"op": "balance", "to": "largest"})
    held = rows.filter(pl.col("split") == "eval")
    assert done.rows.filter(pl.col("split") == "eval").equals(held)
    assert (
        not done.rows.filter(pl.col("made_by").is_not_null())["parent_id"].is_in(held["id"].implode()).any()
    )
    assert done.rows.filter(pl.col("split") == "train").group_by("category").len().sort(
        "category"
    ).rows() == [("art", 6), ("math", 6)]


def test_rows_without_a_category_are_one() -> None:
    done = curation.apply(rows_of(math=4, none=2), {"op": "balance", "to": "largest"})
    assert done.rows.group_by("category").len().sort("category").rows() == [(None, 4), ("math", 4)]
    plan = done.summaries[0]["plan"]
    assert [line["category"] for line in plan["lines"]] == ["math", "(none)"]


def test_augmented_rows_come_before_repeats() -> None:
    rows = rows_of(math=6, art=2)
    parent = rows["id"][6]
    child = rows[6:7].with_columns(id=pl.lit("c" * 16), parent_id=pl.lit(parent), made_by=pl.lit("augment"))
    done = curation.apply(pl.concat([rows, child]), {"op": "balance", "to": "largest", "max_repeats": 2})
    art = done.rows.filter(pl.col("category") == "art")
    assert art["made_by"].to_list() == [None, None, "augment", "balance", "balance", "balance"]
    assert "c" * 16 in art["parent_id"].to_list()
    fewer = curation.apply(
        pl.concat([rows, child]), {"op": "balance", "to": "uniform", "budget": {"rows": 4}}
    )
    assert fewer.dropped.filter(pl.col("id") == "c" * 16)["reason"].to_list() == [
        "over the target of art: 2 of 3 rows"
    ]


@given(
    st.integers(0, 12), st.integers(0, 12), st.integers(0, 4),
    st.sampled_from(["uniform", "largest", "median", {"temperature": 0.5}]),
    st.none() | st.integers(1, 40), st.sampled_from([1, 1.5, 2, 3]), st.integers(0, 3),
)  # fmt: skip
def test_no_row_stands_more_often_than_it_may(
    a: int, b: int, c: int, to: Any, budget: int | None, most: float, seed: int
) -> None:
    rows = rows_of(a=a, b=b, c=c)
    step = {"op": "balance", "to": to, "max_repeats": most, "budget": {"rows": budget} if budget else None}
    done = curation.apply(rows, step, seed=seed)
    plan = done.summaries[0]["plan"]
    counts = dict(done.rows.group_by("category").len().iter_rows())
    for line in plan["lines"]:
        assert counts.get(line["category"], 0) == line["taken"] + line["augmented"] + line["repeats"]
    times = done.rows.select(pl.coalesce("parent_id", "id").alias("of")).group_by("of").len()
    assert times.height == 0 or times["len"].max() <= -(-most // 1)  # type: ignore[operator]
    for _, part in done.rows.filter(pl.col("made_by").is_not_null()).group_by("category"):
        assert part.height > 0


@pytest.mark.parametrize(
    ("change", "step", "says"),
    [
        ({}, {"by": "categroy"}, "balance: there is no column 'categroy'. Did you mean 'category'?"),
        ({}, {"by": "messages"}, "balance: column 'messages' holds List"),
        ({}, {"keep": {"max": "scroe"}}, "balance: there is no column 'scroe'. Did you mean 'score'?"),
        ({}, {"keep": {"max": "source"}}, "balance: keep: column 'source' is String, not a number"),
        ({"split": pl.lit(None, pl.String)}, {}, "balance: rows have no split yet"),
        ({"made_by": pl.lit("balance")}, {}, "balance: rows hold repeats already. Balance once, at the end."),
        ({}, {"to": {"weights": {"math": 1}}}, "balance: to: category 'art' has 2 rows but no weight"),
    ],
)
def test_refusals(change: dict[str, pl.Expr], step: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        curation.apply(rows_of(math=4, art=2).with_columns(**change), {"op": "balance", **step})
    assert str(caught.value).startswith(says)


class Letters:
    """Counts a, b and c: a model whose idea of diversity can be worked out by hand."""

    identity = "letters-balance"

    def encode(self, texts: list[str], tokens: int) -> Any:
        numpy = pytest.importorskip("numpy", reason="the extra 'embed' isn't installed")
        from curation.embedding import quantise

        counts = numpy.array([[text.count(letter) for letter in "abc"] for text in texts])
        return quantise(counts.reshape(-1, 3))


def test_the_most_diverse_of_each_category_stay() -> None:
    texts = ["a", "aa", "aaa", "b", "c", "b", "b"]
    rows = make_rows(
        [talk(text, "-") for text in texts], source="s", categories=["x"] * 5 + ["y"] * 2
    ).with_columns(split=pl.lit("train"))
    step = {"op": "balance", "to": "uniform", "budget": {"rows": 5}, "keep": {"diverse": "letters"}}
    done = curation.apply(rows, step, models={"encoder": Letters()})
    x = done.rows.filter(pl.col("category") == "x")
    first = min(rows["id"][place] for place in range(3))  # of equal texts, the lower id
    assert sorted(x["id"]) == sorted([first, rows["id"][3], rows["id"][4]])
    assert set(done.dropped["reason"]) == {"over the target of x: 3 of 5 rows"}


@pytest.mark.parametrize("before", [(), ("stats",)])
def test_length_stands_for_stretches_of_words(before: tuple[str, ...]) -> None:
    long = " ".join(["word"] * 30)
    talks = [talk(f"q{n}", f"a{n}") for n in range(4)] + [talk(f"q{n}", long) for n in (4, 5)]
    rows = make_rows(talks, source="s").with_columns(split=pl.lit("train"))
    done = curation.apply(rows, *before, {"op": "balance", "by": "length", "to": "uniform"})
    assert set(done.dropped["reason"]) == {"over the target of under 25 words: 3 of 4 rows"}
    assert done.dropped["id"].is_in(rows["id"][:4].implode()).all()
    assert done.rows.filter(pl.col("made_by") == "balance")["parent_id"].is_in(rows["id"][4:].implode()).all()
    assert done.rows.height == 6
    assert "length" not in done.rows.columns


def test_a_column_called_length_comes_first() -> None:
    rows = rows_of(math=4).with_columns(length=pl.Series(["short", "short", "short", "long"]))
    done = curation.apply(rows, {"op": "balance", "by": "length", "to": "uniform"})
    assert done.dropped["reason"].to_list() == ["over the target of short: 2 of 3 rows"]
