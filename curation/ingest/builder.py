"""Collects what becomes rows and what becomes rejects, and makes the two frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from curation.ingest.conversation import Message
from curation.ingest.extras import Extras, dirty
from curation.ingest.record import Record
from curation.ingest.text import blank, clean, is_clean, scalar_text, snippet
from curation.rows import make_rows

REJECTS = {
    "source_row": pl.Int64(),
    "line": pl.Int64(),
    "file": pl.String(),
    "reason": pl.String(),
    "snippet": pl.String(),
}


class Builder:
    """Rows and rejects of one source, added in any order. ``category`` is the column that a map names."""

    def __init__(self, category: str | None) -> None:
        self.category = category
        self.took_category = False
        self.conversations: list[list[Message]] = []
        self.places: list[int] = []
        self.categories: list[str | None] = []
        self.extras = Extras()
        self.rejects: list[tuple[int, int | None, str, str, str]] = []
        self.reasons: Counter[str] = Counter()
        self.replaced: set[int] = set()
        self.without_nul: set[int] = set()

    def add(self, place: int, messages: list[Message], row: Mapping[str, Any], taken: frozenset[str]) -> None:
        """Add a row: its messages, and the columns of ``row`` that the messages didn't take. Raises Reject."""
        category, taken = self._category(row, taken)
        self.extras.add(row, taken)
        for message in messages:
            if not is_clean(message["content"]):
                message["content"] = self._cleaned(message["content"])
        if category is not None and not is_clean(category):
            category = self._cleaned(category)
        self.conversations.append(messages)
        self.places.append(place)
        self.categories.append(category)

    def _category(self, row: Mapping[str, Any], taken: frozenset[str]) -> tuple[str | None, frozenset[str]]:
        """The category, and what is taken: a column called category is the category and nothing else."""
        column = self.category or "category"
        value = row.get(column)
        if isinstance(value, dict | list):
            return (snippet(value), taken) if self.category else (None, taken)
        if self.category is None and column in row and column not in taken:
            self.took_category = True
        text = scalar_text(value)
        text = None if text is None or blank(text) else text.strip()
        return text, taken | {"category"} if column == "category" else taken

    def _cleaned(self, text: str, place: int | None = None) -> str:
        """A clean text, noting which row (the next one, or that at ``place``) wasn't clean."""
        row = len(self.conversations) if place is None else place
        if "\0" in text:
            self.without_nul.add(row)
        if not is_clean(text.replace("\0", "")):
            self.replaced.add(row)
        return clean(text)

    def reject(self, place: int, file: str, record: Record, reason: str, evidence: Any = None) -> None:
        """Add a reject; the snippet shows the evidence, else what the file has there."""
        shown = next((item for item in (evidence, record.raw, record.value) if item is not None), "null")
        self.rejects.append((place, record.line, file, reason, snippet(shown)))
        self.reasons[reason] += 1

    def rows(self, source: str) -> pl.DataFrame:
        """The rows, in the order of their places."""
        order = sorted(range(len(self.places)), key=self.places.__getitem__)
        extra: dict[str, Sequence[Any]] = {}
        for name, values in self.extras.finished().items():
            for place in dirty(values):
                values[place] = self._cleaned(values[place], place)
            extra[name] = [values[place] for place in order]
        return make_rows(
            [self.conversations[place] for place in order],
            source=source,
            source_rows=[self.places[place] for place in order],
            categories=[self.categories[place] for place in order],
            extra=extra,
        )

    def rejects_frame(self) -> pl.DataFrame:
        """The rejects, in the order of their places."""
        return pl.DataFrame(sorted(self.rejects, key=lambda reject: reject[0]), schema=REJECTS, orient="row")
