"""``hand``: what a person decided about single rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import field_validator

from curation.decisions import Decision, read_decisions, twice
from curation.errors import InputError
from curation.rows import MESSAGES
from curation.step import Context, Kind, Step

FLAG = "hand.flag"
CHANGED = "its text isn't the one that was judged"
OUTCOME = {
    "id": pl.String(),
    "__reason": pl.String(),
    "__category": pl.String(),
    "__flag": pl.String(),
    "__messages": MESSAGES,
    "__evidence": pl.String(),
}


class Hand(Step):
    """Apply decisions by hand: drop, edit, put into another category, or flag single rows.

    Each decision names its row and the hash of the text that was judged; where the text is another one, or the
    turn isn't there, the row is left alone and the ledger says so. A dropped row takes no other decision. Adds
    ``hand.flag`` (String, null without a flag). Decisions about rows that aren't here are counted in the summary.
    """

    kind: ClassVar[Kind] = "review"
    scope: ClassVar[Literal["row", "global"]] = "row"
    writes: ClassVar[frozenset[str]] = frozenset({"category"})
    op: Literal["hand"] = "hand"
    decisions: tuple[Decision, ...] = ()
    """The decisions themselves; see the page of this step for their fields."""
    file: str | None = None
    """A JSON Lines file of more decisions, one a line; its content is part of the cache key."""

    @field_validator("decisions")
    @classmethod
    def _once(cls, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
        if said := twice(decisions):
            raise ValueError(said)
        return decisions

    def inputs(self) -> list[Path]:
        """The file of decisions. Raises InputError where it is missing."""
        if self.file is None:
            return []
        if not Path(self.file).is_file():
            raise InputError("there is no such file of decisions", where=self.file)
        return [Path(self.file)]

    def every(self) -> tuple[Decision, ...]:
        """The decisions of the step and of its file. Raises InputError for an unreadable file, or a row told twice."""
        more = read_decisions(Path(self.file)) if self.file is not None else ()
        if more and (said := twice([*self.decisions, *more])):
            raise InputError(said, where=self.file)
        return (*self.decisions, *more)

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:  # noqa: ARG002
        """Rows with a reason where they go, their new texts, categories and flags, and what was decided as evidence."""
        told: dict[str, list[Decision]] = {}
        for one in self.every():
            told.setdefault(one.row, []).append(one)
        flag = pl.col(FLAG) if FLAG in rows.columns else pl.lit(None, pl.String).alias(FLAG)
        named = pl.Series(list(told), dtype=pl.String)
        known = rows.filter(pl.col("id").is_in(named.implode())).select(
            "id", "content_hash", "category", flag, "messages"
        )
        outcomes = [_outcome(row, told[row["id"]]) for row in known.iter_rows(named=True)]
        found = pl.DataFrame(outcomes, schema=OUTCOME, orient="row")
        joined = rows.with_columns(flag).join(found, on="id", how="left", maintain_order="left")
        decided = pl.col("__evidence").is_not_null()
        return joined.with_columns(
            pl.coalesce("__messages", "messages").alias("messages"),
            pl.when(decided).then("__category").otherwise("category").alias("category"),
            pl.when(decided).then("__flag").otherwise(FLAG).alias(FLAG),
            pl.col("__reason").alias("reason"),
            pl.col("__evidence").alias("evidence"),
        ).drop("^__.*$")

    def summary(self, before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:
        """Decisions told, those that were left alone because the text is another one, and those about absent rows."""
        every = self.every()
        here = set(before["id"].filter(before["id"].is_in(pl.Series([one.row for one in every], dtype=pl.String).implode())))  # fmt: skip
        left = sum(
            "left" in one for text in after["evidence"].drop_nulls() for one in json.loads(text)["decisions"]
        )
        return {
            "decisions": len(every),
            "left_alone": left,
            "absent": sum(one.row not in here for one in every),
        }


def _outcome(row: dict[str, Any], decisions: list[Decision]) -> list[Any]:
    """What comes of a row: id, reason, category, flag, messages or null, and the evidence of its decisions."""
    reason, category, flag, messages = None, row["category"], row[FLAG], None
    evidence = []
    drops = [one for one in decisions if one.do == "drop" and one.hash in (None, row["content_hash"])]
    for one in drops or decisions:
        said: dict[str, Any] = {"do": one.do}
        said |= {name: value for name, value in (("why", one.reason), ("by", one.by)) if value}
        if one.hash not in (None, row["content_hash"]):
            said["left"] = CHANGED
        elif one.do == "drop":
            reason = f"by hand: {one.reason}" if one.reason else "by hand"
        elif one.do == "category":
            category = one.to
        elif one.do == "flag":
            flag = one.to
        else:
            messages, said["left"] = _edited(row["messages"], one.turns or {})
            said["secret"] = one.secret
        evidence.append({name: value for name, value in said.items() if value})
    return [row["id"], reason, category, flag, messages, json.dumps({"decisions": evidence}, ensure_ascii=False)]  # fmt: skip


def _edited(
    messages: list[dict[str, str]], turns: dict[int, str]
) -> tuple[list[dict[str, str]] | None, str | None]:
    """The conversation with the new texts, or null and why it can't have them."""
    if max(turns) >= len(messages):
        return None, f"it has no turn {max(turns)}"
    new = [one | {"content": turns.get(place, one["content"])} for place, one in enumerate(messages)]
    left = [one for place, one in enumerate(new) if place not in turns or one["content"]]
    return (left, None) if left else (None, "no turn would be left")
