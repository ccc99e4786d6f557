"""The columns that came with the data besides the conversation: one type each, nothing lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curation.errors import InputError
from curation.ingest.text import clean, is_clean, json_text, plain
from curation.rows import RESERVED

MOST = 1000
_INT64 = range(-(1 << 63), 1 << 63)


class Extras:
    """Columns that grow row by row; a row that lacks one has null there."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {}
        self.height = 0

    def add(self, row: Mapping[str, Any], taken: frozenset[str]) -> None:
        """Add a row's columns other than those taken. Lists and objects become canonical JSON.

        Raises Reject, before anything is added, for a value that is nested too deeply.
        """
        ready = {name: _storable(value) for name, value in row.items() if name not in taken}
        for name, value in ready.items():
            column = self.columns.get(name)
            if column is None:
                column = self.columns[name] = []
                if len(self.columns) > MOST:
                    raise InputError(
                        f"more than {MOST} different columns",
                        mend="Keys that differ from row to row belong in one object under one column.",
                    )
            if len(column) < self.height:
                column.extend([None] * (self.height - len(column)))
            column.append(value)
        self.height += 1

    def finished(self) -> dict[str, list[Any]]:
        """The columns, each of one type, under names that don't clash with each other or the core's."""
        made: dict[str, list[Any]] = {}
        for name, values in self.columns.items():
            values.extend([None] * (self.height - len(values)))
            made[self._free(clean(name).strip() or "unnamed", made)] = one_type(values)
        return made

    def _free(self, name: str, made: Mapping[str, Any]) -> str:
        """A name that stays its own after make_rows has put ``original_`` before reserved names."""
        final = {f"original_{other}" if other in RESERVED else other for other in made}
        tried, number = name, 1
        while (f"original_{tried}" if tried in RESERVED else tried) in final:
            number += 1
            tried = f"{name}_{number}"
        return tried


def _storable(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    return json_text(value) if isinstance(value, dict | list) else plain(value)


def one_type(values: list[Any]) -> list[Any]:
    """Values of one type: all whole numbers, all numbers, all truth values, or else all text."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {int}:
        if all(value is None or value in _INT64 for value in values):
            return values
    elif kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    elif len(kinds) <= 1 and kinds <= {float, bool, str}:
        return values
    return [value if value is None or isinstance(value, str) else json_text(value) for value in values]


def dirty(values: list[Any]) -> list[int]:
    """The places of the texts that ``clean`` would change."""
    return [place for place, value in enumerate(values) if isinstance(value, str) and not is_clean(value)]
