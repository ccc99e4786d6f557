"""Where protected texts stand: the patterns of ``patterns.py`` one after the other, each on what the earlier ones left.

Most texts have nothing of most patterns, so what a pattern can't do without is looked for first: in the whole text, then in
each stretch that is left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from string import ascii_lowercase, ascii_uppercase, digits
from typing import NamedTuple

from curation.augment.patterns import ADDRESS_SIGN, CAPITAL, DIGIT, LINES, PATTERNS, POINT, Pattern

JSON_START = re.compile(r'\{\s*"|\[\s*[\[{"\d]')
TRIES = 1_000
"""Look-alikes of JSON that are read in vain before the rest of a text is taken for data and protected."""


# it is enough to know that there are digits and capitals, and small letters there are always
_KINDS = bytes.maketrans((digits + ascii_uppercase).encode(), (DIGIT * 10 + CAPITAL * 26).encode())
_SMALL = f"{ascii_lowercase} ".encode()
_POINT = re.compile(r"\.[a-z\d]")
Seek = Callable[[int, int], int]
"""Where something is first between two places, -1 if nowhere."""


class Span(NamedTuple):
    """Where something protected stands in a text, in characters, and what it is."""

    start: int
    end: int
    kind: str


def spans(text: str, terms: Sequence[str] = ()) -> list[Span]:
    """What is protected in a text: spans in order that don't overlap."""
    found: list[Span] = []
    marks = Marks.of(text)
    free = [(0, len(text))] if text else []
    if not marks.signs.isdisjoint("{["):
        free = _json(text, found)
    lacks = marks.signs.isdisjoint
    for pattern in chain(_terms(terms), PATTERNS):
        if not pattern.signs or not lacks(pattern.signs):
            free = _take(pattern, text, marks, free, found)
    return sorted(found)


class Marks(NamedTuple):
    """What a text has, and where its digits stand."""

    signs: set[str]
    """Its characters, any digit as "0", any capital as "A", and none of the small letters; and what stands for more."""
    places: bytes
    """A byte for each character, which is "0" for digits."""

    @classmethod
    def of(cls, text: str) -> Marks:
        """The marks of a text."""
        signs = set(text.encode("utf-8", "ignore").translate(_KINDS, _SMALL).decode())
        if _POINT.search(text):
            signs.add(POINT)
        if "://" in text or "www." in text:
            signs.add(ADDRESS_SIGN)
        if others := [sign for sign in signs if sign.isdecimal() and sign != DIGIT]:
            signs.add(DIGIT)
            text = text.translate(dict.fromkeys(map(ord, others), DIGIT))
        return cls(signs, text.encode("latin-1", "replace").translate(_KINDS))


def _terms(terms: Sequence[str]) -> list[Pattern]:
    if not terms:
        return []
    longest = sorted({term for term in terms if term}, key=lambda term: (-len(term), term))
    words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)
    return [Pattern("term", "", words)]


def _take(
    of: Pattern, text: str, marks: Marks, free: list[tuple[int, int]], found: list[Span]
) -> list[tuple[int, int]]:
    """Take a pattern's matches out of the free stretches, and return what is left of them."""
    seek = seeker(of, text, marks)
    if seek is not None and seek(0, len(text)) < 0:
        return free
    left: list[tuple[int, int]] = []
    for stretch in free:
        at, end = stretch
        if seek is not None and seek(at, end) < 0:
            left.append(stretch)
            continue
        for match in matches_of(of, text, seek, at, end):
            first, last = match.span()
            if first < last:
                found.append(Span(first, last, of.kind))
                if at < first:
                    left.append((at, first))
                at = last
        if at < end:
            left.append((at, end))
    return left


def seeker(of: Pattern, text: str, marks: Marks) -> Seek | None:
    """How what every match of a pattern has is looked for in a text."""
    if of.near is None:
        return None
    if isinstance(of.near, str):
        return partial(marks.places.find, of.near.encode())
    search = of.near.search

    def seek(start: int, end: int) -> int:
        seen = search(text, start, end)
        return seen.start() if seen else -1

    return seek


def matches_of(of: Pattern, text: str, seek: Seek | None, start: int, end: int) -> Iterator[re.Match[str]]:
    """A pattern's matches in a stretch, from left to right."""
    if of.pattern is LINES:
        return _by_line(text, start, end)
    return of.pattern.finditer(text, start, end) if seek is None else _near(of, text, seek, start, end)


def _near(of: Pattern, text: str, seek: Seek, start: int, end: int) -> Iterator[re.Match[str]]:
    """Matches, looked for only around what each of them has."""
    at = start
    while (seen := seek(at, end)) >= 0 and (match := of.pattern.search(text, max(at, seen - of.reach), end)):
        yield match
        at = match.end()


def _by_line(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """The lines of code in a stretch: looked for where a line begins alone, not at every character."""
    at = start if start == 0 or text[start - 1] == "\n" else text.find("\n", start, end) + 1
    while start <= at < end:
        if match := LINES.match(text, at, end):
            yield match
        at = text.find("\n", at, end) + 1 or end


def _json(text: str, found: list[Span]) -> list[tuple[int, int]]:
    """Take JSON objects and arrays out of the text; at most TRIES look-alikes are read."""
    decoder, free, at, tries = json.JSONDecoder(), [], 0, 0
    match = JSON_START.search(text)
    while match:
        start = match.start()
        try:
            _, end = decoder.raw_decode(text, start)
        except RecursionError:
            end = len(text)
        except ValueError:
            tries += 1
            if tries < TRIES:
                match = JSON_START.search(text, start + 1)
                continue
            end = len(text)
        free.append((at, start))
        found.append(Span(start, end, "json"))
        at = end
        match = JSON_START.search(text, at)
    return [(a, b) for a, b in [*free, (at, len(text))] if b > a]
