"""Candidates on disk, so that an interrupted run goes on where it stopped: one JSON line each, appended."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from curation.contract import digest


class Lines:
    """Values by key in memory and, where a folder is given, in a file of JSON lines that only grows.

    A line that an interruption tore is skipped. The file may be deleted at any time.
    """

    def __init__(self, folder: Path | None, name: str) -> None:
        self.path = None if folder is None else folder / f"{digest(name)[:16]}.jsonl"
        self.known: dict[str, Any] = {}
        self._torn = False
        if self.path is not None and self.path.is_file():
            text = self.path.read_text(encoding="utf-8", errors="replace")
            self._torn = not text.endswith("\n")
            for line in text.split("\n"):
                try:
                    key, value = json.loads(line)
                except (ValueError, TypeError):
                    continue
                self.known[str(key)] = value

    def put(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """Keep values; a full disk loses the file's growth, not the run."""
        found = list(pairs)
        self.known.update(found)
        if self.path is None or not found:
            return
        text = "".join(json.dumps(pair, ensure_ascii=True) + "\n" for pair in found)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(("\n" if self._torn else "") + text)
            self._torn = False
        except OSError:
            self.path = None
