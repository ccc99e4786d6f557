"""The word-level difference of two texts, as spans that join to either text, and as one line."""

from __future__ import annotations

import difflib
import re
from typing import Literal, NamedTuple

PART = re.compile(r"\s+|\w+(?:['’\-]\w+)*|[^\w\s]")
MOST = 2_000
"""Words in what is left between the common beginning and end; longer middles count as all gone, all new."""


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
    for action, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if action == "equal":
            found.append(Part("same", "".join(a[i:j])))
        else:
            found += [Part("gone", "".join(a[i:j])), Part("new", "".join(b[k:m]))]
    return [part for part in found if part.text]


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
