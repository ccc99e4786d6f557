"""nlpaug on the words of prose: synonym, spelling, keyboard, swap, delete and split.

nlpaug's own tokenizer flattens line ends and takes code and numbers for words. Here it is handed the words of the
prose alone; whatever stands between them (spaces, punctuation, protected spans) is woven back unchanged.

Source: nlpaug (Ma, 2019); synonyms as in Zhang et al. 2015, swap and delete as in Wei and Zou 2019 (EDA), noise
as in Belinkov and Bisk 2018.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import NamedTuple

from curation.augment import protect
from curation.augment.generators import readable
from curation.augment.protect import Refused

ENGLISH = frozenset({"en"})
WORD = re.compile(r"([^\W\d_]+(?:['’\-][^\W\d_]+)*)")


MOVING = ("delete", "split")


class Word(str):
    """A word that knows its place, so that what is left of a list can be woven back."""

    __slots__ = ("place",)
    place: int

    def __new__(cls, text: str, place: int) -> Word:
        """A text with its place."""
        word = str.__new__(cls, text)
        word.place = place
        return word


class Drawn(NamedTuple):
    """The words of a text, what becomes of each, and what stands between them."""

    words: tuple[str, ...]
    changed: list[str]
    glue: tuple[str, ...]


class WordGenerator:
    """One of nlpaug's augmenters, kept to the words of the prose."""

    def __init__(self, name: str, share: float, most: int, terms: tuple[str, ...]) -> None:
        from curation.augment.generators.augmenters import tool

        self.identity = f"nlpaug {name} share={share} most={most} v3"
        self.languages = None if name in ("keyboard", "swap", "split") else ENGLISH
        self.name, self.terms = name, terms
        self._tool = tool(name, share, most)

    def propose(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str | Refused]:
        """Candidates in the order of the texts."""
        with own_chance():
            drawn = [self._one(text, seed) for text, seed in zip(texts, seeds, strict=True)]
        if self.name == "keyboard":
            readable.other_words([(one.words, one.changed) for one in drawn if isinstance(one, Drawn)])
        return [self._put(text, one) for text, one in zip(texts, drawn, strict=True)]

    def _one(self, text: str, seed: int) -> Drawn | str | Refused:
        """What nlpaug draws for a text: as many words as there were, or a whole text, or why there is none."""
        import numpy as np

        words, glue = cut(text, self.terms)
        if not words:
            return Refused("no prose to change")
        random.seed(seed)
        np.random.seed(seed % 2**32)
        places = self._offered(words)
        given = [words[place] for place in places]
        # where words may go or become two, those that stay say where they stood
        if self.name in MOVING:
            given = [Word(words[place], place) for place in places]
        out = self._tool(list(given), len(words))
        if out is None:
            return Refused("no word that may change")
        if self.name == "split":
            out = readable.long_halves(out, Word)
        if len(out) != len(given):
            return _woven(out, words, glue)
        changed = list(words)
        for place, word in zip(places, out, strict=True):
            changed[place] = word
        if self.name == "swap":
            readable.far_swaps(words, changed, glue)
        return Drawn(words, changed, glue)

    def _put(self, text: str, drawn: Drawn | str | Refused) -> str | Refused:
        """The candidate, where something changed and every protected span is in place."""
        if isinstance(drawn, Refused):
            return drawn
        candidate = _joined(drawn.changed, drawn.glue) if isinstance(drawn, Drawn) else drawn
        return (
            Refused("nothing changed") if candidate == text else protect.verified(text, candidate, self.terms)
        )

    def _offered(self, words: Sequence[str]) -> list[int]:
        """Which words nlpaug is handed."""
        return self._tool.offered(words)


@functools.lru_cache(maxsize=4096)
def cut(text: str, terms: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of the prose, and what stands before each of them and after the last."""
    words: list[str] = []
    glue, at = [""], 0
    for start, end in protect.free(text, terms):
        first, *parts = WORD.split(text[start:end])
        glue[-1] += text[at:start] + first
        words += parts[::2]
        glue += parts[1::2]
        at = end
    glue[-1] += text[at:]
    return tuple(words), tuple(glue)


def _joined(words: Sequence[str], glue: Sequence[str]) -> str:
    """As many words as there were, back between their glue."""
    return "".join(chain.from_iterable(zip(glue, words, strict=False))) + glue[-1]


def _woven(out: Sequence[str], words: Sequence[str], glue: Sequence[str]) -> str:
    """Fewer words or more back between the glue: those left unchanged hold their places."""
    slots: list[list[str]] = [[] for _ in words]
    at = 0
    for place, word in enumerate(out):
        if isinstance(word, Word) and word.place >= at:
            at = word.place
        else:
            nearest = next((w.place for w in out[place + 1 :] if isinstance(w, Word)), len(words))
            at = min(at + 1 if slots[at] and at + 1 < nearest else at, len(words) - 1)
        slots[at].append(word)
    text = ""
    for before, found in zip(glue, slots, strict=False):
        text += before.lstrip(" ") if text.endswith(" ") or not text else before
        text += " ".join(found)
    tail = glue[-1]
    return text.rstrip(" ") + tail if tail[:1] in ".,;:!?" else text + tail


@contextmanager
def own_chance() -> Iterator[None]:
    """Nlpaug draws from the two global generators: theirs is put back afterwards."""
    import numpy as np

    plain, fast = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(plain)
        np.random.set_state(fast)
