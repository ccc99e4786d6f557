"""What a source and its files look like, and what a reader yields: one record per input row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Wanted = Callable[[int], bool]
"""Says of a place in the file (from 0) whether that record is needed."""


@dataclass(frozen=True)
class File:
    """A file to read: where it lies now, and the name that people know it by (never absolute)."""

    path: Path
    name: str


@dataclass(frozen=True)
class Source:
    """Files to read in this order. ``where`` is file, folder, Hub or feedback; ``facts`` go into the info as they are."""

    where: str
    files: list[File]
    skipped: list[str]
    fingerprint: str
    licence: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Record:
    """One input row: its place in the file (from 0), its line (from 1, where the kind has lines).

    ``value`` is the object, or null with ``problem`` as the reason; ``raw`` is what a snippet shows.
    """

    place: int
    line: int | None
    value: dict[str, Any] | None
    problem: str | None = None
    raw: Any = None


class Reader(Protocol):
    """One file of one kind. Both methods may be called again; both raise InputError for a bad file."""

    def count(self) -> int:
        """How many input rows the file has."""

    def records(self, wanted: Wanted | None = None) -> Iterator[Record]:
        """The records in file order; only the wanted ones are parsed and yielded."""
