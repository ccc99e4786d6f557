"""What augmentation did to a version, as small frames: asked, tried, made, kept, refused; and children beside originals."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import polars as pl

from curation.augment import difference, diversity
from curation.augment.gates import brief
from curation.augment.measures import prompt_of
from curation.balance import NONE
from curation.step import Context
from curation.store import Version

CATEGORIES = {
    "category": pl.String(), "asked": pl.Int64(), "tried": pl.Int64(), "made": pl.Int64(), "kept": pl.Int64(), "reached": pl.Boolean(),
}  # fmt: skip
"""Candidates by category: ``made`` are those that a generator gave a text for, ``kept`` those that passed every gate."""
GENERATORS = {
    "category": pl.String(), "generator": pl.String(), "tried": pl.Int64(), "made": pl.Int64(), "kept": pl.Int64(), "rate": pl.Float64(),
}  # fmt: skip
REASONS = {"category": pl.String(), "generator": pl.String(), "reason": pl.String(), "candidates": pl.Int64()}
COMPARED = {
    "category": pl.String(), "side": pl.String(), "rows": pl.Int64(), "characters_25": pl.Int64(), "characters": pl.Int64(),
    "characters_75": pl.Int64(), "distinct_1": pl.Float64(), "distinct_2": pl.Float64(), "self_bleu": pl.Float64(), "spread": pl.Float64(),
}  # fmt: skip
"""Originals of the training side, children, and both together: lengths of prompts in quartiles, and diversity (0 to 1, spread to 2)."""
ACCOUNT = {
    "generator": pl.String(), "model": pl.String(), "candidates": pl.Int64(), "tokens_in": pl.Int64(), "tokens_out": pl.Int64(), "cost": pl.Float64(),
}  # fmt: skip
REQUESTS = {
    "generator": pl.String(), "model": pl.String(), "sent": pl.Int64(), "cached": pl.Int64(), "tokens_in": pl.Int64(), "tokens_out": pl.Int64(),
    "cost": pl.Float64(),
}  # fmt: skip
"""What the run that made the version sent to language models, and what their cache answered; tokens and cost are of the sent ones."""
SHOWN = 3
"""Examples of each generator, kept and rejected."""


@dataclass(frozen=True)
class Overview:
    """The frames, and examples: generator, verdict, reason, parent_id, and the parts of the prompts' difference."""

    categories: pl.DataFrame
    generators: pl.DataFrame
    reasons: pl.DataFrame
    compared: pl.DataFrame
    account: pl.DataFrame
    requests: pl.DataFrame
    examples: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            name: value.to_dicts() if isinstance(value, pl.DataFrame) else value
            for name, value in vars(self).items()
        }


def overview(version: Version, ctx: Context | None = None) -> Overview | None:
    """The overview of a version, or None where no augment step ran. Raises MissingExtra without the extra ``embed``."""
    steps = [entry for entry in version.manifest.steps if entry["op"] == "augment"]
    entries = [entry["summary"] for entry in steps]
    if not entries:
        return None
    rows, ledger = version.rows(), version.ledger().filter(pl.col("op") == "augment")
    gone = version.dropped()
    known = pl.concat(
        [rows.select("id", "category", "messages"), gone.select("id", "category", "messages")]
    ).unique("id")
    told = _told(ledger, dict(known.select("id", "category").iter_rows()))
    asked = Counter[str]()
    for entry in entries:
        for name, line in entry.get("by category", {}).items():
            asked[name] += line["asked"]
    account = [line for entry in entries for line in entry.get("account", [])]
    compared = [line for one in diversity.compare(rows, ctx) for line in one]
    return Overview(
        pl.DataFrame(_categories(asked, told), schema=CATEGORIES, orient="row"),
        pl.DataFrame(_generators(told), schema=GENERATORS, orient="row"),
        pl.DataFrame(_reasons(told), schema=REASONS, orient="row"),
        pl.DataFrame(compared, schema=COMPARED, orient="row"),
        pl.DataFrame(account, schema=ACCOUNT),
        pl.DataFrame([line for entry in steps for line in entry.get("asked", [])], schema=REQUESTS),
        _examples(told, dict(known.select("id", "messages").iter_rows())),
    )


@dataclass(frozen=True)
class _Told:
    """One candidate, as the ledger tells it; ``text`` is a rejected one's prompts, ``row`` a kept one's id."""

    category: str
    generator: str
    reason: str | None
    parent: str
    text: str | None
    row: str | None

    @property
    def made(self) -> bool:
        return self.row is not None or self.text is not None


def _told(ledger: pl.DataFrame, home: dict[str, str | None]) -> list[_Told]:
    found = []
    for row, action, reason, text in ledger.select("row_id", "action", "reason", "evidence").iter_rows():
        evidence = json.loads(text) if text else {}
        if action == "made":
            found.append(
                _Told(
                    home.get(row) or NONE,
                    evidence["generator"],
                    None,
                    reason.rpartition(" of ")[2],
                    None,
                    row,
                )
            )
        elif action == "rejected":
            found.append(
                _Told(home.get(row) or NONE, evidence["generator"], reason, row, evidence["candidate"], None)
            )
    return found


def _categories(asked: Counter[str], told: list[_Told]) -> list[tuple[Any, ...]]:
    lines = []
    for name in sorted({*asked, *(one.category for one in told)}):
        mine = [one for one in told if one.category == name]
        kept = sum(one.reason is None for one in mine)
        lines.append((name, asked[name], len(mine), sum(one.made for one in mine), kept, kept >= asked[name]))
    return lines


def _generators(told: list[_Told]) -> list[tuple[Any, ...]]:
    lines = []
    for category, name in sorted({(one.category, one.generator) for one in told}):
        mine = [one for one in told if (one.category, one.generator) == (category, name)]
        kept = sum(one.reason is None for one in mine)
        lines.append(
            (category, name, len(mine), sum(one.made for one in mine), kept, round(kept / len(mine), 4))
        )
    return lines


def _reasons(told: list[_Told]) -> list[tuple[Any, ...]]:
    counts = Counter((one.category, one.generator, brief(one.reason)) for one in told if one.reason)
    return [
        (*key, count)
        for key, count in sorted(counts.items(), key=lambda item: (item[0][:2], -item[1], item[0][2]))
    ]


def _examples(told: list[_Told], talks: dict[str, list[dict[str, str]]]) -> list[dict[str, Any]]:
    """The first few of each generator that can still be shown side by side."""
    found, shown, seen = [], Counter[tuple[str, bool]](), set[tuple[str, str | None]]()
    for one in told:
        parent = talks.get(one.parent)
        after = one.text if one.row is None else prompt_of(talks.get(one.row) or [])
        key = (one.generator, after)
        if parent is None or not after or key in seen or shown[one.generator, one.reason is None] >= SHOWN:
            continue
        seen.add(key)
        shown[one.generator, one.reason is None] += 1
        pieces = difference.parts(prompt_of(parent)[:1000], after[:1000])
        found.append({
            "generator": one.generator, "kept": one.reason is None, "reason": one.reason, "parent_id": one.parent, "id": one.row,
            "parts": [piece._asdict() for piece in pieces],
        })  # fmt: skip
    return sorted(found, key=lambda one: (one["generator"], not one["kept"]))
