"""What the steps behind a version found of duplicates and of overlap with test sets, and the evidence for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from curation.store import Store, Version

SHOWN = 10
"""Rows that are shown as evidence of an overlap."""
CUT = 160
"""Characters of a matched text that are shown."""
OVERLAP = {f"contamination.{name}": name for name in ("benchmark", "item", "overlap", "match")}


def steps_with(
    store: Store, version: Version, *ops: str
) -> Iterator[tuple[Version, dict[str, Any], dict[str, Any]]]:
    """The steps of these ops in a version's history, nearest first: version, entry of the manifest, parameters."""
    for one in store.lineage(version):
        given = (one.manifest.recipe or {}).get("steps") or []
        for place, entry in enumerate(one.manifest.steps):
            if entry["op"] in ops:
                yield one, entry, given[place] if place < len(given) else {}


def duplicates(store: Store, version: Version) -> list[dict[str, Any]]:
    """One entry for each step that looked for duplicates or cut them: version, step, by, clusters, rows, dropped."""
    return [
        {
            "version": one.id,
            "step": entry["op"],
            "by": parameters.get("by")
            or (f"from {parameters['threshold']:g} on" if "threshold" in parameters else ""),
            "clusters": entry["summary"].get("clusters"),
            "rows": entry["summary"].get("rows in clusters"),
            "dropped": entry["dropped"],
        }
        for one, entry, parameters in steps_with(store, version, "near_dup", "semantic_dup", "dedup")
    ]


def contamination(store: Store, version: Version) -> dict[str, Any] | None:
    """What was compared with test sets and what came of it; None where no step looked.

    Keys: checks (one a step: version, against, ngram, rows, hit, by_benchmark), dropped (rows that decontaminate
    cut), cut and left (evidence, highest overlap first: id, benchmark, item, overlap, match), left_rows.
    """
    checks = [
        {
            "version": one.id,
            "against": [_named(uri) for uri in parameters.get("against", [])],
            "ngram": parameters.get("ngram"),
            "rows": entry["in"],
            "hit": entry["summary"].get("rows with a hit", 0),
            "by_benchmark": entry["summary"].get("by benchmark", {}),
        }
        for one, entry, parameters in steps_with(store, version, "contamination")
    ]
    if not checks:
        return None
    gone = [
        one.scan("dropped").filter(pl.col("dropped_by") == "decontaminate")
        for one, _, _ in steps_with(store, version, "decontaminate")
    ]
    cut = [_evidence(frame) for frame in gone]
    left = _evidence(version.scan().filter(pl.col("made_by").is_null()))
    every = pl.concat([frame for frame in cut if frame.height] or [left.head(0)]).unique(
        "id", maintain_order=True
    )
    return {
        "checks": checks,
        "dropped": every.height,
        "cut": _shown(every),
        "left": _shown(left),
        "left_rows": left.height,
    }


def _named(uri: str) -> str:
    """A test set as others may read it: a path of this machine says nothing to them but its last part."""
    return uri if "://" in uri else uri.rstrip("/").rpartition("/")[2]


def _evidence(rows: pl.LazyFrame) -> pl.DataFrame:
    """Rows that have something in common with a test set, with the evidence."""
    schema = {
        "id": pl.String,
        "benchmark": pl.String,
        "item": pl.Int64,
        "overlap": pl.Float64,
        "match": pl.String,
    }
    if not set(OVERLAP) <= set(rows.collect_schema().names()):
        return pl.DataFrame(schema=schema)
    hit = rows.filter(pl.col("contamination.overlap") > 0).select("id", *OVERLAP).rename(OVERLAP)
    return hit.collect()


def _shown(found: pl.DataFrame) -> list[dict[str, Any]]:
    top = found.sort("overlap", "id", descending=[True, False]).head(SHOWN)
    cut = pl.col("match")
    short = pl.when(cut.str.len_chars() > CUT).then(cut.str.slice(0, CUT - 1) + "…").otherwise(cut)
    return top.with_columns(short.str.replace_all(r"\s+", " "), pl.col("overlap").round(4)).to_dicts()
