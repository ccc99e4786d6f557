"""Noise that misleads is taken back: a slip that is another word, a swap across a comma, a word of one letter split off.

People mistype "hold" as "hols"; "hole" is another question.
"""

from __future__ import annotations

from collections.abc import Sequence

from curation.augment.generators.lists import is_firm

FEWEST = 2
"""Letters of each half of a word that is split."""
SIGNS = ".,;:!?"
"""Signs that no space stands before; so it is at the end of a text."""
OPEN = " \n(["
"""What no space stands behind; so it is at the beginning of a text."""


def other_words(changes: Sequence[tuple[Sequence[str], list[str]]]) -> None:
    """Take back, in each pair of words before and after, changes that make a word which people write; all asked for at once."""
    from curation.augment.fluency import table

    places = [
        (after, at, old)
        for before, after in changes
        for at, (old, new) in enumerate(zip(before, after, strict=True))
        if old != new
    ]
    known = table().knows([after[at].lower() for after, at, _ in places]) if places else ()
    for (after, at, old), real in zip(places, known, strict=True):
        if real:
            after[at] = old


def far_swaps(before: Sequence[str], after: list[str], glue: Sequence[str]) -> None:
    """Take back all swaps but those of two words with one space between them, and those of words that nothing may move.

    nlpaug chooses a word that may move, and one of its neighbours, whatever that is.
    """
    at = 0
    while at < len(after):
        if after[at] == before[at]:
            at += 1
            continue
        end = at
        while end < len(after) and after[end] != before[end]:
            end += 1
        if end - at != 2 or glue[at + 1] != " " or any(map(is_firm, before[at:end])):
            after[at:end] = before[at:end]
        at = end


def long_halves(before: Sequence[str], after: list[str]) -> None:
    """Move the cut of words that were split, so that each half has two letters at least."""
    for at, (word, now) in enumerate(zip(before, after, strict=True)):
        if now != word:
            cut = min(max(now.index(" "), FEWEST), len(word) - FEWEST)
            after[at] = f"{word[:cut]} {word[cut:]}"


def closed_up(words: Sequence[str], glue: Sequence[str]) -> list[str]:
    """What stands between words, some of which are gone (empty): no space twice, none before a sign that ends or parts a sentence."""
    found = list(glue)
    for at, word in enumerate(words):
        if not word:
            before, after = found[at], found[at + 1]
            if after[:1] in SIGNS:
                before = before.rstrip(" ")
            elif before[-1:] in OPEN:
                after = after.lstrip(" ")
            found[at], found[at + 1] = "", before + after
    return found
