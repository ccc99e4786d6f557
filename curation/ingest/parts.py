"""The files of a source with their places in the whole, and which of those places a limit takes."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from curation.errors import InputError
from curation.ingest.kinds import reader_for
from curation.ingest.record import File, Reader, Record
from curation.ingest.sample import choose
from curation.ingest.shapes import is_tree
from curation.ingest.tree import Forest, plant

PEEK = 20


@dataclass(frozen=True)
class Part:
    """One file: its reader, and the place that its first row has in the whole source."""

    file: File
    kind: str
    reader: Reader
    start: int
    height: int
    tree: bool

    @property
    def uniform(self) -> bool:
        """Whether all rows have the same columns, so that a missing one shows at the first row."""
        return not self.kind.startswith("JSON")

    def records(self, chosen: frozenset[int] | None = None) -> Iterator[Record]:
        """The file's records at their places in the whole source; of the chosen places alone."""
        wanted = None if chosen is None else (lambda place: place + self.start in chosen)
        for record in self.reader.records(wanted):
            record.place += self.start
            yield record


def open_parts(files: list[File], *, trees: bool) -> tuple[list[Part], list[str]]:
    """The parts of a source and the names of its empty files; ``trees`` lets message trees be recognised.

    Raises InputError where nothing is left to read.
    """
    parts: list[Part] = []
    empty: list[str] = []
    start = 0
    for file in files:
        found = reader_for(file)
        height = found[1].count() if found else 0
        if found is None or not height:
            empty.append(file.name)
            continue
        kind, reader = found
        parts.append(Part(file, kind, reader, start, height, trees and _peek(reader)))
        start += height
    if not parts:
        if len(files) > 1:
            raise InputError(f"all {len(files)} files are empty", where=f"{files[0].name}, ...")
        what = "has no rows" if files[0].path.stat().st_size and reader_for(files[0]) else "is empty"
        raise InputError(what, where=files[0].name, mend="Was it written to the end?")
    return parts, empty


def _peek(reader: Reader) -> bool:
    first = itertools.islice(reader.records(lambda place: place < PEEK), PEEK)
    return any(record.value is not None and is_tree(record.value) for record in first)


@dataclass(frozen=True)
class Selection:
    """What is considered: the places of ordinary rows (null for all), the trees, and how that was sampled."""

    chosen: frozenset[int] | None
    forest: Forest | None
    total: int
    sampled: str | None


def select(parts: list[Part], limit: int | None, sample: str, seed: int) -> Selection:
    """Choose places by the limit. A tree is taken or left as a whole and counts as one."""
    trees = [part for part in parts if part.tree]
    forest = plant(record for part in trees for record in part.records()) if trees else None
    total = sum(part.height for part in parts)
    if limit is None:
        return Selection(None, forest, total, None)
    units = [
        place for part in parts if not part.tree for place in range(part.start, part.start + part.height)
    ]
    units = sorted([*units, *(forest.roots if forest else ())])
    chosen = choose(units, limit, sample, seed)
    if len(chosen) == len(units):
        return Selection(None, forest, total, None)
    kept = frozenset(chosen)
    if forest is not None:
        roots = {place: root for place, root in forest.roots.items() if place in kept}
        forest = dataclasses.replace(forest, roots=roots, loose=[])
    what = f"{len(units)} trees" if forest and len(trees) == len(parts) else str(len(units))
    said = f"first {limit} of {what}" if sample == "head" else f"random {limit} of {what}, seed {seed}"
    return Selection(kept, forest, total, said)
