"""Protection: what no generator may touch is found, masked, and afterwards back exactly once and in order.

Found are code (fenced, inline, indented, or lines of it), JSON, LaTeX, placeholders, URLs, e-mail addresses,
tags, tables, paths, quotations, identifiers, numbers with their units, names, and a list of terms.

Engines that work on words get the prose between the spans (``pieces``); those that need whole sentences get
the text with markers in place of the spans (``masked``). Either way ``restored`` has the last word: it scans the
outcome anew and refuses it unless it holds the very spans of the original, each as often, in the same order.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase, digits
from typing import NamedTuple

from curation.augment.patterns import LINES, PATTERNS, Pattern

JSON_START = re.compile(r'\{\s*"|\[\s*[\[{"\d]')
TRIES = 1_000
"""Look-alikes of JSON that are read in vain before the rest of a text is taken for data and protected."""


class Span(NamedTuple):
    """Where something protected stands in a text, in characters, and what it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Masked:
    """A text whose protected spans are markers; ``markers[i]`` stands for ``contents[i]``."""

    text: str
    markers: tuple[str, ...]
    contents: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """Why a candidate is none."""

    reason: str


def spans(text: str, terms: Sequence[str] = ()) -> list[Span]:
    """What is protected in a text: spans in order that don't overlap."""
    found: list[Span] = []
    has = signs(text)
    free = [(0, len(text))] if text else []
    if not has.isdisjoint("{["):
        free = _json(text, found)
    for pattern in (*_terms(terms), *PATTERNS):
        if pattern.signs and has.isdisjoint(pattern.signs):
            continue
        if pattern.near is None or pattern.near.search(text):
            free = _take(pattern, text, free, found)
    return sorted(found, key=lambda span: span.start)


def pieces(text: str, terms: Sequence[str] = ()) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it may change; joined they are the text.

    White space, line ends and list marks stand in pieces that may not change, so a generator can't flatten them.
    """
    parts: list[tuple[str, bool]] = []
    at = 0
    for span in [*_known(text, tuple(terms)), Span(len(text), len(text), "")]:
        parts += _prose(text[at : span.start])
        if span.end > span.start:
            parts.append((text[span.start : span.end], False))
        at = span.end
    return parts


def free(text: str, terms: Sequence[str] = ()) -> list[tuple[int, int]]:
    """Where the stretches between the protected spans start and end."""
    found = _known(text, tuple(terms))
    edges = [0, *(edge for span in found for edge in (span.start, span.end)), len(text)]
    return list(zip(edges[::2], edges[1::2], strict=True))


def masked(text: str, terms: Sequence[str] = ()) -> Masked:
    """The text with a marker in place of each protected span; markers occur nowhere else in it."""
    found = _known(text, tuple(terms))
    letter = next(letter for letter in _letters() if f"{letter}0" not in text)
    markers = tuple(f"{letter}0{number}{letter[::-1]}" for number in range(1, len(found) + 1))
    parts, at = [], 0
    for span, marker in zip(found, markers, strict=True):
        parts += [text[at : span.start], marker]
        at = span.end
    return Masked("".join([*parts, text[at:]]), markers, tuple(text[s.start : s.end] for s in found))


def has_prose(it: Masked) -> bool:
    """Whether there are letters beside the markers."""
    markers = "".join(it.markers)
    return sum(map(str.isalpha, it.text)) > sum(map(str.isalpha, markers))


def restored(original: str, it: Masked, out: str, terms: Sequence[str] = ()) -> str | Refused:
    """The candidate with its spans back, or why not: one missing, twice, out of order, altered or made up."""
    at = -1
    for marker, content in zip(it.markers, it.contents, strict=True):
        count = out.count(marker)
        if count != 1:
            return Refused(f"protected {'lost' if not count else 'repeated'}: {_short(content)}")
        place = out.index(marker)
        if place < at:
            return Refused(f"protected out of order: {_short(content)}")
        at = place
    parts, at = [], 0
    for marker, content in zip(it.markers, it.contents, strict=True):
        place = out.index(marker)
        parts += [out[at:place], content]
        at = place + len(marker)
    return verified(original, "".join([*parts, out[at:]]), terms)


def verified(original: str, candidate: str, terms: Sequence[str] = ()) -> str | Refused:
    """The candidate, if it holds the very spans of the original in their order; else why not."""
    want = [original[span.start : span.end] for span in _known(original, tuple(terms))]
    got = contents(candidate, terms)
    if want == got:
        return candidate
    for one, other in zip(want, got, strict=False):
        if one != other:
            return Refused(f"protected altered: {_short(one)} became {_short(other)}")
    rest = want[len(got) :] or got[len(want) :]
    return Refused(f"protected {'lost' if len(want) > len(got) else 'made up'}: {_short(rest[0])}")


def contents(text: str, terms: Sequence[str] = ()) -> list[str]:
    """The protected texts, in order."""
    return [text[span.start : span.end] for span in spans(text, terms)]


@functools.lru_cache(maxsize=8192)
def _known(text: str, terms: tuple[str, ...]) -> list[Span]:
    """The spans of an original, which is asked about again and again."""
    return spans(text, terms)


def _letters() -> Iterator[str]:
    """Beginnings of markers, those most likely to survive a translation first."""
    yield from (a + b for a in "XQZWKJVY" for b in "QZXWKJVY" if a != b)
    yield from (f"XQ{number}QX" for number in itertools.count())


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= 40 else flat[:39] + "…")


# it is enough to know that there are digits and capitals, and small letters there are always
_KINDS = bytes.maketrans((digits + ascii_uppercase).encode(), b"0" * 10 + b"A" * 26)
_SMALL = f"{ascii_lowercase} ".encode()


def signs(text: str) -> set[str]:
    """The characters that a text has: "0" for any digit, "A" for any capital, and none of the small letters."""
    found = set(text.encode("utf-8", "ignore").translate(_KINDS, _SMALL).decode())
    return found | {"0"} if any(map(str.isdecimal, found)) else found


def _terms(terms: Sequence[str]) -> list[Pattern]:
    if not terms:
        return []
    longest = sorted({term for term in terms if term}, key=lambda term: (-len(term), term))
    words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)
    return [Pattern("term", "", words)]


def _take(of: Pattern, text: str, free: list[tuple[int, int]], found: list[Span]) -> list[tuple[int, int]]:
    """Take a pattern's matches out of the free stretches, and return what is left of them."""
    left: list[tuple[int, int]] = []
    for stretch in free:
        at, end = stretch
        # most stretches have nothing of most patterns
        if of.near is not None and not of.near.search(text, at, end):
            left.append(stretch)
            continue
        for match in matches_of(of, text, at, end):
            first, last = match.span()
            if first < last:
                found.append(Span(first, last, of.kind))
                if at < first:
                    left.append((at, first))
                at = last
        if at < end:
            left.append((at, end))
    return left


def matches_of(of: Pattern, text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """A pattern's matches in a stretch, from left to right."""
    if of.pattern is LINES:
        return _by_line(text, start, end)
    if of.near is None:
        return of.pattern.finditer(text, start, end)
    return _near(of.pattern, of.near, of.reach, text, start, end)


def _near(
    pattern: re.Pattern[str], near: re.Pattern[str], reach: int, text: str, start: int, end: int
) -> Iterator[re.Match[str]]:
    """Matches, looked for only around what each of them has, which begins ``reach`` characters after its start at most."""
    at = start
    while (seen := near.search(text, at, end)) and (
        match := pattern.search(text, max(at, seen.start() - reach), end)
    ):
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


_LAYOUT = re.compile(r"(\s*\n\s*(?:(?:[-*+>•]|\#{1,6})[ \t]+)*|^\s*(?:(?:[-*+>•]|\#{1,6})[ \t]+)*|\s+$)")


def _prose(text: str) -> list[tuple[str, bool]]:
    """Prose and the layout between it."""
    parts = []
    for number, part in enumerate(_LAYOUT.split(text)):
        if part:
            prose = number % 2 == 0
            lead, body, tail = _trim(part) if prose else (part, "", "")
            parts += [(one, kind) for one, kind in ((lead, False), (body, True), (tail, False)) if one]
    return parts


def _trim(part: str) -> tuple[str, str, str]:
    """The white space before, the text, the white space after."""
    body = part.strip()
    if not body:
        return part, "", ""
    start = part.index(body)
    return part[:start], body, part[start + len(body) :]
