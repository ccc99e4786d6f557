"""Runs the shapes over the parts of a source: every record becomes a row or a reject of the builder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from curation.errors import InputError, nearest
from curation.ingest import reasons
from curation.ingest.builder import Builder
from curation.ingest.converters import Shape
from curation.ingest.parts import Part, Selection
from curation.ingest.reasons import Reject
from curation.ingest.record import Record
from curation.ingest.shapes import example_map, maps_of, shape_for
from curation.ingest.text import snippet
from curation.ingest.tree import TAKEN, Forest, best_path, messages_of

EVERY = 1000


@dataclass
class Seen:
    """What the conversion found on its way: shapes by rows, message fields left out, and tree counts."""

    shapes: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    columns: dict[str, None] = field(default_factory=dict)
    trees: dict[str, int] | None = None
    done: int = 0


def convert(
    parts: list[Part],
    selection: Selection,
    given: Shape | None,
    mapping: Mapping[str, str],
    builder: Builder,
    tick: Callable[[int], None],
) -> Seen:
    """Convert every part. Raises InputError for a file whose shape isn't known and for a missing column."""
    seen = Seen()
    for part in parts:
        if not part.tree:
            _convert_part(part, selection, given, builder, seen, tick)
    if selection.forest is not None:
        _convert_forest(selection.forest, parts, builder, seen)
    for target, column in mapping.items():
        if column not in seen.columns and seen.columns:
            raise InputError(
                f"there is no column {column!r} for {target}",
                where=parts[0].file.name if len(parts) == 1 else f"{len(parts)} files",
                mend=nearest(column, seen.columns),
            )
    return seen


def _convert_part(
    part: Part,
    selection: Selection,
    given: Shape | None,
    builder: Builder,
    seen: Seen,
    tick: Callable[[int], None],
) -> None:
    recognised = 0
    columns: dict[tuple[str, ...], None] = {}
    guesses: Counter[str] = Counter()
    for record in part.records(selection.chosen):
        seen.done += 1
        if seen.done % EVERY == 0:
            tick(seen.done)
        row = record.value
        if row is None:
            builder.reject(record.place, part.file.name, record, record.problem or reasons.NOT_OBJECT)
            continue
        if (names := tuple(row)) not in columns:
            columns[names] = None
            seen.columns.update(dict.fromkeys(names))
            if given and part.uniform:
                _check_columns(given, names, part)
        try:
            shape = given or shape_for(row)
        except Reject as reject:
            guesses[reject.reason] += 1
            builder.reject(record.place, part.file.name, record, reject.reason)
            continue
        recognised += 1
        try:
            builder.add(record.place, shape.convert(row, seen.left_out), row, shape.takes)
            seen.shapes[shape.name] += 1
        except Reject as reject:
            builder.reject(record.place, part.file.name, record, reject.reason, reject.evidence)
    names = tuple(dict.fromkeys(name for group in columns for name in group))
    if given and names:
        _check_columns(given, names, part)
    if guesses and not recognised:
        raise _unknown_shape(part, names, guesses)


def _check_columns(given: Shape, names: tuple[str, ...], part: Part) -> None:
    for column in sorted(given.takes):
        if column not in names:
            raise InputError(
                f"there is no column {column!r}", where=part.file.name, mend=nearest(column, names)
            )


def _unknown_shape(part: Part, names: tuple[str, ...], guesses: Counter[str]) -> InputError:
    shown = ", ".join(snippet(name) for name in names[:20]) + (", ..." if len(names) > 20 else "")
    what, maps = "no shape of conversation is recognised in", example_map(names)
    if guesses[reasons.TWO_SHAPES]:
        what, maps = "more than one shape of conversation fits", " or ".join(maps_of(names)) or maps
    return InputError(
        f"{what} the columns {shown}",
        where=part.file.name,
        mend=f"Say which column is what, for instance {maps}.",
    )


def _convert_forest(forest: Forest, parts: list[Part], builder: Builder, seen: Seen) -> None:
    def reject(record: Record, reason: str) -> None:
        owner = next(part for part in parts if part.start <= record.place < part.start + part.height)
        text = record.value.get("text") if record.value else None
        builder.reject(record.place, owner.file.name, record, reason, text)

    in_rows = 0
    rejected = [*forest.loose]
    for root in forest.roots.values():
        path, rest = best_path(root)
        rejected += rest
        if path:
            in_rows += len(path)
            seen.shapes["tree"] += 1
            builder.add(root.record.place, messages_of(path), root.record.value or {}, TAKEN)
    for record, reason in rejected:
        reject(record, reason)
    seen.trees = {
        "trees": len(forest.roots),
        "messages": in_rows + len(rejected),
        "in_rows": in_rows,
        "off_path": sum(reason == reasons.OFF_PATH for _, reason in rejected),
    }
    seen.columns.update(dict.fromkeys(name for r in forest.roots.values() for name in r.record.value or {}))
