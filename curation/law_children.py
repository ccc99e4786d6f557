"""The laws of steps that make rows: expand, and shape, which also drops some."""

from __future__ import annotations

import polars as pl

from curation.law_rows import StepResult, broken, none_dropped, same_ids, select
from curation.rows import rehash
from curation.step import Step, ledger_lines, rejected_lines


def expand(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    """Originals untouched; every child lawful. What was refused on the way is told at its parent."""
    _originals_untouched(step, rows, out, where)
    children = out[rows.height :]
    _lawful_children(step, rows, children, where)
    lines = pl.concat([rejected_lines(step.op, out[: rows.height], place), _made(step, children, place)])
    return StepResult(out.select(_columns(out)), none_dropped(rows), lines)


def shape(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    """What is dropped follows select, what is made follows expand, and its parents are among the kept."""
    _originals_untouched(step, rows, out, where)
    originals, children = out[: rows.height], out[rows.height :]
    cut = select(step, rows, originals, place, where)
    _lawful_children(step, cut.rows, children, where)
    kept = pl.concat([cut.rows, children.select(cut.rows.columns)])
    return StepResult(kept, cut.dropped, pl.concat([cut.ledger, _made(step, children, place)]))


def _columns(out: pl.DataFrame) -> list[str]:
    return [name for name in out.columns if name not in ("reason", "evidence")]


def _originals_untouched(step: Step, rows: pl.DataFrame, out: pl.DataFrame, where: str) -> None:
    head = out[: rows.height]
    same_ids(rows, head, where)
    for name in _columns(out):
        if name not in rows.columns and not name.startswith(f"{step.op}."):
            raise broken(where, f"column {name!r} is outside its namespace {step.op!r}")
    for name in rows.columns:
        if name == "messages":
            same = not rows[name].ne_missing(head[name]).any()
        else:
            same = rows[name].equals(head[name], null_equal=True)
        if not same:
            raise broken(where, f"originals are untouched, but column {name!r} changed")


def _lawful_children(step: Step, rows: pl.DataFrame, children: pl.DataFrame, where: str) -> None:
    if not children.height:
        return
    parents = children.select("id", "parent_id", "family", "category", "split", "made_by").join(
        rows.select(
            pl.col("id").alias("parent_id"),
            pl.col("family").alias("pf"),
            pl.col("category").alias("pc"),
            pl.col("split").alias("ps"),
        ),
        on="parent_id",
        how="left",
        maintain_order="left",
    )
    if parents["pf"].null_count():
        raise broken(where, "every child has a known parent")
    if children["id"].is_duplicated().any() or children["id"].is_in(rows["id"].implode()).any():
        raise broken(where, "every child has a new id")
    same = (
        pl.col("family").eq_missing(pl.col("pf"))
        & pl.col("category").eq_missing(pl.col("pc"))
        & pl.col("split").eq_missing(pl.col("ps"))
        & pl.col("made_by").eq_missing(pl.lit(step.op))
    )
    if not parents.select(same.all()).item():
        raise broken(where, "a child has its parent's family, category and split, and made_by names the step")
    if parents.filter(pl.col("split") == "eval").height:
        raise broken(where, "an evaluation row is never a parent")
    if not rehash(children).equals(children["content_hash"]):
        raise broken(where, "a child's content_hash is that of its messages")


def _made(step: Step, children: pl.DataFrame, place: int) -> pl.DataFrame:
    evidence = children["evidence"] if "evidence" in children.columns else None
    reason = children["reason"] if "reason" in children.columns else None
    lines = ledger_lines(
        children["id"], op=step.op, action="made", reason=reason, evidence=evidence, place=place
    )
    return lines.with_columns(
        reason=pl.coalesce("reason", pl.lit("from ") + children["parent_id"].cast(pl.String))
    )
