"""``events.jsonl``: what long work says as it goes, one JSON object a line. Standard library only."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def append_event(path: Path, event: str, **fields: Any) -> None:
    """Add one line to an ``events.jsonl``: ``time`` (seconds since 1970), ``event``, and the fields.

    Progress carries ``done``, ``total``, ``rate`` (per second) and ``left`` (seconds).
    """
    import time

    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"time": round(time.time(), 3), "event": event, **fields}, ensure_ascii=False) + "\n"
    with path.open("ab+") as handle:
        if handle.tell():
            handle.seek(-1, os.SEEK_END)
            line = line if handle.read(1) == b"\n" else "\n" + line  # a killed writer tore the last line
        handle.write(line.encode())


def read_events(path: Path) -> list[dict[str, Any]]:
    """The events of a file, oldest first; a torn last line (its writer was killed) is left out."""
    if not path.exists():
        return []
    events: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events
