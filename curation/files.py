"""Files on disk: their hash, and writing that nobody sees half done. Standard library only."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path


def file_sha256(path: Path) -> str:
    """The sha256 of a file, 64 hexadecimal digits (the algorithm that the Hub shows too)."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_atomic(path: Path, text: str) -> None:
    """Write a text so that a reader sees the old file or the whole new one, never a part.

    Raises OSError (a full disk, say) and then leaves the old file as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
