"""The texts of a version, flat and in lower case, in a file of the cache that is mapped into memory and searched.

    store/cache/texts/<version>.<kept or dropped>.arrow      text, opens, words: one line a row, in order

It may be deleted; it is written anew when somebody looks at the version. ``python -m curation.flat_texts FOLDER STATE``
writes it in a process of its own, behind everything else that the machine does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Literal

import polars as pl

from curation.errors import StoreError
from curation.rows import WORD, text_of
from curation.version import ANEW, Manifest, Version

State = Literal["kept", "dropped"]
AT_A_TIME = 20_000
"""Rows that are unpacked at a time; a multiple of a row group."""
OPENS = 200
"""Characters of a conversation's first words that a list shows."""


def frame_of(state: State) -> Literal["rows", "dropped"]:
    """The frame of a version that holds its kept or its dropped rows."""
    return "rows" if state == "kept" else "dropped"


def path_of(version: Version, state: State) -> Path:
    """Where the texts of a version's rows lie; a version stands in ``store/versions``."""
    return version.folder.parents[1] / "cache" / "texts" / f"{version.id}.{state}.arrow"


def first_words(roles: list[str] | None = None) -> pl.Expr:
    """A conversation's first words in one line, of the given roles or of all."""
    text = text_of(roles=roles, separator=" ").fill_null("").str.slice(0, 4 * OPENS)
    return text.str.replace_all(r"\s+", " ").str.slice(0, OPENS)


def mapped(version: Version, state: State, height: int) -> pl.DataFrame | None:
    """The file mapped into memory; null where it is missing, torn or of other rows.

    Kept open, it costs no page faults after the first search; polars itself would map it anew for each.
    """
    import pyarrow as pa

    path = path_of(version, state)
    if not path.is_file():
        return None
    try:
        flat = pl.from_arrow(pa.ipc.open_file(pa.memory_map(str(path))).read_all())
    except (OSError, pa.ArrowException, pl.exceptions.PolarsError):
        return None  # torn: it is only a cache
    whole = isinstance(flat, pl.DataFrame) and flat.columns == ["text", "opens", "words"]
    return flat if whole and flat.height == height else None  # type: ignore[union-attr, return-value]


def read_ahead(path: Path) -> bool:
    """Read the file through once, in order, so that the system holds it in memory: far faster than one page after another, as a search
    of the mapped file would ask for it. Whether it did: a missing file, and one larger than half of the machine's memory, is left alone.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if not path.is_file() or path.stat().st_size > memory // 2:
        return False
    piece = bytearray(1 << 22)
    with path.open("rb", buffering=0) as file:
        while file.readinto(piece):
            pass
    return True


def write(version: Version, state: State = "kept") -> None:
    """Write the file atomically, some row groups at a time, which bounds the memory. Raises StoreError."""
    import pyarrow as pa

    path, scan = path_of(version, state), version.scan(frame_of(state))
    words = text_of(separator=" ").str.count_matches(WORD).fill_null(0).cast(pl.Int64)
    if "stats.words" in scan.collect_schema().names():  # rows that were made after stats have none there
        counted = pl.col("stats.words").cast(pl.Int64)
        words = (
            counted
            if scan.select(counted.is_not_null().all()).collect().item()
            else pl.coalesce(counted, words)
        )
    flat = scan.select(
        text_of(separator="\n").str.to_lowercase().fill_null("").alias("text"),
        pl.coalesce(pl.when(first_words(["user"]) != "").then(first_words(["user"])), first_words()).alias(
            "opens"
        ),
        words.alias("words"),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.partial")
    try:
        rows = scan.select(pl.len()).collect().item()
        schema = flat.collect_schema().to_frame().to_arrow(compat_level=pl.CompatLevel.newest()).schema
        with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, schema) as file:
            for start in range(0, rows, AT_A_TIME):
                part = flat.slice(start, AT_A_TIME).collect()
                file.write_table(part.rechunk().to_arrow(compat_level=pl.CompatLevel.newest()))
        partial.replace(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"damaged, or no room: {error}", where=str(version.folder), mend=ANEW) from None
    finally:
        partial.unlink(missing_ok=True)


def write_behind(version: Version, state: State = "kept") -> None:
    """Write the file in a process of its own, at the lowest priority, and wait for it. Raises StoreError."""
    command = [sys.executable, "-m", "curation.flat_texts", str(version.folder), state]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"its process ended with {done.returncode}"]
        raise StoreError(f"the texts can't be indexed: {said[-1]}", where=str(version.folder))


if __name__ == "__main__":
    os.nice(19)
    folder = Path(sys.argv[1])
    try:
        write(
            Version(folder, Manifest.read(folder / "manifest.json")),
            "dropped" if sys.argv[2] == "dropped" else "kept",
        )
    except StoreError as told:
        sys.exit(str(told))
