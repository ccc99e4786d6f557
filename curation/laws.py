"""``run_step``: apply one step, hold it to the law of its kind, and write its decisions into the ledger.

``step.py`` says what the laws are; each kind has one function in ``law_rows``, ``law_children`` or ``law_review``, and
nothing else checks them.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from curation.errors import InputError, StepError, TomeError
from curation.law_children import expand, shape
from curation.law_review import review
from curation.law_rows import StepResult, annotate, broken, edit, select
from curation.step import Context, Step


def run_step(step: Step, rows: pl.DataFrame, ctx: Context, place: int = 0) -> StepResult:
    """Apply one step, check the law of its kind, and write down what it decided.

    Raises StepError when the step breaks its law or fails (naming the row where it can), and lets the
    errors that a user can act on through.
    """
    where = f"step {place} ({step.op})"
    for name in ("reason", "evidence"):
        if name in rows.columns:
            raise InputError(
                f"column {name!r} bears a name that steps answer in", where=where, mend="Rename it."
            )
    try:
        out = _apply(step, rows, ctx)
    except TomeError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        raise StepError(
            f"{type(error).__name__}: {error}",
            where=where + _failing_row(step, rows, ctx),
            mend="Drop or mend that row, or report this: a step should not fail.",
        ) from error
    if not isinstance(out, pl.DataFrame):
        raise broken(where, f"rows come out, not {type(out).__name__}")
    try:
        result = _LAWS[step.kind](step, rows, out, place, where)
    except pl.exceptions.PolarsError as error:
        raise broken(where, f"rows of the same columns ({' '.join(str(error).split())[:120]})") from error
    return StepResult(result.rows, result.dropped, result.ledger, step.summary(rows, out))


def _apply(step: Step, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
    if step.parallel and step.scope == "row" and ctx.workers > 1:
        from curation.parallel import apply_in_batches

        return apply_in_batches(step, rows, ctx)
    return step.apply(rows, ctx)


def _failing_row(step: Step, rows: pl.DataFrame, ctx: Context) -> str:
    """Name the first row on which a row step fails by itself, found by halving."""
    if step.scope != "row":
        return ""

    def fails(part: pl.DataFrame) -> bool:
        try:
            step.apply(part, Context(seed=ctx.seed, models=ctx.models))
        except Exception:
            return True
        return False

    while rows.height > 1:
        half = rows.height // 2
        first, second = rows[:half], rows[half:]
        if fails(first):
            rows = first
        elif fails(second):
            rows = second
        else:
            return ""
    return f", row {rows['id'][0]}" if rows.height else ""


_LAWS: dict[str, Callable[[Step, pl.DataFrame, pl.DataFrame, int, str], StepResult]] = {
    "annotate": annotate,
    "select": select,
    "edit": edit,
    "review": review,
    "expand": expand,
    "shape": shape,
}
