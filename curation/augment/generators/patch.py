"""Of a rough rewriting, the changes alone that read well: the rest of the text stays as it was.

Rule-based translation gives "illness" for "disease" and, two words on, "tent of vegetable" for "vegetable shop". A change is
kept where it means the same (cosine of static embeddings), leaves the grammar's small words as they are, and stands between
its neighbours as people write (``fluency.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from curation.augment import difference, fluency
from curation.augment.generators.lists import FIRM, GRAMMAR, SMALL
from curation.augment.generators.wordnet import forms_of_one

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
TIES = SMALL | GRAMMAR | FIRM
NEAR = 0.62
"""Least cosine of what was replaced and what replaces it: a translation gives words that no dictionary of synonyms has checked."""
LONG = 4
"""Words of a change at most: longer ones are new sentences, which runs of words can't judge."""


class Change(NamedTuple):
    """A stretch of the old text, and what would stand in its place."""

    text: int
    start: int
    gone: str
    new: str


def patched(
    before: Sequence[str], after: Sequence[str], means: Callable[[str, str], bool] | None = None
) -> list[str]:
    """Each old text with those changes of the new one that read well; itself where none does.

    ``means`` says of two words whether they can mean the same; without it their cosine decides.
    """
    offers = [
        one
        for place, pair in enumerate(zip(before, after, strict=True))
        for one in changes(place, *pair)
        if _same_grammar(one)
    ]
    old, new = [], []
    for one in offers:
        left, right = fluency.around(before[one.text], one.start, one.start + len(one.gone))
        old.append(f"{left}{one.gone}{right}")
        new.append(f"{left}{one.new}{right}")
    cosines = _likeness([(one.gone, one.new) for one in offers])
    found = list(before)
    judged = zip(offers, cosines, fluency.table().new_runs(old, new), strict=True)
    for one, cosine, (pairs, triples) in reversed(list(judged)):
        same = cosine >= NEAR if means is None else means(one.gone.strip(), one.new.strip())
        if same and fluency.fits(cosine, pairs, triples):
            text = found[one.text]
            found[one.text] = text[: one.start] + one.new + text[one.start + len(one.gone) :]
    return found


def changes(place: int, before: str, after: str) -> list[Change]:
    """The replacements between two texts, from left to right; what was only put in or left out is none."""
    found, at, gone = [], 0, ""
    for kind, text in difference.parts(before, after):
        if kind == "new":
            if gone:
                found.append(Change(place, at - len(gone), gone, text))
            gone = ""
            continue
        gone = text if kind == "gone" else ""
        at += len(text)
    return found


def _same_grammar(one: Change) -> bool:
    """Whether words of meaning were replaced, by others, and pronouns, verbs of help and the like are the same ones."""
    old, new = ([word.lower() for word in WORD.findall(text)] for text in (one.gone, one.new))
    if (
        not old
        or not new
        or max(len(old), len(new)) > LONG
        or one.gone[:1].isupper() != one.new[:1].isupper()
    ):
        return False
    if any(word[:1].isupper() for word in WORD.findall(one.gone)[1:] + WORD.findall(one.new)[1:]):
        return False
    small = [sorted(word for word in words if word in TIES) for words in (old, new)]
    said = [[word for word in words if word not in TIES] for words in (old, new)]
    if not said[0] or not said[1] or small[0] != small[1]:
        return False
    lost, come = ([word for word in a if word not in b] for a, b in (said, said[::-1]))
    return bool(lost and come) and not any(forms_of_one(a, b) for a in lost for b in come)


def _likeness(pairs: Sequence[tuple[str, str]]) -> list[float]:
    from curation.embedding import load_encoder
    from curation.embedding.numbers import lengths

    if not pairs:
        return []
    encoder = load_encoder("static")
    left, right = (encoder.encode([pair[side] for pair in pairs], 32) for side in (0, 1))
    dots = (left.astype("int64") * right.astype("int64")).sum(axis=1)
    return [float(value) for value in dots / (lengths(left) * lengths(right))]
