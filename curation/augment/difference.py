"""The word-level difference of two texts, as spans that join to either text, and as one line."""

from __future__ import annotations

import difflib
import re
from typing import Literal, NamedTuple

import numpy as np

PART = re.compile(r"\s+|\w+(?:['’\-]\w+)*|[^\w\s]")
MOST = 2_000
"""Words in what is left between the common beginning and end; longer middles count as all gone, all new."""

FEW = 300
"""Pairs of words that are as quickly looked at one by one."""


class Part(NamedTuple):
    """A stretch of text that stands in both, only before (gone), or only afterwards (new)."""

    kind: Literal["same", "gone", "new"]
    text: str


def parts(before: str, after: str) -> list[Part]:
    """Stretches in order: those that are same or gone join to ``before``, those that are same or new to ``after``.

    >>> [(one.kind, one.text) for one in parts("the red fox", "the auburn fox")]
    [('same', 'the '), ('gone', 'red'), ('new', 'auburn'), ('same', ' fox')]
    """
    left, right = PART.findall(before), PART.findall(after)
    start, most = 0, min(len(left), len(right))
    while start < most and left[start] == right[start]:
        start += 1
    end = 0
    while end < most - start and left[-1 - end] == right[-1 - end]:
        end += 1
    a, b = left[start : len(left) - end], right[start : len(right) - end]
    found = [
        Part("same", "".join(left[:start])),
        *_middle(a, b),
        Part("same", "".join(left[len(left) - end :])),
    ]
    return _merged([part for part in found if part.text])


def _middle(a: list[str], b: list[str]) -> list[Part]:
    if max(len(a), len(b)) > MOST:
        return [Part("gone", "".join(a)), Part("new", "".join(b))]
    found = []
    for action, i, j, k, m in _Matcher(a, b).get_opcodes():
        if action == "equal":
            found.append(Part("same", "".join(a[i:j])))
        else:
            found += [Part("gone", "".join(a[i:j])), Part("new", "".join(b[k:m]))]
    return [part for part in found if part.text]


class _Matcher(difflib.SequenceMatcher[str]):
    """The standard library's comparison, whose search for the longest match looks at all places at once."""

    def __init__(self, a: list[str], b: list[str]) -> None:
        super().__init__(None, a, b, autojunk=False)
        number = {word: place for place, word in enumerate(dict.fromkeys((*a, *b)))}
        left, right = (np.array([number[word] for word in words], np.int64) for words in (a, b))
        # how many words up to here, in both, are the same ones
        self.runs = np.zeros((len(a) + 1, len(b) + 1), np.int32)
        for place, same in enumerate(left[:, None] == right):
            self.runs[place + 1, 1:] = (self.runs[place, :-1] + 1) * same

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> difflib.Match:
        """The longest match between two stretches; of several the first in ``a``, then in ``b``."""
        rows, columns = self.runs.shape
        ahi, bhi = rows - 1 if ahi is None else ahi, columns - 1 if bhi is None else bhi
        if (ahi - alo) * (bhi - blo) < FEW:
            return super().find_longest_match(alo, ahi, blo, bhi)
        inside = np.minimum(np.arange(1, ahi - alo + 1)[:, None], np.arange(1, bhi - blo + 1))
        runs = np.minimum(self.runs[alo + 1 : ahi + 1, blo + 1 : bhi + 1], inside)
        i, j = divmod(int(runs.argmax()), bhi - blo)
        size = int(runs[i, j])
        return (
            difflib.Match(alo + i - size + 1, blo + j - size + 1, size)
            if size
            else difflib.Match(alo, blo, 0)
        )


def _merged(found: list[Part]) -> list[Part]:
    """A lone space between two changes belongs to them: a phrase reads as one change, not as one a word."""
    out: list[Part] = []
    held = {"gone": "", "new": ""}

    def release() -> None:
        out.extend(Part(kind, held[kind]) for kind in ("gone", "new") if held[kind])
        held.update(gone="", new="")

    for place, part in enumerate(found):
        between = 0 < place < len(found) - 1 and found[place - 1].kind != "same" != found[place + 1].kind
        if part.kind != "same":
            held[part.kind] += part.text
        elif part.text == " " and between:
            held["gone"] += " "
            held["new"] += " "
        else:
            release()
            out.append(part)
    release()
    return out


def line(before: str, after: str) -> str:
    """The changes alone, as ``-old +new`` with an ellipsis between places.

    >>> line("the red fox ran", "the auburn fox ran off")
    '-red +auburn … +off'
    """
    told: list[str] = []
    open_ = False
    for part in parts(before, after):
        if part.kind == "same":
            open_ = False
            continue
        words = " ".join(part.text.split()) or "␣"
        mark = f"{'-' if part.kind == 'gone' else '+'}{words}"
        if open_:
            told[-1] += f" {mark}"
        else:
            told.append(mark)
        open_ = True
    return " … ".join(told)
