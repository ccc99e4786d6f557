"""Benchmark test sets as lists of texts: files of any kind that ingest reads, or datasets of the Hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curation.errors import InputError, nearest
from curation.ingest.kinds import reader_for, suffix_of
from curation.ingest.record import File
from curation.ingest.source import open_source

FIELDS = (
    "question",
    "prompt",
    "problem",
    "text",
    "instruction",
    "query",
    "input",
    "goal",
    "ctx",
    "sentence",
    "turns",
    "body",
    "content",
)
"""Where the text of an item is looked for, in this order; names are compared without regard to case."""


@dataclass(frozen=True)
class Item:
    """One item of a benchmark: its name, the item's place in it from 0, and its text."""

    benchmark: str
    place: int
    text: str


def files_of(against: Sequence[str]) -> list[tuple[str, File]]:
    """Each file of each URI beside the name of its benchmark: of the file, or of the dataset on the Hub.

    Raises InputError for what isn't there, HubError for a Hub that can't be reached.
    """
    found = []
    for uri in against:
        source = open_source(uri, split="test", revision=None, config=None)
        for file in source.files:
            name = str(source.facts.get("repo", file.name)).rpartition("/")[2]
            suffix = suffix_of(name)
            found.append((name.partition(suffix)[0] if suffix else name, file))
    return found


def read_items(against: Sequence[str], field: str | None) -> list[Item]:
    """The items of all test sets, in the order given.

    Raises InputError, naming the fields seen, where an item has no text under ``field`` or any of FIELDS, and for
    a line that can't be read.
    """
    items = []
    for name, file in files_of(against):
        found = reader_for(file)
        if found is None:
            raise InputError("is empty", where=file.name, mend="Take it out of against.")
        count = 0
        for record in found[1].records():
            where = f"{file.name}:{record.line}" if record.line else f"{file.name} item {record.place}"
            if record.value is None:
                raise InputError(
                    record.problem or "can't be read", where=where, mend="Mend or delete that line."
                )
            items.append(Item(name, record.place, _text(record.value, field, where)))
            count += 1
        if not count:
            raise InputError("has no items", where=file.name, mend="Take it out of against.")
    return items


def _text(value: dict[str, Any], field: str | None, where: str) -> str:
    known = {key.lower(): key for key in value}
    if field is not None:
        if field not in value:
            raise InputError(f"an item has no field {field!r}", where=where, mend=nearest(field, value))
        return _flat(value[field])
    for name in FIELDS:
        if name in known and (text := _flat(value[known[name]])):
            return text
    if any(name in known for name in FIELDS):
        return ""
    raise InputError(
        f"no field that holds the text of an item; fields seen: {', '.join(sorted(value)) or 'none'}",
        where=where,
        mend="Name it with field: in the contamination step.",
    )


def _flat(value: Any) -> str:
    """A text, or the texts of a list of turns, as one."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return "\n".join(part for part in map(_flat, value) if part)
    if isinstance(value, dict):
        return _flat(value.get("content") or value.get("value") or value.get("text"))
    return "" if value is None else str(value)
