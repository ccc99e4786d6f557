"""Rows from feedback that may not train: they wait for a person, were turned down, or repeat evaluation rows."""

from __future__ import annotations

import polars as pl

from curation.errors import InputError
from curation.feedback import COLUMN
from curation.law_rows import StepResult
from curation.step import LEDGER, ledger_lines

REASONS = {
    "waiting": "waits for review",
    "rejected": "rejected in review",
    "evaluation": "repeats an evaluation row",
}
OP = "feedback"
EVIDENCE = (
    "id",
    "eval_row",
    "eval_part",
    "eval_share",
    "eval_match",
    "eval_near",
)


def hold_back(rows: pl.DataFrame) -> StepResult:
    """Only accepted rows of feedback go on; each other one is dropped on record, with its reason and evidence."""
    if COLUMN not in rows.columns:
        return StepResult(
            rows, rows.head(0).with_columns(reason=pl.lit(None, pl.String)), pl.DataFrame(schema=LEDGER)
        )
    state = pl.col(COLUMN)
    reason = pl.when(state.is_not_null() & (state != "accepted")).then(
        state.replace_strict(REASONS, default="is in no state that a review gives")
    )
    named = [name for name in EVIDENCE if f"feedback.{name}" in rows.columns]
    seen = rows.with_columns(reason=reason)
    gone = seen.filter(pl.col("reason").is_not_null())
    evidence = (
        gone.select(
            pl.struct(pl.col(f"feedback.{name}").alias(name) for name in named).struct.json_encode()
        ).to_series()
        if named
        else None
    )
    lines = ledger_lines(
        gone["id"], op=OP, action="dropped", reason=gone["reason"], evidence=evidence, place=-1
    )
    return StepResult(rows.filter(seen["reason"].is_null()), gone, lines)


def check_reviewed(rows: pl.DataFrame, where: str) -> None:
    """Raise InputError where a row of feedback would train that nobody has accepted."""
    held = hold_back(rows).dropped
    if held.height:
        raise InputError(
            f"{held.height:,} rows of feedback may not train, such as {held['id'][0]}, which {held['reason'][0]}",
            where=where,
            mend="Review them (tome feedback review RUN), and make the version by a recipe, which leaves the others out.",
        )
