"""``run_step``: apply one step, hold it to the law of its kind, and write its decisions into the ledger.

The laws stand in ``step.py``; each kind has one function here, and nothing else checks them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from curation.errors import InputError, StepError, TomeError
from curation.rows import rehash
from curation.step import LEDGER, Context, Step, ledger_lines, rejected_lines


@dataclass(frozen=True)
class StepResult:
    """What is left, what was dropped (with all its columns and ``reason``), and the ledger's new lines."""

    rows: pl.DataFrame
    dropped: pl.DataFrame
    ledger: pl.DataFrame
    summary: dict[str, Any] = field(default_factory=dict)


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
        raise _broken(where, f"rows come out, not {type(out).__name__}")
    try:
        result = _LAWS[step.kind](step, rows, out, place, where)
    except pl.exceptions.PolarsError as error:
        raise _broken(where, f"rows of the same columns ({' '.join(str(error).split())[:120]})") from error
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


def _broken(where: str, law: str) -> StepError:
    return StepError(
        f"broke its law: {law}", where=where, mend="This is a mistake in the step, not in your data."
    )


def _same_ids(rows: pl.DataFrame, out: pl.DataFrame, where: str) -> None:
    if rows.height != out.height or not rows["id"].equals(out["id"]):
        raise _broken(where, "the same ids in the same order")


def _none_dropped(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.head(0).with_columns(reason=pl.lit(None, pl.String))


def _no_lines() -> pl.DataFrame:
    return pl.DataFrame(schema=LEDGER)


def _annotate(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    _same_ids(rows, out, where)
    lines = []
    if missing := [name for name in rows.columns if name not in out.columns]:
        raise _broken(where, f"column {missing[0]!r} was taken away")
    for name in out.columns:
        own = name.startswith(f"{step.op}.") or name in step.writes
        if name not in rows.columns and not own:
            raise _broken(where, f"column {name!r} is outside its namespace {step.op!r}")
        if name not in rows.columns or own or name == "messages":
            continue
        if not rows[name].equals(out[name], check_dtypes=True, null_equal=True):
            raise _broken(where, f"column {name!r} isn't its to change")
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
    return StepResult(out, _none_dropped(out), pl.concat(lines) if lines else _no_lines())


def _select(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    _same_ids(rows, out, where)
    if "reason" not in out.columns:
        raise _broken(where, "a select step gives every row a reason or null")
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


def _edit(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    _same_ids(rows, out, where)
    for name in dict.fromkeys([*rows.columns, *out.columns]):
        if name == "messages":
            continue
        if name not in rows.columns or name not in out.columns or not rows[name].equals(out[name]):
            raise _broken(where, f"only messages change, but column {name!r} did")
    changed = rows["messages"].ne_missing(out["messages"])
    after = rows.with_columns(out["messages"])
    if not changed.any():
        return StepResult(rows, _none_dropped(rows), _no_lines())
    new = after.filter(changed)
    hashes = rehash(new)
    moved = dict(zip(new["id"], hashes, strict=True))
    after = after.with_columns(
        content_hash=pl.col("id").replace_strict(
            moved, default=pl.col("content_hash"), return_dtype=pl.String
        )
    )
    old = rows.filter(changed)["messages"].to_list()
    pairs = zip(old, new["messages"].to_list(), strict=True)
    evidence = pl.Series([_what_changed(a, b, secret=step.secret) for a, b in pairs])
    lines = ledger_lines(new["id"], op=step.op, action="edited", reason=None, evidence=evidence, place=place)
    return StepResult(after, _none_dropped(after), lines)


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


def _review(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    """Edit, annotate and select at once, each by its own law, and only at rows for which the evidence names a decision."""
    _same_ids(rows, out, where)
    if "evidence" not in out.columns:
        raise _broken(where, "a review step tells its decisions as evidence")
    told = dict(out.select("id", "evidence").drop_nulls().iter_rows())
    edited = _edit(step, rows, rows.with_columns(out["messages"]), place, where)
    texts = edited.rows.select("messages", "content_hash")
    named = _annotate(step, edited.rows, out.drop("reason", "evidence").with_columns(texts), place, where)
    own = [name for name in named.rows.columns if name.startswith(f"{step.op}.")]
    old = rows.with_columns(pl.lit(None).alias(name) for name in own if name not in rows.columns)
    cut = _select(step, named.rows, named.rows.with_columns(out["reason"]), place, where)
    marks = [_marked(step, old, named.rows, name, place) for name in own]
    lines = pl.concat([cut.ledger, edited.ledger, named.ledger, *marks])
    if not set(lines["row_id"]) <= set(told):
        raise _broken(where, "a row changes only where a decision names it")
    order = {row: at for at, row in enumerate(told)}
    said = [_decided(line, json.loads(told[line["row_id"]])["decisions"]) for line in lines.to_dicts()]
    for row, text in told.items():
        for one in json.loads(text)["decisions"]:
            if "left" in one:
                said.append({"row_id": row, "place": place, "op": step.op, "action": "left alone", "reason": one["left"],
                             "evidence": json.dumps({k: v for k, v in one.items() if k != "left"}, ensure_ascii=False)})  # fmt: skip
    said.sort(key=lambda line: order[line["row_id"]])
    return StepResult(cut.rows, cut.dropped, pl.DataFrame(said, schema=LEDGER))


def _marked(step: Step, old: pl.DataFrame, new: pl.DataFrame, name: str, place: int) -> pl.DataFrame:
    """Lines for the rows whose own column changed: ``flagged`` with the flag as its reason."""
    changed = old[name].cast(new[name].dtype).ne_missing(new[name])
    return ledger_lines(
        new["id"].filter(changed), op=step.op, action="flagged", reason=new[name].filter(changed), place=place
    )


def _decided(line: dict[str, Any], decisions: list[dict[str, Any]]) -> dict[str, Any]:
    """A line with who decided it and why."""
    act = {"dropped": "drop", "edited": "edit", "flagged": "flag"}.get(line["action"], "category")
    one = next(one for one in decisions if one["do"] == act)
    evidence = json.loads(line["evidence"]) if line["evidence"] else {}
    if one.get("secret"):
        for part in evidence.get("turns", [evidence]):
            part.pop("before", None)
    evidence |= {name: one[name] for name in ("why", "by") if name in one}
    return line | {"evidence": json.dumps(evidence, ensure_ascii=False) if evidence else None}


def _expand(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    _originals_untouched(step, rows, out, where)
    children = out[rows.height :]
    _lawful_children(step, rows, children, where)
    lines = pl.concat([rejected_lines(step.op, out[: rows.height], place), _made(step, children, place)])
    return StepResult(out.select(_columns(out)), _none_dropped(rows), lines)


def _shape(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    _originals_untouched(step, rows, out, where)
    originals, children = out[: rows.height], out[rows.height :]
    cut = _select(step, rows, originals, place, where)
    _lawful_children(step, cut.rows, children, where)
    kept = pl.concat([cut.rows, children.select(cut.rows.columns)])
    return StepResult(kept, cut.dropped, pl.concat([cut.ledger, _made(step, children, place)]))


def _columns(out: pl.DataFrame) -> list[str]:
    return [name for name in out.columns if name not in ("reason", "evidence")]


def _originals_untouched(step: Step, rows: pl.DataFrame, out: pl.DataFrame, where: str) -> None:
    head = out[: rows.height]
    _same_ids(rows, head, where)
    for name in _columns(out):
        if name not in rows.columns and not name.startswith(f"{step.op}."):
            raise _broken(where, f"column {name!r} is outside its namespace {step.op!r}")
    for name in rows.columns:
        if name == "messages":
            same = not rows[name].ne_missing(head[name]).any()
        else:
            same = rows[name].equals(head[name], null_equal=True)
        if not same:
            raise _broken(where, f"originals are untouched, but column {name!r} changed")


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
        raise _broken(where, "every child has a known parent")
    if children["id"].is_duplicated().any() or children["id"].is_in(rows["id"].implode()).any():
        raise _broken(where, "every child has a new id")
    same = (
        pl.col("family").eq_missing(pl.col("pf"))
        & pl.col("category").eq_missing(pl.col("pc"))
        & pl.col("split").eq_missing(pl.col("ps"))
        & pl.col("made_by").eq_missing(pl.lit(step.op))
    )
    if not parents.select(same.all()).item():
        raise _broken(
            where, "a child has its parent's family, category and split, and made_by names the step"
        )
    if parents.filter(pl.col("split") == "eval").height:
        raise _broken(where, "an evaluation row is never a parent")
    if not rehash(children).equals(children["content_hash"]):
        raise _broken(where, "a child's content_hash is that of its messages")


def _made(step: Step, children: pl.DataFrame, place: int) -> pl.DataFrame:
    evidence = children["evidence"] if "evidence" in children.columns else None
    reason = children["reason"] if "reason" in children.columns else None
    lines = ledger_lines(
        children["id"], op=step.op, action="made", reason=reason, evidence=evidence, place=place
    )
    return lines.with_columns(
        reason=pl.coalesce("reason", pl.lit("from ") + children["parent_id"].cast(pl.String))
    )


_LAWS: dict[str, Callable[[Step, pl.DataFrame, pl.DataFrame, int, str], StepResult]] = {
    "annotate": _annotate,
    "select": _select,
    "edit": _edit,
    "review": _review,
    "expand": _expand,
    "shape": _shape,
}
