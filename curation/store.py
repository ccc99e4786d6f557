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
from pathlib import Path
from typing import Any, Literal

import polars as pl

from curation import parquet
from curation.contract import Home, append_event, file_info, file_sha256, write_atomic
from curation.errors import InputError, StoreBusy, StoreError, nearest
from curation.rows import check, rehash, rows_hash
from curation.step import LEDGER
from curation.supervisor import EVENTS
from curation.version import ANEW, Manifest, Version, by_category, ledger_hash, no_dropped

__all__ = ["Manifest", "Store", "Version", "by_category", "check_name", "ledger_hash", "no_dropped"]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a ref, an export or a run may be called: it is used as a file name."""
FILES = ("rows.parquet", "dropped.parquet", "ledger.parquet")


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
        """Hold the store for writing. Raises StoreBusy when another process holds it; a job waits for its turn instead."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                handle.seek(0)
                holder = handle.read().strip() or "unknown"
                events = os.environ.get(EVENTS)
                if not events:
                    raise StoreBusy(
                        f"another process is writing here ({holder})",
                        where=str(self.root),
                        mend="Wait for it, or use another --home.",
                    ) from None
                append_event(Path(events), "waiting", holder=holder)
                fcntl.flock(handle, fcntl.LOCK_EX)
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
        manifest = Manifest(
            id="",
            kind=kind,
            name=name,
            parents=list(parents or []),
            rows=rows.height,
            rows_hash=rows_hash(rows),
            ledger_hash=ledger_hash(ledger),
            dropped_hash=rows_hash(dropped),
            columns={column: str(dtype) for column, dtype in rows.schema.items()},
            categories=by_category(rows),
            sources=sources or [],
            recipe=dict(recipe) if recipe else None,
            steps=steps or [],
            created=round(time.time(), 3),
        )
        manifest = dataclasses.replace(manifest, id=manifest.identity())
        folder = self.home.versions / manifest.id
        if not self._is_whole(folder):
            self._write(folder, {"rows": rows, "dropped": dropped, "ledger": ledger}, manifest)
        self.name(name, manifest.id)
        return self.get(manifest.id)

    def _is_whole(self, folder: Path) -> bool:
        """Whether a version stands there undamaged; what is damaged is written anew."""
        if not (folder / "manifest.json").is_file():
            return False
        try:
            self.verify(Version(folder, Manifest.read(folder / "manifest.json")))
        except StoreError:
            return False
        return True

    def _write(self, folder: Path, frames: dict[str, pl.DataFrame], manifest: Manifest) -> None:
        self._sweep()
        partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
        partial.mkdir(parents=True)
        try:
            for name, frame in frames.items():
                parquet.write(frame, partial / f"{name}.parquet")
            files = {
                f"{name}.parquet": dataclasses.asdict(file_info(partial / f"{name}.parquet", frame.height))
                for name, frame in frames.items()
            }
            raw = dataclasses.asdict(manifest) | {"files": files}
            write_atomic(partial / "manifest.json", json.dumps(raw, ensure_ascii=False, indent=1) + "\n")
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

    def rename(self, ref: str, to: str) -> None:
        """Give a name's history another name. Raises StoreError where there is no such name, or the new one is taken."""
        check_name(to)
        if not self.history(ref):
            raise StoreError(
                f"there is no name {ref!r}", where=str(self.root), mend=nearest(ref, self.refs())
            )
        if self.history(to):
            raise StoreError(
                f"the name {to!r} is taken; it stands for {self.history(to)[-1]}",
                mend="Rename that one first.",
            )
        (self.root / "refs" / ref).rename(self.root / "refs" / to)

    def glance(self, version: Version) -> str | None:
        """What is wrong with a version's files as far as their sizes tell, or null; ``verify`` derives the rest."""
        for name in FILES:
            path, said = version.folder / name, version.manifest.files.get(name, {}).get("bytes")
            if not path.is_file():
                return f"damaged: {name} is missing"
            if path.stat().st_size != said:
                return f"damaged: {name} was changed"
        return None

    def verify(self, version: Version) -> None:
        """Derive every hash again. Raises StoreError that names what doesn't match."""
        where, manifest = str(version.folder), version.manifest
        for name in FILES:  # before the files are read: damage can bring a reader down
            path = version.folder / name
            if not path.is_file() or file_sha256(path) != manifest.files.get(name, {}).get("sha256"):
                what = "was changed" if path.is_file() else "is missing"
                raise StoreError(f"damaged: {name} {what}", where=where, mend=ANEW)
        try:
            rows, ledger, dropped = version.rows(), version.ledger(), version.dropped()
            check(rows, where=where, deep=True)
        except InputError as error:
            raise StoreError(f"damaged: {error.what}", where=where, mend=ANEW) from None
        if not rehash(dropped).equals(dropped["content_hash"]):
            raise StoreError("damaged: the texts of its dropped rows changed", where=where, mend=ANEW)
        for what, found, said in (
            ("rows", rows_hash(rows), manifest.rows_hash),
            ("ledger", ledger_hash(ledger), manifest.ledger_hash),
            ("dropped rows", rows_hash(dropped), manifest.dropped_hash),
        ):
            if found != said:
                raise StoreError(
                    f"damaged: the hash of its {what} is {found}, the manifest says {said}",
                    where=where,
                    mend=ANEW,
                )
        told = (manifest.rows, manifest.columns, manifest.categories, manifest.id, version.folder.name)
        columns = {column: str(dtype) for column, dtype in rows.schema.items()}
        if told != (rows.height, columns, by_category(rows), manifest.identity(), manifest.id):
            raise StoreError("damaged: the manifest was changed", where=where, mend=ANEW)


def check_name(name: str) -> None:
    """Raise InputError unless a name can be a file name and nothing more."""
    if not NAME.fullmatch(name):
        raise InputError(
            f"{name!r} can't be a name",
            mend="Use letters, digits, '.', '_' and '-', starting with a letter or digit.",
        )
