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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from curation.augment import protect
from curation.augment.protect import Refused
from curation.errors import MissingExtra

WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
COMMON = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "if",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "of",
        "off",
        "on",
        "onto",
        "out",
        "over",
        "to",
        "up",
        "with",
        "without",
        "be",
        "am",
        "is",
        "are",
        "was",
        "were",
        "been",
        "being",
        "do",
        "does",
        "did",
        "done",
        "doing",
        "have",
        "has",
        "had",
        "having",
        "can",
        "could",
        "may",
        "might",
        "must",
        "shall",
        "should",
        "will",
        "would",
        "not",
        "no",
        "nor",
        "so",
        "than",
        "that",
        "this",
        "these",
        "those",
        "there",
        "here",
        "it",
        "its",
        "i",
        "me",
        "my",
        "mine",
        "we",
        "us",
        "our",
        "you",
        "your",
        "he",
        "him",
        "his",
        "she",
        "her",
        "they",
        "them",
        "their",
        "who",
        "whom",
        "whose",
        "which",
        "what",
        "when",
        "where",
        "why",
        "how",
        "all",
        "any",
        "both",
        "each",
        "few",
        "more",
        "most",
        "other",
        "some",
        "such",
        "only",
        "own",
        "same",
        "too",
        "very",
        "just",
        "also",
        "about",
        "after",
        "again",
        "against",
        "before",
        "between",
        "during",
        "then",
        "once",
        "get",
        "got",
        "gets",
        "go",
        "goes",
        "went",
        "let",
        "lets",
        "make",
        "makes",
        "made",
        "take",
        "takes",
        "took",
        "put",
        "like",
        "one",
        "two",
        "three",
        "first",
        "last",
        "much",
        "many",
        "well",
        "yes",
        "please",
    ]
)
"""Words whose dictionary synonyms are nearly always of another sense."""


class Word(str):
    """A word that knows its place, so that what is left of a list can be woven back."""

    place: int

    def __new__(cls, text: str, place: int) -> Word:
        """A text with its place."""
        word = super().__new__(cls, text)
        word.place = place
        return word


class WordGenerator:
    """One of nlpaug's augmenters, kept to the words of the prose."""

    def __init__(self, name: str, share: float, most: int, terms: tuple[str, ...], senses: int = 1) -> None:
        self.identity = f"nlpaug {name} share={share} most={most} senses={senses} v1"
        self.languages = frozenset({"en"}) if name in ("synonym", "spelling") else None
        self.terms, self.name = terms, name
        self._words: list[str] = []
        self._augment = _augmenter(name, share, most, senses, lambda _: self._words)

    def propose(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str | Refused]:
        """Candidates in the order of the texts."""
        with own_chance():
            return [self._one(text, seed) for text, seed in zip(texts, seeds, strict=True)]

    def _one(self, text: str, seed: int) -> str | Refused:
        import numpy as np

        words, glue = _cut(text, self.terms)
        if not words:
            return Refused("no prose to change")
        random.seed(seed)
        np.random.seed(seed % 2**32)
        self._words = [Word(word, place) for place, word in enumerate(words)]
        # the tokenizer above answers with the words, so what is passed here only has to be a text
        out = self._augment("words")
        candidate = _woven(out, self._words, glue)
        if candidate == text:
            return Refused("nothing changed")
        return protect.verified(text, candidate, self.terms)


@functools.lru_cache(maxsize=4096)
def _cut(text: str, terms: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of the prose, and what stands before each of them and after the last."""
    words, glue, at, base = [], [], 0, 0
    for part, free in protect.pieces(text, terms):
        for match in WORD.finditer(part) if free else ():
            words.append(match.group())
            glue.append(text[at : base + match.start()])
            at = base + match.end()
        base += len(part)
    return tuple(words), (*glue, text[at:])


def _woven(out: Sequence[str], words: Sequence[str], glue: Sequence[str]) -> str:
    """Words back between their glue. Where words are missing or more, those left unchanged hold their places."""
    if len(out) == len(words):
        return "".join(part for pair in zip(glue, out, strict=False) for part in pair) + glue[-1]
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


def _augmenter(
    name: str, share: float, most: int, senses: int, tokens: Callable[[str], list[str]]
) -> Callable[[str], list[str]]:
    """The augmenter's action: a text in, words out."""
    try:
        import nlpaug.augmenter.char as by_char
        import nlpaug.augmenter.word as by_word
    except ModuleNotFoundError as error:
        raise MissingExtra.of(str(error.name).split(".")[0], "augment") from None
    given: dict[str, Any] = {"tokenizer": tokens, "reverse_tokenizer": lambda out: out}
    size = {**given, "aug_p": share, "aug_max": most}
    if name == "synonym":
        from curation.augment.generators.wordnet import CachedWordNet

        synonym = by_word.SynonymAug.__new__(by_word.SynonymAug)
        by_word.WordAugmenter.__init__(synonym, action="substitute", name=name, **size)
        synonym.aug_src, synonym.lang, synonym.model = "wordnet", "eng", CachedWordNet(senses)
        return synonym.substitute  # type: ignore[no-any-return]
    if name == "spelling":
        spelling = by_word.SpellingAug(**size)
        # the dictionary is read by way of sets, whose order differs from process to process
        spelling.model.dict = {key: sorted(values) for key, values in sorted(spelling.model.dict.items())}
        return spelling.substitute  # type: ignore[no-any-return]
    if name == "keyboard":
        keyboard = by_char.KeyboardAug(
            **given, aug_word_p=share, aug_word_max=most, aug_char_max=1, include_special_char=False,
            include_numeric=False, include_upper_case=False, stopwords_regex=r"\s*[A-Za-z]*[^A-Za-z\s]",
        )  # fmt: skip
        return keyboard.substitute  # type: ignore[no-any-return]
    if name == "split":
        return by_word.SplitAug(**size).split  # type: ignore[no-any-return]
    drawn = by_word.RandomWordAug(action=name, **size)
    return drawn.swap if name == "swap" else drawn.delete  # type: ignore[no-any-return]
