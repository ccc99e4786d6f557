"""WordNet and the tagger, loaded once and remembered: tags of words, and synonyms near in meaning.

A synonym is inflected as the word is; names and common words have none; of a word's senses the most frequent alone count.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from curation.augment import fluency, resources
from curation.augment.generators.inflect import POS, form, lemma
from curation.augment.generators.lists import COMMON, FIRM

PLAIN = re.compile(r"[A-Z]?[a-z]{3,}")
NEAR = 0.5
"""Least cosine of a word and its synonym: "shop" and "store" have 0.60, "string" and "twine" 0.02."""
ALIKE = 4
"""Letters that both begin with from which on they are forms of one word: "organise" is nothing new for "organize"."""


def load() -> None:
    """Load both. Raises MissingResource naming the install step, MissingExtra without NLTK."""
    _tagger()
    _wordnet()


@functools.lru_cache(maxsize=4096)
def tags(words: tuple[str, ...]) -> tuple[str, ...]:
    """The part of speech of each word, in the Penn Treebank's tags."""
    return tuple(tag for _, tag in _tagger().tag(list(words)))


@functools.lru_cache(maxsize=65536)
def synonyms(word: str, tag: str, senses: int) -> tuple[tuple[str, float], ...]:
    """Single words, inflected alike, in use, and near in meaning; each with its cosine to the word.

    Both words must mean it first: the sense is among the first ``senses`` of either.
    """
    low = word.lower()
    if tag not in POS or not PLAIN.fullmatch(word) or low in COMMON or low in FIRM:
        return ()
    wordnet, pos = _wordnet(), POS[tag]
    base = lemma(low, tag, wordnet)
    if base is None or base in COMMON or base in FIRM:
        return ()
    names = dict.fromkeys(
        name
        for sense in wordnet.synsets(base, pos=pos)[:senses]
        for name in (one.name() for one in sense.lemmas())
        if name.islower() and name.isalpha() and not forms_of_one(name, base)
        if sense in wordnet.synsets(name, pos=pos)[:senses]
    )
    forms = [shaped for name in names if name not in FIRM and (shaped := form(name, tag, wordnet))]
    if not forms:
        return ()
    known, near = fluency.table().knows(forms), _likeness(low, forms)
    return tuple(
        (name, cosine) for name, use, cosine in zip(forms, known, near, strict=True) if use and cosine >= NEAR
    )


def share_a_sense(one: str, other: str) -> bool:
    """Whether two words can mean the same: they, or their base forms, stand in one set of synonyms or in like ones."""
    wordnet = _wordnet()
    mine, theirs = wordnet.synsets(one.lower()), set(wordnet.synsets(other.lower()))
    return any(sense in theirs or any(like in theirs for like in sense.similar_tos()) for sense in mine)


def forms_of_one(one: str, other: str) -> bool:
    """Whether two words begin so much alike that they are forms of one."""
    shared = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return shared >= min(ALIKE, len(one), len(other))


def _likeness(word: str, names: list[str]) -> list[float]:
    from curation.embedding import cosines, load_encoder

    found = load_encoder("static").encode([word, *names], 16)
    return [float(value) for value in cosines(found[:1], found[1:])[0]]


@functools.cache
def _tagger() -> Any:
    resources.need(resources.TAGGER, "the part-of-speech tagger")
    from nltk.tag import PerceptronTagger

    tagger = PerceptronTagger()
    tagger.model.predict = _Predict(tagger.model.weights, sorted(tagger.model.classes))
    return tagger


class _Predict:
    """NLTK's prediction with the weights in one matrix: the same answer without a Python loop over labels."""

    def __init__(self, weights: dict[str, dict[str, float]], labels: list[str]) -> None:
        import numpy as np

        column = {label: place for place, label in enumerate(labels)}
        self.labels, self.row = labels, {feature: place for place, feature in enumerate(weights)}
        self.matrix = np.zeros((len(weights), len(labels)))
        for place, of in enumerate(weights.values()):
            for label, weight in of.items():
                self.matrix[place, column[label]] = weight

    def __call__(self, features: dict[str, float], return_conf: bool = False) -> tuple[str, None]:
        """The best label, the last in the alphabet among equals, as NLTK has it."""
        del return_conf
        rows = [self.row[name] for name, count in features.items() if count and name in self.row]
        scores = self.matrix[rows].sum(axis=0)
        return self.labels[len(scores) - 1 - int(scores[::-1].argmax())], None


@functools.cache
def _wordnet() -> Any:
    resources.need(resources.WORDNET, "WordNet")
    from nltk.corpus import wordnet

    wordnet.ensure_loaded()
    return wordnet
