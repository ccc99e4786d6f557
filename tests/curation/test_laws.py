"""Each law of each kind is broken once, by a step made for it, and is caught with the right words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import ClassVar, Literal

import polars as pl
import pytest

from curation.errors import InputError, StepError
from curation.laws import run_step
from curation.rows import child_id
from curation.step import Context, Kind, Step

Apply = Callable[[pl.DataFrame], pl.DataFrame]


def a_step(kind: Kind, apply: Apply, *, writes: frozenset[str] = frozenset(), scope: str = "row") -> Step:
    """A step of a kind that does what a function does."""
    of_kind, of_scope, of_writes = kind, scope, writes

    class Given(Step):
        kind: ClassVar[Kind] = of_kind
        scope: ClassVar[Literal["row", "global"]] = of_scope  # type: ignore[assignment]
        writes: ClassVar[frozenset[str]] = of_writes
        op: Literal["given"] = "given"

        def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
            return apply(rows)

    return Given()


def children(rows: pl.DataFrame, **changed: pl.Expr) -> pl.DataFrame:
    """The rows and one lawful child of the first, but for what is changed."""
    first = rows.head(1)
    child = first.with_columns(
        id=pl.lit(child_id(first["id"][0], "given", 1)), parent_id=first["id"], made_by=pl.lit("given")
    ).with_columns(**changed)
    return pl.concat([rows, child.select(rows.columns)])


def shaped(out: pl.DataFrame, reasons: dict[int, str] | None = None) -> pl.DataFrame:
    return out.with_columns(
        reason=pl.Series([(reasons or {}).get(n) for n in range(out.height)], dtype=pl.String)
    )


same_ids = "the same ids in the same order"
BROKEN: list[tuple[Kind, Apply, str]] = [
    ("annotate", lambda r: r.reverse(), same_ids),
    ("annotate", lambda r: r.head(2), same_ids),
    ("annotate", lambda r: r.with_columns(other=1), "column 'other' is outside its namespace 'given'"),
    ("annotate", lambda r: r.with_columns(pl.lit(1).alias("givens.x")), "outside its namespace"),
    ("annotate", lambda r: r.drop("score"), "column 'score' was taken away"),
    ("annotate", lambda r: r.with_columns(score=1.0), "column 'score' isn't its to change"),
    ("annotate", lambda r: r.with_columns(category=pl.lit("x")), "column 'category' isn't its to change"),
    ("annotate", lambda r: r.with_columns(pl.col("score").cast(pl.Float32)), "isn't its to change"),
    ("annotate", lambda r: r.drop("id"), "rows of the same columns"),
    ("annotate", lambda r: r.lazy(), "rows come out, not LazyFrame"),  # type: ignore[return-value]
    ("select", lambda r: r, "a select step gives every row a reason or null"),
    ("select", lambda r: r.head(3).with_columns(reason=None), same_ids),
    ("select", lambda r: r.reverse().with_columns(reason=None), same_ids),
    ("edit", lambda r: r.head(1), same_ids),
    (
        "edit",
        lambda r: r.with_columns(category=pl.lit("x")),
        "only messages change, but column 'category' did",
    ),
    ("edit", lambda r: r.with_columns(x=1), "only messages change, but column 'x' did"),
    ("expand", lambda r: children(r).reverse(), same_ids),
    ("expand", lambda r: children(r.with_columns(score=0.0)), "originals are untouched, but column 'score'"),
    ("expand", lambda r: children(r).with_columns(x=1), "column 'x' is outside its namespace"),
    ("expand", lambda r: children(r, parent_id=pl.lit("nobody")), "every child has a known parent"),
    ("expand", lambda r: children(r, parent_id=pl.lit(None, pl.String)), "every child has a known parent"),
    ("expand", lambda r: pl.concat([children(r), children(r).tail(1)]), "every child has a new id"),
    ("expand", lambda r: children(r, id=pl.lit(r["id"][1])), "every child has a new id"),
    (
        "expand",
        lambda r: children(r, family=pl.lit("f")),
        "a child has its parent's family, category and split",
    ),
    ("expand", lambda r: children(r, category=pl.lit("x")), "a child has its parent's family"),
    ("expand", lambda r: children(r, split=pl.lit("eval")), "a child has its parent's family"),
    ("expand", lambda r: children(r, made_by=pl.lit("other")), "made_by names the step"),
    ("expand", lambda r: children(r, content_hash=pl.lit("0")), "content_hash is that of its messages"),
    ("expand", lambda r: children(r, messages=pl.col("messages").list.reverse()), "content_hash is that of"),
    ("shape", lambda r: children(r), "a select step gives every row a reason or null"),
    ("shape", lambda r: shaped(children(r), {0: "gone"}), "every child has a known parent"),
]


@pytest.mark.parametrize(("kind", "apply", "law"), BROKEN)
def test_a_broken_law_is_caught(small: pl.DataFrame, kind: Kind, apply: Apply, law: str) -> None:
    with pytest.raises(StepError) as caught:
        run_step(a_step(kind, apply), small, Context(), 3)
    assert str(caught.value).startswith("step 3 (given): broke its law: ")
    assert law in str(caught.value)
    assert caught.value.exit_code == 1


def test_an_evaluation_row_is_never_a_parent(small: pl.DataFrame) -> None:
    rows = small.with_columns(split=pl.lit("eval"))
    with pytest.raises(StepError, match="an evaluation row is never a parent"):
        run_step(a_step("expand", children), rows, Context())


def test_annotate_writes_its_core_columns_and_says_so(small: pl.DataFrame) -> None:
    def guess(rows: pl.DataFrame) -> pl.DataFrame:
        evidence = pl.lit('{"why":"test"}').alias("given.evidence")
        return rows.with_columns(pl.col("category").fill_null("art"), evidence)

    result = run_step(a_step("annotate", guess, writes=frozenset({"category"})), small, Context(), 2)
    assert result.ledger.to_dicts() == [
        {
            "row_id": small["id"][5],
            "place": 2,
            "op": "given",
            "action": "set category",
            "reason": "art",
            "evidence": '{"why":"test"}',
        }
    ]


def test_annotate_cannot_touch_messages(small: pl.DataFrame) -> None:
    step = a_step("annotate", lambda r: r.with_columns(pl.col("messages").list.head(0)))
    assert run_step(step, small, Context()).rows.equals(small)


def test_select_keeps_columns_of_the_dropped(small: pl.DataFrame) -> None:
    result = run_step(a_step("select", lambda r: shaped(r, {1: "no", 4: "never"})), small, Context(), 1)
    ids = small["id"].to_list()
    assert result.rows["id"].to_list() == [ids[0], ids[2], ids[3], ids[5]]
    assert result.dropped.drop("reason").equals(small[[1, 4]])
    assert result.dropped["reason"].to_list() == ["no", "never"]
    assert result.ledger.select("row_id", "action", "reason").rows() == [
        (ids[1], "dropped", "no"),
        (ids[4], "dropped", "never"),
    ]


def test_edit_rehashes_and_keeps_both_texts(small: pl.DataFrame) -> None:
    def shout(rows: pl.DataFrame) -> pl.DataFrame:
        turns = pl.struct(
            pl.element().struct.field("role"), pl.element().struct.field("content").str.to_uppercase()
        )
        return rows.with_columns(pl.col("messages").list.eval(turns))

    result = run_step(a_step("edit", shout), small, Context())
    assert (result.rows["content_hash"] != small["content_hash"]).to_list() == [True] * 5 + [False]
    assert result.rows["content_hash"][0] == result.rows["content_hash"][1]
    assert result.ledger["row_id"].to_list() == small["id"].to_list()[:5]
    assert json.loads(result.ledger["evidence"][2]) == {
        "turns": [
            {"turn": 0, "before": "Name a colour", "after": "NAME A COLOUR"},
            {
                "turn": 1,
                "before": "Blue is a colour that many like.",
                "after": "BLUE IS A COLOUR THAT MANY LIKE.",
            },
        ]
    }


def test_expand_adds_children_with_their_story(small: pl.DataFrame) -> None:
    result = run_step(a_step("expand", children), small, Context())
    assert result.rows.height == 7
    assert result.rows["parent_id"][6] == small["id"][0]
    made = result.ledger.to_dicts()
    assert [(line["action"], line["reason"]) for line in made] == [("made", f"from {small['id'][0]}")]


def test_a_row_that_fails_is_named(small: pl.DataFrame) -> None:
    def fail(rows: pl.DataFrame) -> pl.DataFrame:
        if (rows["score"] == 5.0).any():
            raise ValueError("cannot be five")
        return rows

    with pytest.raises(StepError) as caught:
        run_step(a_step("annotate", fail), small, Context(), 4)
    assert str(caught.value).startswith(f"step 4 (given), row {small['id'][4]}: ValueError: cannot be five. ")
    with pytest.raises(StepError, match=r"^step 0 \(given\): ValueError"):
        run_step(a_step("annotate", fail, scope="global"), small, Context())


def test_a_failure_without_rows_names_none(small: pl.DataFrame) -> None:
    def fail(rows: pl.DataFrame) -> pl.DataFrame:
        raise RuntimeError("always")

    with pytest.raises(StepError, match=r"^step 0 \(given\): RuntimeError: always"):
        run_step(a_step("annotate", fail), small.head(0), Context())


@pytest.mark.parametrize("name", ["reason", "evidence"])
def test_columns_that_steps_answer_in_are_refused(small: pl.DataFrame, name: str) -> None:
    with pytest.raises(InputError, match=f"column '{name}' bears a name that steps answer in"):
        run_step(a_step("select", lambda r: r), small.with_columns(pl.lit("x").alias(name)), Context())
