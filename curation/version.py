"""One version: its manifest, its frames, and the hash of what it means."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import polars as pl

from curation.contract import CANONICAL, canonical_json, digest
from curation.errors import StoreError
from curation.rows import SCHEMA_VERSION, column_hash, empty
from curation.step import LEDGER

ANEW = "Run its recipe again to make it anew."


@dataclass(frozen=True)
class Manifest:
    """What a version is and how it came about; ``created``, ``files`` and ``uri`` are not part of the id.

    ``kind`` is ingest, run or edit. ``sources`` holds one entry a source: name, uri, licence, rows, rejects,
    fingerprint. ``steps`` holds one entry a step: op, rows in and out, dropped, made, edited, reasons; where a step
    asked language models in this run, what it sent and paid (``asked``).
    ``files`` holds sha256, bytes and rows of each Parquet file, as it lies here.
    """

    id: str
    kind: Literal["ingest", "run", "edit"]
    name: str
    parents: list[str]
    rows: int
    rows_hash: str
    ledger_hash: str
    dropped_hash: str
    columns: dict[str, str]
    categories: dict[str, int]
    sources: list[dict[str, Any]] = field(default_factory=list)
    recipe: dict[str, Any] | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    created: float = 0.0
    hash: str = CANONICAL
    schema_version: int = SCHEMA_VERSION

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a manifest. Raises StoreError when it is torn or of another schema."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            if raw.get("schema_version") != SCHEMA_VERSION:
                raise StoreError(
                    f"schema_version {raw.get('schema_version')}, this Tomewright reads {SCHEMA_VERSION}",
                    where=str(path),
                    mend="Run its recipe again to make it anew.",
                )
            return cls(**raw)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                f"unreadable manifest: {error}",
                where=str(path),
                mend="Delete that folder and run its recipe again.",
            ) from None

    def identity(self) -> str:
        """The id that a version of this meaning has: clock, machine, paths and names have no part in it."""
        meaning = {
            "rows": self.rows_hash,
            "ledger": self.ledger_hash,
            "dropped": self.dropped_hash,
            "parents": sorted(self.parents),
            "recipe": self.recipe,
            "kind": self.kind,
            "licences": sorted([str(one["name"]), str(one.get("licence"))] for one in self.sources),
            "schema": self.schema_version,
        }
        return digest(canonical_json(meaning))[:16]


@dataclass(frozen=True)
class Version:
    """One version in the store; its frames are read when asked for."""

    folder: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        """The version's id."""
        return self.manifest.id

    def scan(self, name: Literal["rows", "dropped", "ledger"] = "rows") -> pl.LazyFrame:
        """The rows (or another frame), lazily: only what is selected is read. Raises StoreError."""
        path = self.folder / f"{name}.parquet"
        size = self.manifest.files.get(path.name, {}).get("bytes")
        if not path.is_file() or path.stat().st_size != size:
            what = "has another size than it had" if path.is_file() else "is missing"
            raise StoreError(f"damaged: {path.name} {what}", where=str(self.folder), mend=ANEW)
        return pl.scan_parquet(path, glob=False)

    def rows(self) -> pl.DataFrame:
        """All rows. This and the two below raise StoreError for a damaged file."""
        return self._read("rows")

    def dropped(self) -> pl.DataFrame:
        """The rows that steps dropped, as they were then, with ``reason``, ``dropped_by`` and ``place``."""
        return self._read("dropped")

    def ledger(self) -> pl.DataFrame:
        """The decisions that led from the parents to this version."""
        return self._read("ledger")

    def _read(self, name: str) -> pl.DataFrame:
        path = self.folder / f"{name}.parquet"
        try:
            return pl.read_parquet(path, glob=False)
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise StoreError(f"damaged: {str(error).splitlines()[0]}", where=str(path), mend=ANEW) from None


def no_dropped() -> pl.DataFrame:
    """A frame of no dropped rows."""
    return empty().with_columns(
        reason=pl.lit(None, pl.String), dropped_by=pl.lit(None, pl.String), place=pl.lit(None, pl.Int32)
    )


def ledger_hash(ledger: pl.DataFrame) -> str:
    """The hash of what a ledger means, line by line in its order."""
    return digest(canonical_json([[name, column_hash(ledger[name])] for name in LEDGER]))


def by_category(rows: pl.DataFrame) -> dict[str, int]:
    """Rows by category, largest first."""
    category = pl.col("category").fill_null("(none)")
    return dict(rows.group_by(category).len().sort("len", "category", descending=[True, False]).iter_rows())
