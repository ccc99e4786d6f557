"""nlpaug's WordNet with what it lacks: a tagger that is loaded once, look-ups that are remembered, and caution.

Only words in their base form are replaced, since a dictionary gives base forms and "bikes" would become "bicycle";
names and common words are left alone; and only the most frequent senses of a word count.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from curation.augment import resources
from curation.augment.generators.words import COMMON

BASE_FORMS = {"NN": "n", "VB": "v", "VBP": "v", "JJ": "a", "RB": "r"}
LEFT_ALONE = "DT"
"""nlpaug replaces no determiners: a word with this tag is out of its reach."""
PLAIN = re.compile(r"[a-z]{3,}")


class CachedWordNet:
    """The two questions that nlpaug's synonym step asks: the tags of a text's words, the synonyms of one."""

    def __init__(self, senses: int) -> None:
        self.senses = senses
        _tagger()
        _wordnet()

    def pos_tag(self, tokens: list[str]) -> list[tuple[str, str]]:
        """Words with their tags; those that must not be replaced bear LEFT_ALONE."""
        return list(_tags(tuple(map(str, tokens)), self.senses))

    def predict(self, word: str, pos: str | None = None) -> list[str]:
        """Synonyms of a word as a part of speech."""
        return list(_synonyms(word.lower(), pos or "n", self.senses))


@functools.lru_cache(maxsize=8192)
def _tags(tokens: tuple[str, ...], senses: int) -> tuple[tuple[str, str], ...]:
    found = []
    for word, tag in _tagger().tag(list(tokens)):
        pos = BASE_FORMS.get(tag)
        plain = pos is not None and PLAIN.fullmatch(word.lower()) and word.lower() not in COMMON
        found.append((word, tag if pos and plain and _synonyms(word.lower(), pos, senses) else LEFT_ALONE))
    return tuple(found)


@functools.lru_cache(maxsize=65536)
def _synonyms(word: str, pos: str, senses: int) -> tuple[str, ...]:
    """Lemmas of the first senses, most frequent first; single words and short phrases of letters."""
    wordnet = _wordnet()
    if pos == "n" and wordnet.morphy(word, "n") not in (word, None):
        return ()
    names = [lemma.name() for sense in wordnet.synsets(word, pos=pos)[:senses] for lemma in sense.lemmas()]
    fit = [name for name in names if name.islower() and name.replace("_", "").isalpha() and name != word]
    return tuple(dict.fromkeys(fit))


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
