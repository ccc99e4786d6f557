"""The figures of a version: what a report, a dataset card and a script say about it, as one JSON-ready dict."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.balance import measures
from curation.diff import Diff
from curation.evidence import contamination, duplicates
from curation.lengths import lengths
from curation.store import Store, Version
from curation.views import ANOTHER, shares

EXAMPLES = 2
"""Conversations shown for each category and each reason."""
CUT = 400
"""Characters of a text that are shown."""
BY_THE_WAY = (
    ".key", ".evidence", ".cluster", ".representative", ".nearest", ".match", ".item", ".unit", ".x", ".y"
)  # fmt: skip
"""Endings of columns that say something about one row or a few alone, or the same of all: counting them tells nothing."""


def figures(store: Store, version: Version) -> dict[str, Any]:
    """Counts by every dimension, lengths, what steps found, what they dropped and why, and examples.

    Keys: version, measures, dimensions, lengths, duplicates, contamination, findings, augmentation, steps, dropped, sources,
    lineage, examples.
    """
    rows = version.scan()
    manifest = version.manifest
    columns = rows.collect_schema()
    dimensions = [name for name in ("category", "source", "split", "made_by") if name in columns]
    dimensions += [
        name for name in ("language.code", "language.user", "language.assistant") if name in columns
    ]
    return {
        "version": {
            "id": version.id,
            "name": manifest.name,
            "kind": manifest.kind,
            "rows": manifest.rows,
            "rows_hash": manifest.rows_hash,
            "created": manifest.created,
        },
        "measures": vars(measures(list(manifest.categories.values()))),
        "dimensions": {name: shares(rows, name).to_dicts() for name in dimensions},
        "lengths": lengths(rows),
        "duplicates": duplicates(store, version),
        "contamination": contamination(store, version),
        "findings": findings(rows, columns),
        "augmentation": augmentation(store, version),
        "steps": [
            {key: step[key] for key in ("op", "in", "out", "dropped", "made", "edited", "reasons")}
            for step in manifest.steps
        ],
        "dropped": dropped(version),
        "sources": [
            {key: one.get(key) for key in ("name", "uri", "licence", "rows", "rejects")}
            for one in manifest.sources
        ],
        "lineage": [
            {"id": one.id, "name": one.manifest.name, "kind": one.manifest.kind, "rows": one.manifest.rows}
            for one in store.lineage(version)
        ],
        "examples": examples(rows),
    }


def augmentation(store: Store, version: Version) -> dict[str, Any] | None:
    """What augment steps made and refused, and children beside originals; None where none ran."""
    if not any(entry["op"] == "augment" for entry in version.manifest.steps):
        return None
    from curation.augment.overview import overview
    from curation.step import Context

    found = overview(version, Context(cache=store.root / "cache"))
    return found.to_dict() if found else None


def findings(rows: pl.LazyFrame, columns: pl.Schema) -> dict[str, Any]:
    """What annotate steps found: true flags counted, counts summed, numbers summarised, by column."""
    found: dict[str, Any] = {}
    for name, dtype in columns.items():
        if "." not in name or name.endswith(BY_THE_WAY):
            continue
        column = pl.col(name)
        if dtype == pl.Boolean:
            found[name] = {"kind": "flag", "rows": rows.select(column.sum()).collect().item() or 0}
        elif dtype.is_numeric():
            stats = rows.select(
                known=column.is_not_null().sum(),
                mean=column.mean(),
                p05=column.quantile(0.05),
                median=column.median(),
                p95=column.quantile(0.95),
                max=column.max(),
            ).collect()
            found[name] = {
                "kind": "number",
                **{key: _round(value) for key, value in stats.to_dicts()[0].items()},
            }
        elif dtype == pl.String:
            counts = (
                rows.group_by(column)
                .len()
                .sort("len", name, descending=[True, False], nulls_last=True)
                .head(12)
                .collect()
            )
            distinct = rows.select(column.n_unique()).collect().item()
            if distinct <= 200:
                found[name] = {
                    "kind": "values",
                    "values": {str(k): v for k, v in counts.iter_rows() if k is not None},
                }
            else:
                found[name] = {
                    "kind": "text",
                    "rows": rows.select(column.is_not_null().sum()).collect().item(),
                }
    return found


def dropped(version: Version) -> list[dict[str, Any]]:
    """Dropped rows by step and reason, most first, each with examples."""
    gone = version.dropped()
    reason = pl.col("reason").str.replace_all(ANOTHER, "another row")
    groups = (
        gone.with_columns(reason=reason)
        .group_by("dropped_by", "reason")
        .agg(
            pl.len().alias("rows"),
            pl.col("id").sort().head(EXAMPLES),
            pl.col("messages").sort_by("id").head(EXAMPLES),
        )
        .sort("rows", "dropped_by", "reason", descending=[True, False, False])
        .head(30)
    )
    return [
        {
            "step": g["dropped_by"],
            "reason": g["reason"],
            "rows": g["rows"],
            "examples": [_example(i, m) for i, m in zip(g["id"], g["messages"], strict=True)],
        }
        for g in groups.to_dicts()
    ]


def examples(rows: pl.LazyFrame) -> dict[str, list[dict[str, str]]]:
    """The first rows by id of each category: opening prompt and answer, cut."""
    groups = (
        rows.filter(pl.col("made_by").is_null())
        .select(pl.col("category").fill_null("(none)"), "id", "messages")
        .sort("id")
        .group_by("category")
        .agg(pl.col("id").head(EXAMPLES), pl.col("messages").head(EXAMPLES))
        .sort("category")
        .head(60)
        .collect()
    )
    return {
        g["category"]: [_example(i, m) for i, m in zip(g["id"], g["messages"], strict=True)]
        for g in groups.to_dicts()
    }


def changes(a: Version, b: Version, found: Diff) -> dict[str, list[dict[str, str]]]:
    """Examples of what differs between two versions: rows added and dropped, and edited turns, before and after."""
    shown = 2 * EXAMPLES

    def of(version: Version, ids: list[str]) -> dict[str, list[dict[str, str]]]:
        rows = version.scan().filter(pl.col("id").is_in(ids)).select("id", "messages").collect()
        return dict(rows.iter_rows())

    told = {}
    for name, version in (("added", b), ("dropped", a)):
        ids = getattr(found, name)["id"].sort().head(shown).to_list()
        told[name] = [_example(row, messages) for row, messages in sorted(of(version, ids).items())]
    edited = found.edited["id"].sort().head(shown).to_list()
    old, new = of(a, edited), of(b, edited)
    told["edited"] = [
        {"id": row, **dict(zip(("before", "after"), _differing(old[row], new[row]), strict=True))}
        for row in edited
    ]
    return told


def _differing(old: list[dict[str, str]], new: list[dict[str, str]]) -> tuple[str, str]:
    """The first turn that differs, as it was and as it is, from shortly before the difference on."""
    texts = [[turn["content"] for turn in side] for side in (old, new)]
    place = next((n for n, (x, y) in enumerate(zip(*texts, strict=False)) if x != y), min(map(len, texts)))
    was, now = (side[place] if place < len(side) else "" for side in texts)
    same = next(
        (n for n, (x, y) in enumerate(zip(was, now, strict=False)) if x != y), min(len(was), len(now))
    )
    start = max(0, same - CUT // 4)
    return tuple(("…" if start else "") + text[start : start + CUT] for text in (was, now))  # type: ignore[return-value]


def _example(row: str, messages: list[dict[str, str]]) -> dict[str, str]:
    def first(role: str) -> str:
        text = next((m["content"] for m in messages if m["role"] == role), "")
        return text if len(text) <= CUT else text[: CUT - 1] + "…"

    return {"id": row, "prompt": first("user"), "answer": first("assistant")}


def _round(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
