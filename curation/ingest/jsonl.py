"""JSON lines: one object a line. Blank lines are not rows; a broken line is a reject and the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from curation.ingest import reasons
from curation.ingest.opening import lines
from curation.ingest.record import File, Record, Wanted


class JsonLines:
    """A reader of ``.jsonl`` and ``.ndjson``."""

    def __init__(self, file: File) -> None:
        self.file = file

    def count(self) -> int:
        """How many lines aren't blank."""
        return sum(1 for line in lines(self.file) if not line.isspace())

    def records(self, wanted: Wanted | None = None) -> Iterator[Record]:
        """One record for every line that isn't blank."""
        place = -1
        for number, line in enumerate(lines(self.file), start=1):
            if line.isspace():
                continue
            place += 1
            if wanted is None or wanted(place):
                yield parse(line, place, number)


def parse(line: bytes, place: int, number: int | None) -> Record:
    """The record of one line of JSON. Invalid bytes become lone surrogates, which ``text.clean`` replaces."""
    line = line.rstrip(b"\r\n")
    try:
        value: Any = json.loads(line.decode("utf-8", "surrogateescape"))
    except ValueError:
        return Record(place, number, None, reasons.BROKEN_JSON, line)
    except RecursionError:
        return Record(place, number, None, reasons.TOO_DEEP, line)
    if not isinstance(value, dict):
        return Record(place, number, None, reasons.NOT_OBJECT, line)
    return Record(place, number, value)
