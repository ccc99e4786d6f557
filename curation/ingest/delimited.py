"""CSV and TSV by RFC 4180: quoted fields may span lines; a row that doesn't fit its header is a reject."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from functools import cached_property

from curation.errors import InputError
from curation.ingest import reasons
from curation.ingest.opening import lines
from curation.ingest.record import File, Record, Wanted

FIELD_LIMIT = (1 << 31) - 1
OTHERS = (";", "\t", "|")


class Delimited:
    """A reader of tables as text. Where a .csv has one column, a semicolon, tab or bar is tried too."""

    def __init__(self, file: File, delimiter: str = ",") -> None:
        self.file, self.preferred = file, delimiter

    @cached_property
    def header(self) -> tuple[list[str], str, int]:
        """The column names, the delimiter, and the number of lines that the header takes."""
        best: tuple[list[str], str, int] = ([], self.preferred, 0)
        for delimiter in (self.preferred, *OTHERS):
            start, fields, problem, end = next(_table(self.file, delimiter), (0, [], None, 0))
            if problem:
                raise InputError(f"{problem} in the header", where=f"{self.file.name}:{start}")
            if len(fields) > len(best[0]):
                best = (fields, delimiter, end)
            if len(best[0]) > 1:
                break
        names = [name.strip() or f"column_{place}" for place, name in enumerate(best[0], start=1)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"column {twice[0]!r} is there twice", where=f"{self.file.name}:1", mend="Rename one of them."
            )
        return names, best[1], best[2]

    def count(self) -> int:
        """How many rows stand below the header."""
        return max(0, sum(1 for _ in _table(self.file, self.header[1])) - 1)

    def records(self, wanted: Wanted | None = None) -> Iterator[Record]:
        """One record for every row below the header; a blank line is not a row."""
        names, delimiter, _ = self.header
        table = _table(self.file, delimiter)
        next(table, None)
        for place, (line, fields, problem, _) in enumerate(table):
            if wanted is not None and not wanted(place):
                continue
            if problem is None and len(fields) != len(names):
                problem = reasons.TOO_FEW_FIELDS if len(fields) < len(names) else reasons.TOO_MANY_FIELDS
            if problem is not None:
                yield Record(place, line, None, problem, delimiter.join(fields))
            else:
                yield Record(place, line, dict(zip(names, fields, strict=True)))


class _Lines:
    """The lines of a file, which can be given back: a broken quote must not swallow the rows after it."""

    def __init__(self, source: Iterator[str]) -> None:
        self.source = source
        self.waiting: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.waiting.popleft() if self.waiting else next(self.source)
        self.taken.append(line)
        return line

    def keep_one(self) -> str:
        """Give back all lines taken but the first, and return that one."""
        first, *rest = self.taken
        self.waiting.extendleft(reversed(rest))
        self.taken = []
        return first


def _table(file: File, delimiter: str) -> Iterator[tuple[int, list[str], str | None, int]]:
    """Every record that isn't a blank line: its first line, fields, problem or null, and its last line."""
    csv.field_size_limit(max(csv.field_size_limit(), FIELD_LIMIT))
    given = _Lines(line.decode("utf-8", "surrogateescape") for line in lines(file))
    line = 1
    while True:
        reader = csv.reader(given, delimiter=delimiter, strict=True)
        try:
            for fields in reader:
                end = line + len(given.taken)
                given.taken.clear()
                if fields:
                    yield line, fields, None, end - 1
                line = end
            return
        except csv.Error:
            broken = given.keep_one().rstrip("\r\n")
            yield line, [broken], reasons.BROKEN_QUOTES, line
            line += 1
