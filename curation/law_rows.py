"""The laws of steps that make no rows: annotate, select, edit; and what a step's outcome is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from curation.errors import StepError
from curation.rows import SLICE, rehash
from curation.step import LEDGER, Step, ledger_lines


@dataclass(frozen=True)
class StepResult:
    """What is left, what was dropped (with all its columns and ``reason``), and the ledger's new lines."""

    rows: pl.DataFrame
    dropped: pl.DataFrame
    ledger: pl.DataFrame
    summary: dict[str, Any] = field(default_factory=dict)


def broken(where: str, law: str) -> StepError:
    """The error for a step that broke its law."""
    return StepError(
        f"broke its law: {law}", where=where, mend="This is a mistake in the step, not in your data."
    )


def same_ids(rows: pl.DataFrame, out: pl.DataFrame, where: str) -> None:
    """Raise StepError unless the same ids come out in the same order."""
    if rows.height != out.height or not rows["id"].equals(out["id"]):
        raise broken(where, "the same ids in the same order")


def none_dropped(rows: pl.DataFrame) -> pl.DataFrame:
    """A frame of no dropped rows, with the columns of ``rows``."""
    return rows.head(0).with_columns(reason=pl.lit(None, pl.String))


def _no_lines() -> pl.DataFrame:
    return pl.DataFrame(schema=LEDGER)


def annotate(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    """Same ids; only columns of its own namespace, or those that it declares, are added or change."""
    same_ids(rows, out, where)
    lines = []
    if missing := [name for name in rows.columns if name not in out.columns]:
        raise broken(where, f"column {missing[0]!r} was taken away")
    for name in out.columns:
        own = name.startswith(f"{step.op}.") or name in step.writes
        if name not in rows.columns and not own:
            raise broken(where, f"column {name!r} is outside its namespace {step.op!r}")
        if name not in rows.columns or own or name == "messages":
            continue
        if not rows[name].equals(out[name], check_dtypes=True, null_equal=True):
            raise broken(where, f"column {name!r} isn't its to change")
    for name in sorted(step.writes & set(rows.columns)):
        changed = out.filter(~rows[name].eq_missing(out[name]))
        if changed.height:
            evidence_column = f"{step.op}.evidence"
            evidence = changed[evidence_column] if evidence_column in changed.columns else None
            lines.append(
                ledger_lines(
                    changed["id"],
                    op=step.op,
                    action=f"set {name}",
                    reason=changed[name],
                    evidence=evidence,
                    place=place,
                )
            )
    # messages are taken from the input, so an annotate step can't touch them
    out = out.with_columns(rows["messages"])
    return StepResult(out, none_dropped(out), pl.concat(lines) if lines else _no_lines())


def select(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    """Every row comes back with a reason or null; those with a reason are dropped."""
    same_ids(rows, out, where)
    if "reason" not in out.columns:
        raise broken(where, "a select step gives every row a reason or null")
    reasons = out["reason"]
    evidence = out["evidence"] if "evidence" in out.columns else None
    gone = reasons.is_not_null()
    dropped = rows.with_columns(reason=reasons).filter(gone)
    lines = ledger_lines(
        dropped["id"],
        op=step.op,
        action="dropped",
        reason=dropped["reason"],
        evidence=None if evidence is None else evidence.filter(gone),
        place=place,
    )
    return StepResult(rows.filter(~gone), dropped, lines)


def edit(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    """Only messages change; hashes are made again, before and after go into the ledger."""
    same_ids(rows, out, where)
    for name in dict.fromkeys([*rows.columns, *out.columns]):
        if name == "messages":
            continue
        if name not in rows.columns or name not in out.columns or not rows[name].equals(out[name]):
            raise broken(where, f"only messages change, but column {name!r} did")
    changed = rows["messages"].ne_missing(out["messages"])
    after = rows.with_columns(out["messages"])
    if not changed.any():
        return StepResult(rows, none_dropped(rows), _no_lines())
    new = after.filter(changed)
    hashes = rehash(new).gather((changed.cum_sum().cast(pl.Int64) - 1).clip(0))
    after = after.with_columns(hashes.zip_with(changed, rows["content_hash"]))
    pairs = pl.DataFrame({"before": rows["messages"].filter(changed), "after": new["messages"]})
    evidence = pl.concat(
        pl.Series([_what_changed(a, b, secret=step.secret) for a, b in part.iter_rows()])
        for part in pairs.iter_slices(SLICE)
    )
    lines = ledger_lines(new["id"], op=step.op, action="edited", reason=None, evidence=evidence, place=place)
    return StepResult(after, none_dropped(after), lines)


def _what_changed(before: list[dict[str, str]], after: list[dict[str, str]], *, secret: bool) -> str:
    """The turns that differ, as ``{"turns": [{"turn", "before", "after"}]}``; whole lists if turns came or went.

    Of a ``secret`` step nothing from before is kept, not even a hash: with the text after beside it, a short
    secret could be guessed from that.
    """
    change: dict[str, Any] = {"before": before, "after": after}
    if len(before) == len(after):
        turns = [
            {"turn": place, "before": a["content"], "after": b["content"]}
            if a["role"] == b["role"]
            else {"turn": place, "before": a, "after": b}
            for place, (a, b) in enumerate(zip(before, after, strict=True))
            if a != b
        ]
        change = {"turns": turns}
    if secret:
        for part in change.get("turns", [change]):
            del part["before"]
    return json.dumps(change, ensure_ascii=False)
