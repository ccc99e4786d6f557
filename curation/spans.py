"""Where each word of a text stands in it: the slow way to the words that ``words.hash_words`` hashes."""

from __future__ import annotations

import numpy as np

from curation.letters import ALONE, LAST, NOTHING, PART, letters
from curation.words import I64, LONGEST, running


def word_spans(text: str) -> tuple[I64, I64]:
    """The starts and ends, in characters, of every word of a text, as ``hash_words`` counts words."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    tables = letters()
    known = np.minimum(codes, LAST)
    places = np.flatnonzero(tables.kind[known] != NOTHING)
    kinds, lower = tables.kind[known][places], tables.lower[known][places]
    part = kinds == PART
    starts = np.flatnonzero((kinds == ALONE) | (part & ~np.concatenate(([False], part[:-1]))))
    borders = np.flatnonzero(~part)
    ends = np.append(borders, kinds.size)[np.searchsorted(borders, starts, side="right")]
    ends = np.where(kinds[starts] == ALONE, starts + 1, ends)
    sizes = running(1 + (lower >= 0x80).astype(np.int64) + (lower >= 0x800) + (lower >= 0x10000))
    pieces = -(-(sizes[ends] - sizes[starts]) // LONGEST)
    if pieces.size and int(pieces.max()) > 1:
        number = np.arange(int(pieces.sum())) - np.repeat(running(pieces)[:-1], pieces)
        first, last = np.repeat(starts, pieces), np.repeat(ends, pieces)
        at = sizes[first] + number * LONGEST
        starts = np.searchsorted(sizes, at, side="right") - 1
        ends = np.minimum(np.searchsorted(sizes, at + LONGEST), last)
    return places[starts], places[ends - 1] + 1
