"""How large the cache may grow, and what goes when it is too large: what wasn't used for the longest time.

    data/store/cache/steps      finished steps of recipes
    data/store/cache/vectors    embeddings
    data/store/cache/texts      what the workbench searches

All of it can be made again; nothing here is part of a version.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from curation.errors import InputError

GIGABYTE = 1_000_000_000
BOUND = 20.0
"""Gigabytes that the cache may hold; the environment's TOME_CACHE_GB moves it."""

ABANDONED = 24 * 3600
"""Seconds after which something half written was left by a process that was killed."""


@dataclass(frozen=True)
class Entry:
    """One thing in the cache: its kind (steps, vectors, texts), where it lies, its bytes, and when it was used."""

    kind: str
    path: Path
    bytes: int
    used: float


def bound() -> int:
    """The bound in bytes. Raises InputError where TOME_CACHE_GB is no number."""
    text = os.environ.get("TOME_CACHE_GB", str(BOUND))
    try:
        size = float(text)
    except ValueError:
        size = -1.0
    if not 0 <= size < float("inf"):
        raise InputError(f"{text!r} is no size", where="TOME_CACHE_GB", mend="Give gigabytes, such as 20.")
    return round(size * GIGABYTE)


def entries(cache: Path) -> list[Entry]:
    """What lies in a cache folder, the longest unused first."""
    whole = (*cache.glob("steps/[!.]*"), *cache.glob("vectors/*/[!.]*.parquet"), *cache.glob("texts/[!.]*"))
    return sorted(_read(cache, whole), key=lambda one: (one.used, str(one.path)))


def _read(cache: Path, paths: Iterable[Path]) -> list[Entry]:
    found = []
    for path in paths:
        files = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
        try:
            size = sum(one.stat().st_size for one in files)
            found.append(Entry(path.relative_to(cache).parts[0], path, size, path.stat().st_mtime))
        except FileNotFoundError:  # another process cleared it away
            continue
    return found


def prune(cache: Path, most: int) -> int:
    """Delete what was left half written, and the longest unused entries until ``most`` bytes are left; the bytes freed."""
    freed = 0
    for one in _read(cache, [*cache.glob("*/.*.partial"), *cache.glob("vectors/*/.*.partial")]):
        if one.used < time.time() - ABANDONED:
            freed += _delete(one)
    found = entries(cache)
    held = sum(one.bytes for one in found)
    for one in found:
        if held <= most:
            break
        held -= one.bytes
        freed += _delete(one)
    return freed


def _delete(one: Entry) -> int:
    shutil.rmtree(one.path, ignore_errors=True) if one.path.is_dir() else one.path.unlink(missing_ok=True)
    return one.bytes


def touch(path: Path) -> None:
    """Note that an entry was used just now."""
    with contextlib.suppress(OSError):  # read-only, or gone: it is only a note
        os.utime(path)
