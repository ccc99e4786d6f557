"""Find personal data in conversations, and put placeholders in its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import polars as pl

from curation.pii_patterns import PATTERNS, Pattern, Span, find

Found = tuple[int, Span]
"""The number of a turn in its conversation, from 0, and a span in it."""


def find_in_rows(rows: pl.DataFrame, kinds: Iterable[str], reserved: bool) -> dict[int, list[Found]]:
    """What each row holds, by the row's place; rows without a hit are left out.

    Rust expressions over all turns at once pick the few texts that Python looks at.
    """
    wanted = [pattern for pattern in PATTERNS if pattern.kind in set(kinds)]
    turns = (
        rows.select(pl.int_range(pl.len()).alias("row"), "messages")
        .explode("messages", empty_as_null=False, keep_nulls=False)
        .select("row", pl.col("messages").struct.field("content").alias("text"))
        .with_columns(turn=pl.int_range(pl.len()).over("row"))
        .drop_nulls("text")
    )
    likely: dict[int, list[Pattern]] = {}
    for pattern in wanted:
        for place in _hinted(turns["text"], pattern):
            likely.setdefault(place, []).append(pattern)
    found: dict[int, list[Found]] = {}
    some = turns[sorted(likely)] if likely else turns.head(0)
    for place, (row, text, turn) in zip(sorted(likely), some.iter_rows(), strict=True):
        if spans := find(text, likely[place], reserved):
            found.setdefault(row, []).extend((turn, span) for span in spans)
    return found


def _hinted(texts: pl.Series, pattern: Pattern) -> list[int]:
    """The places of the texts that a pattern may have a hit in."""
    places = pl.int_range(texts.len(), eager=True)
    if pattern.words:
        places = places.filter(texts.str.contains_any(list(pattern.words), ascii_case_insensitive=True))
    return places.filter(texts.gather(places).str.contains(pattern.hint)).to_list()


class Placeholders:
    """Names for the values of one conversation: the same value always bears the same name."""

    def __init__(self, texts: Sequence[str | None]) -> None:
        """Numbers go on after those that the texts hold already."""
        self._names: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}
        for kind, number in re.findall(r"\[([A-Z]+)_(\d{1,6})\]", "\n".join(text or "" for text in texts)):
            self._last[kind] = max(self._last.get(kind, 0), int(number))

    def name(self, kind: str, value: str) -> str:
        """The placeholder of a value, such as ``[EMAIL_1]``."""
        key = (kind, _plain(kind, value))
        if key not in self._names:
            self._last[kind.upper()] = self._last.get(kind.upper(), 0) + 1
            self._names[key] = f"[{kind.upper()}_{self._last[kind.upper()]}]"
        return self._names[key]


def _plain(kind: str, value: str) -> str:
    """One spelling of a value: how a number is grouped, or an address is cased, doesn't matter."""
    if kind in ("phone", "card"):
        digits = re.sub(r"\D", "", value)
        return digits[-10:] if kind == "phone" and len(digits) == 11 and digits[0] == "1" else digits
    return value if kind == "key" else re.sub(r"\s", "", value).lower()


def redacted(messages: list[dict[str, str]], found: list[Found]) -> list[dict[str, str]]:
    """The messages with a placeholder for each span."""
    names = Placeholders([message["content"] for message in messages])
    by_turn: dict[int, list[Span]] = {}
    for turn, span in found:
        by_turn.setdefault(turn, []).append(span)
    new = [dict(message) for message in messages]
    for turn, spans in sorted(by_turn.items()):
        text, parts, place = messages[turn]["content"], [], 0
        for span in spans:
            parts += [text[place : span.start], names.name(span.kind, text[span.start : span.end])]
            place = span.end
        new[turn]["content"] = "".join([*parts, text[place:]])
    return new
