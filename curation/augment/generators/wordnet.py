"""WordNet and the tagger, loaded once and remembered: tags of words, and synonyms near in meaning.

A synonym is inflected as the word is; names and common words have none; of a word's senses the most frequent alone count.
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from curation.augment import fluency, resources
from curation.augment.garbage import lasting
from curation.augment.generators import library
from curation.augment.generators.inflect import POS, form, lemma
from curation.augment.generators.lists import COMMON, FIRM
from curation.augment.generators.tagger import Tagger

WITHOUT = frozenset({"sklearn", "scipy.stats"})
"""What NLTK loads and isn't asked for here."""
REMEMBERED = 65_536
"""Words whose synonyms are remembered."""
_SYNONYMS: dict[tuple[str, str, int], tuple[tuple[str, float], ...]] = {}
PLAIN = re.compile(r"[A-Z]?[a-z]{3,}")
NEAR = 0.5
"""Least cosine of a word and its synonym: "shop" and "store" have 0.60, "string" and "twine" 0.02."""
ALIKE = 4
"""Letters that both begin with from which on they are forms of one word: "organise" is nothing new for "organize"."""


def load() -> None:
    """Load both. Raises MissingResource naming the install step, MissingExtra without NLTK."""
    _tagger()
    _wordnet()


def tags(texts: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The part of speech of each word of each text, in the Penn Treebank's tags."""
    return _tagger().tag(texts)


def synonyms(
    words: Sequence[tuple[str, str]], senses: int
) -> dict[tuple[str, str], tuple[tuple[str, float], ...]]:
    """By word and tag: single words, inflected alike, in use, and near in meaning; each with its cosine to the word.

    Both words must mean it first: the sense is among the first ``senses`` of either.
    """
    if len(_SYNONYMS) > REMEMBERED:
        _SYNONYMS.clear()
    asked = dict.fromkeys(words)
    found = {one: known for one in asked if (known := _SYNONYMS.get((*one, senses))) is not None}
    forms = {one: _forms(*one, senses) for one in asked if one not in found}
    used, near = _in_use(forms), _likeness(forms)
    for one, shaped in forms.items():
        found[one] = _SYNONYMS[(*one, senses)] = tuple(
            (name, near[one][name]) for name in shaped if name in used and near[one][name] >= NEAR
        )
    return found


def _forms(word: str, tag: str, senses: int) -> list[str]:
    """The words that share a sense with one, inflected as it is."""
    low = word.lower()
    if tag not in POS or not PLAIN.fullmatch(word) or low in COMMON or low in FIRM:
        return []
    wordnet, pos = _wordnet(), POS[tag]
    base = lemma(low, tag, wordnet)
    if base is None or base in COMMON or base in FIRM:
        return []
    names = dict.fromkeys(
        name
        for sense in wordnet.synsets(base, pos=pos)[:senses]
        for name in (one.name() for one in sense.lemmas())
        if name.islower() and name.isalpha() and not forms_of_one(name, base)
        if sense in wordnet.synsets(name, pos=pos)[:senses]
    )
    return [shaped for name in names if name not in FIRM and (shaped := form(name, tag, wordnet))]


def forms_of_one(one: str, other: str) -> bool:
    """Whether two words begin so much alike that they are forms of one."""
    shared = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return shared >= min(ALIKE, len(one), len(other))


def _in_use(forms: Mapping[tuple[str, str], Sequence[str]]) -> set[str]:
    """Those of some words that people use."""
    words = list(dict.fromkeys(name for shaped in forms.values() for name in shaped))
    return {word for word, use in zip(words, fluency.table().knows(words), strict=True) if use}


def _likeness(forms: Mapping[tuple[str, str], Sequence[str]]) -> dict[tuple[str, str], dict[str, float]]:
    """The cosines of words to their forms."""
    from curation.embedding import cosines, load_encoder

    texts = [text for (word, _), shaped in forms.items() if shaped for text in (word.lower(), *shaped)]
    vectors = load_encoder("static").encode(texts, 16)
    found, at = dict[tuple[str, str], dict[str, float]](), 0
    for one, shaped in forms.items():
        found[one], start = {}, at + 1
        if shaped:
            at = start + len(shaped)
            values = cosines(vectors[start - 1 : start], vectors[start:at])[0].tolist()
            found[one] = dict(zip(shaped, values, strict=True))
    return found


@functools.cache
def _tagger() -> Tagger:
    with resources.loading(resources.TAGGER, "the part-of-speech tagger"), library.light(WITHOUT), lasting():
        from nltk.tag import PerceptronTagger

        plain = PerceptronTagger()
        return Tagger(plain.model.weights, plain.tagdict, plain.classes)


@functools.cache
def _wordnet() -> Any:
    with resources.loading(resources.WORDNET, "WordNet"), library.light(WITHOUT), lasting():
        from nltk.corpus import LazyCorpusLoader
        from nltk.corpus.reader import WordNetCorpusReader

        class English(WordNetCorpusReader):  # type: ignore[misc]
            """Without the way from other editions' senses to this one's, which other languages need: half of the loading."""

            def map_wn(self, *_: object) -> None:
                return None

        wordnet = LazyCorpusLoader("wordnet", English, None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there are no other languages
            wordnet.ensure_loaded()
    return wordnet
