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
PLAIN = re.compile(r"([A-Za-z]+(?:['\-][A-Za-z]+)*)")
"""A word, and the same in ASCII, where letters are found faster."""


class Drawn(NamedTuple):
    """The words of a text, what becomes of each (empty where it goes), and what stands between them."""

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

    def _one(self, text: str, seed: int) -> Drawn | Refused:
        """What nlpaug draws for a text, or why there is nothing."""
        import numpy as np

        words, glue = cut(text, self.terms)
        if not words:
            return Refused("no prose to change")
        random.seed(seed)
        np.random.seed(seed % 2**32)
        places = self._offered(words)
        out = self._tool([words[place] for place in places], len(words))
        if out is None:
            return Refused("no word that may change")
        changed = list(out if len(out) == len(words) else words)
        if len(out) < len(words):
            for place, word in zip(places, out, strict=True):
                changed[place] = word
        if self.name == "swap":
            readable.far_swaps(words, changed, glue)
        if self.name == "split":
            readable.long_halves(words, changed)
        if self.name == "delete":
            glue = tuple(readable.closed_up(changed, glue))
        return Drawn(words, changed, glue)

    def _put(self, text: str, drawn: Drawn | Refused) -> str | Refused:
        """The candidate, where something changed and every protected span is in place."""
        if isinstance(drawn, Refused):
            return drawn
        candidate = _joined(drawn.changed, drawn.glue)
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
        stretch = text[start:end]
        first, *parts = (PLAIN if stretch.isascii() else WORD).split(stretch)
        glue[-1] += text[at:start] + first
        words += parts[::2]
        glue += parts[1::2]
        at = end
    glue[-1] += text[at:]
    return tuple(words), tuple(glue)


def _joined(words: Sequence[str], glue: Sequence[str]) -> str:
    """The words back between their glue."""
    return "".join(chain.from_iterable(zip(glue, words, strict=False))) + glue[-1]


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
