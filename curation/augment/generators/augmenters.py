"""nlpaug's augmenters, each set up so that what it makes can still be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from types import FunctionType, MethodType
from typing import Any, NamedTuple

from curation.augment.generators import library
from curation.augment.generators.lists import DROPPABLE, is_firm

SHORT = r"\s*(?:[A-Z]|[A-Za-z]{1,3}\s*$|[A-Za-z]*[^A-Za-z\s])"
"""Words that may be names, of up to three letters, or with anything but letters: a slip in them leaves too little to read."""
MIDDLING = r"\s*(?:[A-Z]|[A-Za-z]{1,5}\s*$|[A-Za-z]*[^A-Za-z\s])"
REMEMBERED = 65_536
"""Words of which is remembered whether they may change."""


class Tool:
    """One of nlpaug's augmenters, handed words in place of a text.

    Where a word changes by itself, those that may not change aren't handed over; how many change is still reckoned from all.
    What nlpaug finds out about a word again and again is remembered.
    """

    def __init__(self, augmenter: Any, action: str, *, alone: bool) -> None:
        self.augmenter, self.alone = augmenter, alone
        self._act: Callable[[str], list[str] | str] = _with(getattr(augmenter, action), Doc=Doc)
        self._counted = augmenter._generate_aug_cnt
        self._words: list[str] = []
        self._total = 0
        self._may = _May(augmenter.pre_skip_aug)
        augmenter.tokenizer, augmenter.reverse_tokenizer = lambda _: self._words, lambda out: out
        augmenter.pre_skip_aug = self._pre_skip_aug
        augmenter._generate_aug_cnt = lambda _, *limits: self._counted(self._total, *limits)

    def __call__(self, words: list[str], total: int) -> list[str] | None:
        """What becomes of each word, which are some of so many: empty where it goes, with a space where it is split.

        None where none of them may change.
        """
        self._words, self._total = words, total
        # the tokenizer answers with the words, so what is passed here only has to be a text
        out = self._act("words")
        return None if isinstance(out, str) else out

    def offered(self, words: Sequence[str]) -> list[int]:
        """The places of the words that may change, or of all where one has to do with the others."""
        return self._pre_skip_aug(words) if self.alone else list(range(len(words)))

    def _pre_skip_aug(self, tokens: Sequence[Any], tuple_idx: int | None = None) -> list[int]:
        words = tokens if tuple_idx is None else [token[tuple_idx] for token in tokens]
        if len(self._may) > REMEMBERED:
            self._may.clear()
        return list(compress(range(len(words)), map(self._may.__getitem__, words)))


class _May(dict[str, bool]):
    """Whether words may change, asked for once each."""

    def __init__(self, asked: Callable[[list[str]], Sequence[int]]) -> None:
        self.asked = asked

    def __missing__(self, word: str) -> bool:
        """Ask for a word."""
        found = self[word] = bool(self.asked([word]))
        return found


class Part(NamedTuple):
    """A word of a text, as nlpaug asks for it: what it was, and what it is."""

    orig_token: Any
    token: str

    def get_latest_token(self) -> Part:
        """What it is."""
        return self


class Doc:
    """The words of a text, in the place of nlpaug's own class, which makes three objects of every word to log what happens to it.

    Most words stay as they are, and the log isn't asked for: making it takes more than half of nlpaug's time.
    """

    def __init__(self, doc: str = "", tokens: Iterable[str] = ()) -> None:
        del doc
        self.before = list(tokens)
        self.now = list(self.before)

    def size(self) -> int:
        """How many words."""
        return len(self.now)

    def get_token(self, idx: int) -> Part:
        """One word."""
        return Part(Part(None, self.before[idx]), self.now[idx])

    def get_original_tokens(self) -> list[str]:
        """All words as they were."""
        return self.before

    def get_augmented_tokens(self) -> list[str]:
        """What every word is now; empty where it is gone, so that the others keep their places."""
        return self.now

    def add_token(self, idx: int, token: str, **_: Any) -> None:
        """Put a word in before another: the two stand in its place."""
        self.now[idx] = f"{token} {self.now[idx]}"

    def add_change_log(self, idx: int, new_token: str, **_: Any) -> None:
        """Change a word."""
        self.now[idx] = new_token

    def update_change_log(self, token_idx: int, token: str) -> None:
        """Change a word that was changed."""
        self.now[token_idx] = token


def _with(method: Any, **names: Any) -> Any:
    """A method that finds other things under some names of its module; the module stays as it is."""
    plain = method.__func__
    own = FunctionType(
        plain.__code__, {**plain.__globals__, **names}, plain.__name__, plain.__defaults__, plain.__closure__
    )
    return MethodType(own, method.__self__)


def tool(name: str, share: float, most: int, model: Any = None) -> Tool:
    """The augmenter of that name. Raises MissingExtra without nlpaug.

    ``share`` of a text's words change, at most ``most``; ``model`` is what synonyms come from.
    """
    by_char, by_word = library.augmenters()
    firm = _Firm()
    size: dict[str, Any] = {"aug_p": share, "aug_max": most, "stopwords": firm}
    if name == "synonym":
        synonym = by_word.SynonymAug.__new__(by_word.SynonymAug)
        by_word.WordAugmenter.__init__(synonym, action="substitute", name=name, **size)
        synonym.aug_src, synonym.lang, synonym.model = "wordnet", "eng", model
        return Tool(synonym, "substitute", alone=True)
    if name == "spelling":
        spelling = by_word.SpellingAug(**size, stopwords_regex=SHORT)
        spelling.model.dict = slips(spelling.model.dict)
        return Tool(spelling, "substitute", alone=True)
    if name == "keyboard":
        keyboard = by_char.KeyboardAug(
            aug_word_p=share, aug_word_max=most, aug_char_max=1, include_special_char=False,
            include_numeric=False, include_upper_case=False, stopwords=firm, stopwords_regex=SHORT,
        )  # fmt: skip
        return Tool(keyboard, "substitute", alone=True)
    if name == "split":
        return Tool(by_word.SplitAug(**size, stopwords_regex=MIDDLING), "split", alone=False)
    if name == "delete":
        rest = _Undroppable()
        return Tool(by_word.RandomWordAug(action=name, **{**size, "stopwords": rest}), name, alone=False)
    return Tool(by_word.RandomWordAug(action=name, **size, stopwords_regex=r"\s*[A-Z]"), name, alone=False)


class _Firm:
    """The words that no generator touches, as nlpaug's stop words."""

    def __contains__(self, word: object) -> bool:
        return is_firm(str(word))


class _Undroppable:
    """All words but those that may go, as nlpaug's stop words."""

    def __contains__(self, word: object) -> bool:
        return str(word).lower() not in DROPPABLE


def slips(known: dict[str, Any]) -> dict[str, list[str]]:
    """The misspellings that can still be read: letters alone, one slip away, the first letter right, no word themselves.

    nlpaug's list has "[[amd" for "and" and "world" for "word". It is read by way of sets, so it is sorted too.
    """
    from curation.augment.fluency import table

    pairs = [(word, str(slip)) for word, many in sorted(known.items()) for slip in sorted(many)]
    fit = [
        (word, slip)
        for word, slip in pairs
        if slip.isalpha()
        and slip.isascii()
        and slip[:1].lower() == word[:1].lower()
        and one_slip(word.lower(), slip.lower())
    ]
    words = table().knows([slip for _, slip in fit])
    found: dict[str, list[str]] = {}
    for (word, slip), real in zip(fit, words, strict=True):
        if not real:
            found.setdefault(word, []).append(slip)
    return found


def one_slip(word: str, other: str) -> bool:
    """Whether one letter was left out, put in or changed, or two neighbours swapped (Damerau 1964)."""
    if word == other or abs(len(word) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(word), len(other)) and word[start] == other[start]:
        start += 1
    a, b = word[start:], other[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and len(a) > 1 and a[2:] == b[2:])
