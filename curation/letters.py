"""What each Unicode character is to a word, as tables: part of one, a word by itself, nothing, or a border."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

BORDER, PART, ALONE, NOTHING = 0, 1, 2, 3
LAST = 0x32400
"""Above it stand no letters: emoji stand below, tags and private characters above."""
SPACELESS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3038, 0x303B),
    (0x3041, 0x30FF),  # kana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x1B000, 0x1B16F),
    (0x20000, 0x323AF),
)
"""Code points of scripts that set no spaces between words: there every character counts as a word."""
IGNORED = frozenset({0xAD, 0x20E3, 0x2060, 0xFEFF, *range(0x200B, 0x2010), *range(0xFE00, 0xFE10)})
"""Joiners, direction marks and variation selectors: they are no part of a word and no border either."""


class Letters(NamedTuple):
    """Two tables by code point: its kind (one of the four above) and its lower case."""

    kind: npt.NDArray[np.uint8]
    lower: npt.NDArray[np.uint32]


@cache
def letters() -> Letters:
    """The tables, made once; a part of a word is a letter, mark, number or connector."""
    kind = np.full(LAST + 1, BORDER, dtype=np.uint8)
    lower = np.arange(LAST + 1, dtype=np.uint32)
    wordly = frozenset("LMN")
    for code in range(LAST):
        category = unicodedata.category(chr(code))
        if category[0] in wordly or category == "Pc":
            kind[code] = PART
            if category in ("Lu", "Lt"):
                lower[code] = ord(chr(code).lower()[0])
    for first, last in SPACELESS:
        kind[first : last + 1][kind[first : last + 1] == PART] = ALONE
    kind[sorted(IGNORED)] = NOTHING
    return Letters(kind, lower)
