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
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from curation.augment.spans import Span, spans


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
