"""Checkpoints that are whole or don't count: a manifest with hashes is written last, and read first.

A process can be killed, and a disk can fill up, in the middle of writing. The folder then lacks
``complete.json`` or disagrees with it, and resuming takes the one before.
"""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

from curation.contract import file_sha256, write_atomic

COMPLETE = "complete.json"


def seal(folder: Path) -> None:
    """Declare a checkpoint whole: write the sha256 of each of its files. Raises OSError on a full disk."""
    files = {
        path.relative_to(folder).as_posix(): file_sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != COMPLETE
    }
    write_atomic(folder / COMPLETE, json.dumps({"step": step_of(folder), "files": files}, indent=1) + "\n")


def disk_is_full(error: BaseException) -> bool:
    """Whether writing failed for want of space. torch's writer tells any write that fell short as a RuntimeError of its own."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return True
    text = str(error)
    return any(
        said in text
        for said in (
            "No space left",
            "os error 28",
            "PytorchStreamWriter",
            "inline_container.cc",
            "iostream error",
        )
    )


def is_whole(folder: Path) -> bool:
    """True where the manifest is there and every file has its hash."""
    try:
        files = json.loads((folder / COMPLETE).read_text(encoding="utf-8"))["files"]
        return all(file_sha256(folder / name) == sha256 for name, sha256 in files.items())
    except (OSError, ValueError, KeyError):
        return False


def step_of(folder: Path) -> int:
    """The step in the folder's name, ``checkpoint-<step>``."""
    return int(folder.name.rpartition("-")[2])


def listed(folder: Path) -> list[Path]:
    """The checkpoint folders of a run, whole or not, oldest first."""
    found = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdigit()]
    return sorted(found, key=step_of)


def newest_whole(folder: Path) -> tuple[Path | None, list[Path]]:
    """The newest whole checkpoint, and the torn ones that were passed over."""
    torn: list[Path] = []
    for path in reversed(listed(folder)):
        if is_whole(path):
            return path, torn
        torn.append(path)
    return None, torn


def prune(folder: Path, keep: int) -> None:
    """Remove all but the newest ``keep`` checkpoints; called when a new one has been sealed."""
    for path in listed(folder)[:-keep]:
        shutil.rmtree(path, ignore_errors=True)
