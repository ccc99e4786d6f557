"""JSON in one piece: an array of objects, an object with one list of objects, or JSON lines named .json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from curation.errors import InputError
from curation.ingest import reasons
from curation.ingest.jsonl import JsonLines
from curation.ingest.opening import decoded, whole
from curation.ingest.record import File, Reader, Record, Wanted
from curation.ingest.shapes import CONVERSATIONS

_SPACE = re.compile(r"[ \t\r\n]*")


class JsonFile:
    """A reader of ``.json``. Lines are known for the elements of an array at the top."""

    def __init__(self, file: File) -> None:
        self.file = file

    @cached_property
    def _items(self) -> list[tuple[int | None, Any]] | Reader:
        text = decoded(whole(self.file))
        if text.lstrip(" \t\r\n").startswith("["):
            return list(self._elements(text))
        try:
            value = json.loads(text)
        except ValueError as error:
            if "\n{" in text.replace("\r", ""):
                return JsonLines(self.file)
            raise self._broken(text, error) from None
        except RecursionError:
            raise InputError("is nested too deeply", where=self.file.name) from None
        return self._of_object(value)

    def _elements(self, text: str) -> Iterator[tuple[int, Any]]:
        """The elements of the array at the top, each with the line that it starts in."""
        decode = json.JSONDecoder().raw_decode
        place = _skip(text, _skip(text, 0) + 1)
        line, counted = 1, 0
        while not text.startswith("]", place):
            line, counted = line + text.count("\n", counted, place), place
            try:
                value, place = decode(text, place)
                yield line, value
                place = _skip(text, place)
                if text.startswith(",", place):
                    place = _skip(text, place + 1)
                    if text.startswith("]", place):
                        raise json.JSONDecodeError("a comma after the last element", text, place)
                elif not text.startswith("]", place):
                    raise json.JSONDecodeError("a comma or ] is missing", text, place)
            except ValueError as error:
                raise self._broken(text, error) from None
            except RecursionError:
                raise InputError("is nested too deeply", where=f"{self.file.name}:{line}") from None
        end = _skip(text, place + 1)
        if end < len(text):
            raise self._broken(text, json.JSONDecodeError("text after the array", text, end))

    def _of_object(self, value: Any) -> list[tuple[int | None, Any]]:
        if not isinstance(value, dict):
            raise InputError("holds neither an array nor an object", where=self.file.name)
        lists = {name: item for name, item in value.items() if isinstance(item, list)}
        if len(lists) == 1 and not set(lists) & set(CONVERSATIONS):
            return [(None, item) for item in next(iter(lists.values()))]
        if lists or not value or any(isinstance(item, dict) for item in value.values()):
            known = set(value) & set(CONVERSATIONS)
            if not known:
                found = ", ".join(map(str, list(value)[:8])) or "nothing"
                raise InputError(
                    f"is an object with {found}, not a table of rows",
                    where=self.file.name,
                    mend="Write an array of objects, an object with one list of objects, or JSON lines.",
                )
        return [(1, value)]

    def _broken(self, text: str, error: ValueError) -> InputError:
        place = error.pos if isinstance(error, json.JSONDecodeError) else 0
        said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        return InputError(
            f"broken JSON: {said[0].lower()}{said[1:]}",
            where=f"{self.file.name}:{text.count(chr(10), 0, place) + 1}",
            mend="Mend this place; in JSON lines a broken line would be one reject and the rest would go on.",
        )

    def count(self) -> int:
        """How many elements there are."""
        return len(self._items) if isinstance(self._items, list) else self._items.count()

    def records(self, wanted: Wanted | None = None) -> Iterator[Record]:
        """One record for every element."""
        if not isinstance(self._items, list):
            yield from self._items.records(wanted)
            return
        for place, (line, value) in enumerate(self._items):
            if wanted is not None and not wanted(place):
                continue
            if isinstance(value, dict):
                yield Record(place, line, value)
            else:
                yield Record(place, line, None, reasons.NOT_OBJECT, value)


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place
