"""Synonyms that fit: by part of speech, sense, meaning and the words around them; nlpaug draws among those.

Left alone, a dictionary gives "twine" for a string of letters. Here a synonym must be of the word's commonest sense as that
part of speech, be near to it in meaning (cosine of static embeddings), be a word that people use, and stand between its
neighbours as people write (``fluency.py``).

Source: nlpaug (Ma 2019), after Zhang et al. 2015; the sieve of meaning and context after Jin et al. 2020 (TextFooler).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from curation.augment import fluency
from curation.augment.generators import wordnet
from curation.augment.generators.augmenters import tool
from curation.augment.generators.inflect import POS
from curation.augment.generators.words import ENGLISH, Drawn, WordGenerator, cut
from curation.augment.protect import Refused

LEFT_ALONE = "DT"
"""nlpaug replaces no determiners: a word with this tag is out of its reach."""
REMEMBERED = 4_096
VOWELS = tuple("aeiou")


class Fit(NamedTuple):
    """What a text offers: the tag of each word, and the synonyms that fit by (word, part of speech)."""

    tags: tuple[str, ...]
    synonyms: dict[tuple[str, str], tuple[str, ...]]


class SynonymGenerator(WordGenerator):
    """nlpaug's synonym step over the synonyms that fit."""

    def __init__(self, share: float, most: int, terms: tuple[str, ...], senses: int) -> None:
        self.name, self.terms, self.senses, self.languages = "synonym", terms, senses, ENGLISH
        self.identity = f"nlpaug synonym share={share} most={most} senses={senses} v3"
        self._tool = tool("synonym", share, most, self)
        self._known: dict[str, Fit] = {}
        self._fit = Fit((), {})
        self._tags: list[str] = []
        wordnet.load()

    def propose(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str | Refused]:
        """Candidates in the order of the texts."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) + len(fresh) > REMEMBERED:
            self._known, fresh = {}, list(dict.fromkeys(texts))
        self._known |= dict(zip(fresh, self._fits(fresh), strict=True))
        return super().propose(texts, seeds)

    def _one(self, text: str, seed: int) -> Drawn | Refused:
        self._fit = self._known[text]
        if any(tag != LEFT_ALONE for tag in self._fit.tags) or not self._fit.tags:
            return super()._one(text, seed)
        return Refused("no synonym fits")

    def _offered(self, words: Sequence[str]) -> list[int]:
        """The words that have a synonym which fits."""
        places = [place for place in self._tool.offered(words) if self._fit.tags[place] != LEFT_ALONE]
        self._tags = [self._fit.tags[place] for place in places]
        return places

    def pos_tag(self, tokens: list[str]) -> list[tuple[str, str]]:
        """What nlpaug asks of its model: the words that it was handed, with their tags."""
        return list(zip(tokens, self._tags, strict=True))

    def predict(self, word: str, pos: str | None = None) -> list[str]:
        """What nlpaug asks of its model: synonyms of a word as a part of speech."""
        return list(self._fit.synonyms.get((word.lower(), pos or "n"), ()))

    def _fits(self, texts: list[str]) -> list[Fit]:
        cuts = [cut(text, self.terms) for text in texts]
        tags = wordnet.tags([words for words, _ in cuts])
        pairs = [list(zip(words, tagged, strict=True)) for (words, _), tagged in zip(cuts, tags, strict=True)]
        known = wordnet.synonyms([pair for of_text in pairs for pair in of_text], self.senses)
        offers = [
            (place, at, name, cosine)
            for place, ((words, _), of_text) in enumerate(zip(cuts, pairs, strict=True))
            for at, word in enumerate(words)
            for name, cosine in known[of_text[at]]
            if not (
                at
                and words[at - 1].lower() in ("a", "an")
                and word.startswith(VOWELS) != name.startswith(VOWELS)
            )
        ]
        places = [_starts(*one) for one in cuts]
        before, after = [], []
        for place, at, name, _ in offers:
            word, start = cuts[place][0][at], places[place][at]
            left, right = fluency.around(texts[place], start, start + len(word))
            before.append(f"{left}{word}{right}")
            after.append(f"{left}{name}{right}")
        good: list[dict[int, list[str]]] = [{} for _ in texts]
        for (place, at, name, cosine), runs in zip(
            offers, fluency.table().new_runs(before, after), strict=True
        ):
            if fluency.fits(cosine, *runs):
                good[place].setdefault(at, []).append(name)
        return [
            _fit(of_text, [bool(known[pair]) for pair in of_text], found)
            for of_text, found in zip(pairs, good, strict=True)
        ]


def _fit(words: Sequence[tuple[str, str]], any_known: Sequence[bool], good: dict[int, list[str]]) -> Fit:
    """A word that stands in several places takes what fits in all of them, since nlpaug doesn't say which it asks about."""
    synonyms: dict[tuple[str, str], tuple[str, ...]] = {}
    for at, (word, tag) in enumerate(words):
        if any_known[at]:
            here, key = good.get(at, []), (word.lower(), POS[tag])
            synonyms[key] = tuple(name for name in synonyms.get(key, tuple(here)) if name in here)
    kept = [tag if synonyms.get((word.lower(), POS.get(tag, ""))) else LEFT_ALONE for word, tag in words]
    return Fit(tuple(kept), synonyms)


def _starts(words: Sequence[str], glue: Sequence[str]) -> list[int]:
    """Where each word starts in its text."""
    at, found = 0, []
    for word, before in zip(words, glue, strict=False):
        found.append(at + len(before))
        at = found[-1] + len(word)
    return found
