"""Noise that misleads is taken back: a slip that is another word, a swap across a comma, a word of one letter split off.

People mistype "hold" as "hols"; "hole" is another question.
"""

from __future__ import annotations

from collections.abc import Sequence

from curation.augment.generators.lists import is_firm

FEWEST = 2
"""Letters of each half of a word that is split."""


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


def long_halves(out: Sequence[str], kept: type[str]) -> list[str]:
    """Words after a split, where each half has two letters at least; those of the type ``kept`` weren't split."""
    found, at = list(out), 0
    while at + 1 < len(found):
        one, two = found[at], found[at + 1]
        if isinstance(one, kept) or isinstance(two, kept):
            at += 1
            continue
        word = str(one) + str(two)
        cut = min(max(len(one), FEWEST), len(word) - FEWEST)
        found[at : at + 2] = [word[:cut], word[cut:]]
        at += 2
    return found
