"""Versions, kept as git keeps commits: content decides the id, refs name ids, nothing is changed in place.

    data/store/versions/<id>/rows.parquet, dropped.parquet, ledger.parquet, manifest.json
    data/store/refs/<name>            ids that the name has stood for, one a line, the last one current
    data/store/.lock                  held while writing

A version is written into a temporary folder, its manifest last, and then renamed: a killed writer leaves no
version and breaks none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import polars as pl

from curation import parquet
from curation.contract import CANONICAL, Home, canonical_json, digest, write_atomic
from curation.errors import InputError, StoreError, nearest
from curation.rows import SCHEMA_VERSION, check, empty, rows_hash
from curation.step import LEDGER

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a ref, an export or a run may be called: it is used as a file name."""


@dataclass(frozen=True)
class Manifest:
    """What a version is and how it came about; ``created``, ``seconds`` and ``uri`` are not part of the id.

    ``kind`` is ingest, run or edit. ``sources`` holds one entry a source: name, uri, licence, rows, rejects,
    fingerprint. ``steps`` holds one entry a step: op, rows in and out, dropped, made, edited, reasons.
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
            raise StoreError(f"unreadable manifest: {error}", where=str(path)) from None


@dataclass(frozen=True)
class Version:
    """One version in the store; its frames are read when asked for."""

    folder: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        """The version's id."""
        return self.manifest.id

    def scan(self) -> pl.LazyFrame:
        """The rows, lazily: only what is selected is read."""
        return pl.scan_parquet(self.folder / "rows.parquet")

    def rows(self) -> pl.DataFrame:
        """All rows."""
        return pl.read_parquet(self.folder / "rows.parquet")

    def dropped(self) -> pl.DataFrame:
        """The rows that steps dropped, as they were then, with ``reason``, ``dropped_by`` and ``place``."""
        return pl.read_parquet(self.folder / "dropped.parquet")

    def ledger(self) -> pl.DataFrame:
        """The decisions that led from the parents to this version."""
        return pl.read_parquet(self.folder / "ledger.parquet")


class Store:
    """The versions under a home folder."""

    def __init__(self, home: Home | None = None) -> None:
        self.home = home or Home.find()
        self.root = self.home.store

    # ------------------------------------------------------------------------------------------ reading

    def versions(self) -> list[Version]:
        """All whole versions, newest first."""
        found = [
            Version(path.parent, Manifest.read(path))
            for path in self.home.versions.glob("[!.]*/manifest.json")
        ]
        return sorted(found, key=lambda version: (-version.manifest.created, version.id))

    def refs(self) -> dict[str, str]:
        """Each name and the id that it stands for now."""
        folder = self.root / "refs"
        names = sorted(path.name for path in folder.glob("[!.]*")) if folder.is_dir() else []
        return {name: history[-1] for name in names if (history := self.history(name))}

    def history(self, ref: str) -> list[str]:
        """The ids that a name has stood for, oldest first."""
        path = self.root / "refs" / ref
        return path.read_text(encoding="utf-8").split() if path.is_file() else []

    def get(self, name: str) -> Version:
        """The version of a ref, an id, or the start of one (four characters or more).

        Raises StoreError when there is none, or more than one.
        """
        refs = self.refs()
        wanted = refs.get(name, name)
        if NAME.fullmatch(wanted) and (self.home.versions / wanted / "manifest.json").is_file():
            folder = self.home.versions / wanted
            return Version(folder, Manifest.read(folder / "manifest.json"))
        ids = [path.parent.name for path in self.home.versions.glob("[!.]*/manifest.json")]
        starts = [one for one in ids if len(wanted) >= 4 and one.startswith(wanted)]
        if len(starts) == 1:
            return self.get(starts[0])
        if len(starts) > 1:
            raise StoreError(
                f"{name!r} could be any of {', '.join(sorted(starts))}", mend="Give more of the id."
            )
        if not ids:
            raise StoreError(
                "there are no versions yet",
                where=str(self.root),
                mend="Make one: tome run data/recipes/demo.yaml",
            )
        raise StoreError(
            f"there is no version {name!r}", where=str(self.root), mend=nearest(name, [*refs, *ids])
        )

    def lineage(self, version: Version) -> list[Version]:
        """The version and all that it came from, nearest first, each once."""
        seen: dict[str, Version] = {}
        queue = [version]
        while queue:
            current = queue.pop(0)
            if current.id not in seen:
                seen[current.id] = current
                queue.extend(self.get(parent) for parent in current.manifest.parents)
        return list(seen.values())

    # ------------------------------------------------------------------------------------------ writing

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the store for writing. Raises StoreError when another process holds it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                handle.seek(0)
                raise StoreError(
                    f"another process is writing here ({handle.read().strip() or 'unknown'})",
                    where=str(self.root),
                    mend="Wait for it, or use another --home.",
                ) from None
            handle.truncate(0)
            handle.write(f"process {os.getpid()}")
            handle.flush()
            yield

    def put(
        self,
        rows: pl.DataFrame,
        ledger: pl.DataFrame,
        *,
        kind: Literal["ingest", "run", "edit"],
        name: str,
        dropped: pl.DataFrame | None = None,
        parents: list[str] | None = None,
        sources: list[dict[str, Any]] | None = None,
        recipe: Mapping[str, Any] | None = None,
        steps: list[dict[str, Any]] | None = None,
    ) -> Version:
        """Write a version, or find the one that is there already, and let ``name`` stand for it.

        The id is the hash of the rows, the ledger, the parents and the recipe; the clock, paths and the
        machine have no part in it. The caller holds the lock.
        """
        check_name(name)
        check(rows, where=name)
        ledger = ledger.select([pl.col(column).cast(dtype) for column, dtype in LEDGER.items()])
        dropped = no_dropped() if dropped is None else dropped
        meaning = {
            "rows": rows_hash(rows),
            "ledger": ledger_hash(ledger),
            "dropped": rows_hash(dropped),
            "parents": sorted(parents or []),
            "recipe": dict(recipe) if recipe else None,
            "kind": kind,
            "schema": SCHEMA_VERSION,
        }
        manifest = Manifest(
            id=digest(canonical_json(meaning))[:16],
            kind=kind,
            name=name,
            parents=list(parents or []),
            rows=rows.height,
            rows_hash=str(meaning["rows"]),
            ledger_hash=str(meaning["ledger"]),
            dropped_hash=str(meaning["dropped"]),
            columns={column: str(dtype) for column, dtype in rows.schema.items()},
            categories=dict(
                rows.group_by(pl.col("category").fill_null("(none)"))
                .len()
                .sort("len", "category", descending=[True, False])
                .iter_rows()
            ),
            sources=sources or [],
            recipe=dict(recipe) if recipe else None,
            steps=steps or [],
            created=round(time.time(), 3),
        )
        folder = self.home.versions / manifest.id
        if not (folder / "manifest.json").is_file():
            self._write(folder, {"rows": rows, "dropped": dropped, "ledger": ledger}, manifest)
        self.name(name, manifest.id)
        return self.get(manifest.id)

    def _write(self, folder: Path, frames: dict[str, pl.DataFrame], manifest: Manifest) -> None:
        self._sweep()
        partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
        partial.mkdir(parents=True)
        try:
            for name, frame in frames.items():
                parquet.write(frame, partial / f"{name}.parquet")
            write_atomic(
                partial / "manifest.json",
                json.dumps(dataclasses.asdict(manifest), ensure_ascii=False, indent=1) + "\n",
            )
            if folder.exists():
                shutil.rmtree(folder)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _sweep(self) -> None:
        """Clear away what killed writers left; whoever holds the lock is the only writer."""
        for left in self.home.versions.glob(".*.partial"):
            shutil.rmtree(left, ignore_errors=True)

    def name(self, ref: str, version_id: str) -> None:
        """Let a name stand for a version from now on; what it stood for before stays in its history."""
        check_name(ref)
        history = self.history(ref)
        if not history or history[-1] != version_id:
            write_atomic(self.root / "refs" / ref, "\n".join([*history, version_id]) + "\n")

    def verify(self, version: Version) -> None:
        """Derive every hash again. Raises StoreError that names what doesn't match."""
        where, manifest = str(version.folder), version.manifest
        try:
            rows, ledger, dropped = version.rows(), version.ledger(), version.dropped()
            check(rows, where=where, deep=True)
        except (OSError, pl.exceptions.PolarsError, InputError) as error:
            raise StoreError(
                f"damaged: {error}", where=where, mend="Run its recipe again to make it anew."
            ) from None
        for what, found, said in (
            ("rows", rows_hash(rows), manifest.rows_hash),
            ("ledger", ledger_hash(ledger), manifest.ledger_hash),
            ("dropped rows", rows_hash(dropped), manifest.dropped_hash),
        ):
            if found != said:
                raise StoreError(
                    f"damaged: the hash of its {what} is {found}, the manifest says {said}",
                    where=where,
                    mend="Run its recipe again to make it anew.",
                )
        meaning = {
            "rows": manifest.rows_hash,
            "ledger": manifest.ledger_hash,
            "dropped": manifest.dropped_hash,
            "parents": sorted(manifest.parents),
            "recipe": manifest.recipe,
            "kind": manifest.kind,
            "schema": manifest.schema_version,
        }
        if digest(canonical_json(meaning))[:16] != manifest.id or version.folder.name != manifest.id:
            raise StoreError("damaged: the manifest was changed", where=where, mend="Run its recipe again.")


def no_dropped() -> pl.DataFrame:
    """A frame of no dropped rows."""
    return empty().with_columns(
        reason=pl.lit(None, pl.String), dropped_by=pl.lit(None, pl.String), place=pl.lit(None, pl.Int32)
    )


def ledger_hash(ledger: pl.DataFrame) -> str:
    """The hash of what a ledger means, line by line in its order."""
    return digest(canonical_json([[str(name), ledger[name].to_list()] for name in LEDGER]))


def check_name(name: str) -> None:
    """Raise InputError unless a name can be a file name and nothing more."""
    if not NAME.fullmatch(name):
        raise InputError(
            f"{name!r} can't be a name",
            mend="Use letters, digits, '.', '_' and '-', starting with a letter or digit.",
        )
