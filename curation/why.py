"""One row's whole story: where it came from, what was scored, every decision, and where it is now."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import polars as pl

from curation.errors import InputError
from curation.parquet import ROW_GROUP
from curation.rows import CORE
from curation.store import Store, Version

PARENT = " (parent)"
"""Stands after the op of a decision about the row's parent."""


@dataclass(frozen=True)
class Decision:
    """One line of the ledger, its evidence parsed, and the version in whose making it was taken."""

    version: str
    place: int
    op: str
    action: str
    reason: str | None
    evidence: Any


@dataclass(frozen=True)
class Story:
    """A row's story. ``state`` is kept or dropped; ``scores`` are the columns that steps added."""

    id: str
    state: str
    version: str
    source: str
    source_row: int
    origin: dict[str, Any]
    category: str | None
    split: str | None
    family: str
    parent_id: str | None
    made_by: str | None
    messages: list[dict[str, str]]
    scores: dict[str, Any]
    decisions: list[Decision]
    children: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def why(store: Store, row: str, version: Version | None = None) -> Story:
    """Tell a row's story as seen from a version, by default the newest that knows the row.

    ``row`` is an id or the start of one. Raises InputError when no version knows it.
    """
    for candidate in [version] if version else store.versions():
        found = _find(candidate, row)
        if found is not None:
            return _story(store, candidate, *found)
    where = f"version {version.id}" if version else str(store.root)
    raise InputError(
        f"no row {row!r}",
        where=where,
        mend="Ids stand in `tome show VERSION` and in the workbench under Explore.",
    )


def _find(version: Version, row: str) -> tuple[dict[str, Any], str] | None:
    kept = _whole(version, "rows", row)
    gone = _whole(version, "dropped", row)
    if kept.height + gone.height > 1:
        ids = ", ".join([*kept["id"], *gone["id"]])
        raise InputError(f"{row!r} could be any of {ids}, ...", mend="Give more of the id.")
    if kept.height:
        return kept.to_dicts()[0], "kept"
    return (gone.to_dicts()[0], "dropped") if gone.height else None


def _whole(version: Version, frame: Literal["rows", "dropped"], row: str) -> pl.DataFrame:
    """The rows whose id starts so, two at most; ids are read first, texts only of the row group that holds one."""
    scan = version.scan(frame)
    places = (
        scan.select("id").with_row_index("place").filter(pl.col("id").str.starts_with(row)).head(2).collect()
    )
    path = version.folder / f"{frame}.parquet"
    stamp = path.stat().st_mtime_ns
    parts = [_group(path, stamp, place // ROW_GROUP)[place % ROW_GROUP] for place in places["place"]]
    return pl.concat(parts) if parts else scan.head(0).collect()


@lru_cache(maxsize=2)
def _group(path: Path, stamp: int, number: int) -> pl.DataFrame:  # noqa: ARG001 - the stamp is in the key
    """A row group of a file, which must be decoded whole for one row; kept, since the next row is often its neighbour."""
    return pl.scan_parquet(path, glob=False).slice(number * ROW_GROUP, ROW_GROUP).collect()


def _story(store: Store, version: Version, row: dict[str, Any], state: str) -> Story:
    lineage = list(reversed(store.lineage(version)))
    ids = {row["id"]: None, **({row["parent_id"]: None} if row["parent_id"] else {})}
    decisions = [decision for one in lineage for decision in _decisions(one, list(ids), row["id"])]
    born = next(
        (n for n, one in enumerate(decisions) if one.action == "made" and not one.op.endswith(PARENT)), None
    )
    if born is not None:  # what happened to the parent later is the parent's story
        decisions = [one for n, one in enumerate(decisions) if n <= born or not one.op.endswith(PARENT)]
    origins = [
        source for one in lineage for source in one.manifest.sources if source["name"] == row["source"]
    ]
    children = version.scan().filter(pl.col("parent_id") == row["id"]).select("id").collect()["id"].to_list()
    extra = {
        name: value
        for name, value in row.items()
        if name not in CORE and name not in ("reason", "dropped_by", "place")
    }
    return Story(
        id=row["id"],
        state=state,
        version=version.id,
        origin=origins[-1] if origins else {},
        scores={name: value for name, value in extra.items() if value is not None},
        decisions=decisions,
        children=children,
        **{
            name: row[name]
            for name in (
                "source",
                "source_row",
                "category",
                "split",
                "family",
                "parent_id",
                "made_by",
                "messages",
            )
        },
    )


def _decisions(version: Version, ids: list[str], row: str) -> list[Decision]:
    """The decisions about a row, and those about its parent before it was made."""
    ledger = version.scan("ledger")
    places = (
        ledger.select("row_id").with_row_index("place_in_file").filter(pl.col("row_id").is_in(ids)).collect()
    )
    lines = pl.concat(
        [ledger.head(0).collect(), *(ledger.slice(at, 1).collect() for at in places["place_in_file"])]
    )
    return [
        Decision(
            version.id,
            line["place"],
            line["op"] if line["row_id"] == row else line["op"] + PARENT,
            line["action"],
            line["reason"],
            json.loads(line["evidence"]) if line["evidence"] else None,
        )
        for line in lines.to_dicts()
    ]
