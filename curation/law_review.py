"""The law of review: decisions by hand edit, annotate and select at once."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from curation.law_rows import StepResult, annotate, broken, edit, same_ids, select
from curation.step import LEDGER, Step, ledger_lines


def review(step: Step, rows: pl.DataFrame, out: pl.DataFrame, place: int, where: str) -> StepResult:
    """Edit, annotate and select at once, each by its own law, and only at rows for which the evidence names a decision."""
    same_ids(rows, out, where)
    if "evidence" not in out.columns:
        raise broken(where, "a review step tells its decisions as evidence")
    told = dict(out.select("id", "evidence").drop_nulls().iter_rows())
    edited = edit(step, rows, rows.with_columns(out["messages"]), place, where)
    texts = edited.rows.select("messages", "content_hash")
    named = annotate(step, edited.rows, out.drop("reason", "evidence").with_columns(texts), place, where)
    own = [name for name in named.rows.columns if name.startswith(f"{step.op}.")]
    old = rows.with_columns(pl.lit(None).alias(name) for name in own if name not in rows.columns)
    cut = select(step, named.rows, named.rows.with_columns(out["reason"]), place, where)
    marks = [_marked(step, old, named.rows, name, place) for name in own]
    lines = pl.concat([cut.ledger, edited.ledger, named.ledger, *marks])
    if not set(lines["row_id"]) <= set(told):
        raise broken(where, "a row changes only where a decision names it")
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
