"""What the gates measure, for many texts at once: likeness of words, languages, copied lines, quality flags, meaning."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from curation.augment.near import sets_of
from curation.rows import messages_of
from curation.shingles import HASH_BITS
from curation.step import Context
from curation.words import I64, U64, Flags, running

WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]")
RUN, LEAST = 3, 2
"""Words in a run that an answer takes from a prompt, and how many runs are no chance."""
TOKENS, CHARS = 256, 8
"""Tokens of a text whose meaning is taken, and characters that are read for each."""
REMEMBERED = 8_192
"""Texts whose language, flags or vector are remembered: parents come again and again."""
PARTS = 65_536
"""Stretches of text without a space whose words are remembered."""
Talk = Sequence[dict[str, str]]


def prompt_of(messages: Talk) -> str:
    """All user turns as one text."""
    return "\n".join(turn["content"] for turn in messages if turn["role"] == "user")


def answers_of(messages: Talk) -> list[str]:
    """All other turns."""
    return [turn["content"] for turn in messages if turn["role"] != "user"]


def lexical(left: Sequence[str], right: Sequence[str]) -> list[float]:
    """Dice coefficient of the words and pairs of neighbouring words of pairs of texts, from 0 to 1, both counted.

    Source: Dice 1945; the bag of words and bigrams as in Wieting et al. 2017.
    """
    if len(_PARTS) > PARTS:
        _PARTS.clear()
        _NUMBERS.clear()
    (a, of_a), (b, of_b) = _numbered(left), _numbered(right)
    # what two texts of as many words have in the same places they share; the rest is counted
    even = np.diff(of_a) == np.diff(of_b)
    other_a, other_b = np.ones(a.size, bool), np.ones(b.size, bool)
    there, here = np.repeat(even, np.diff(of_b)), np.repeat(even, np.diff(of_a))
    other_a[here] = other_b[there] = a[here] != b[there]
    (grams, of), (others, of_others) = _grams(a, of_a, other_a), _grams(b, of_b, other_b)
    width = (len(_NUMBERS) + 1) ** 2
    both, i, j = np.intersect1d(grams, others, assume_unique=True, return_indices=True)
    counted = np.bincount(both // width, np.minimum(of[i], of_others[j]), len(left))
    totals, more = (np.maximum(2 * np.diff(bounds) - 1, 0) for bounds in (of_a, of_b))
    shared = counted + totals - np.bincount(grams // width, of, len(left))
    return [
        round(2 * int(same) / total, 3) if total else 1.0
        for same, total in zip(shared.tolist(), (totals + more).tolist(), strict=True)
    ]


_NUMBERS: defaultdict[str, int] = defaultdict()
# a new word's number is how many there were before it, also after all were forgotten
_NUMBERS.default_factory = _NUMBERS.__len__
_PARTS: dict[str, tuple[int, ...]] = {}
"""The words of stretches without a space, as numbers."""


def _numbered(texts: Sequence[str]) -> tuple[I64, I64]:
    """The words of texts as numbers, one after the other, and where each text starts and ends."""
    parts = [text.lower().split(" ") for text in texts]
    for part in set(chain.from_iterable(parts)) - _PARTS.keys():
        _PARTS[part] = tuple(_NUMBERS[word] for word in WORDS.findall(part))
    words = [list(chain.from_iterable(map(_PARTS.__getitem__, some))) for some in parts]
    bounds = running(np.array([len(one) for one in words], dtype=np.int64))
    return np.fromiter(chain.from_iterable(words), np.int64, int(bounds[-1])), bounds


def _grams(words: I64, bounds: I64, chosen: Flags) -> tuple[I64, I64]:
    """The different words that are chosen, and pairs of neighbours one of which is, of all texts as keys, each with how often its text has it."""
    most, owner = len(_NUMBERS), np.repeat(np.arange(bounds.size - 1), np.diff(bounds))
    keys = (owner * (most + 1) + words) * (most + 1)
    pairs = (owner[1:] == owner[:-1]) & (chosen[1:] | chosen[:-1])
    return np.unique(
        np.concatenate(((keys + most)[chosen], (keys[:-1] + words[1:])[pairs])), return_counts=True
    )


def copied(old: Sequence[str], new: Sequence[str], answers: Sequence[str]) -> list[float]:
    """How much of a line that the new prompt hasn't (its runs of words) the answer holds, at most; 0 for a few runs."""
    gone = [(place, line) for place, pair in enumerate(zip(old, new, strict=True)) for line in _gone(*pair)]
    lines = sets_of([line for _, line in gone], RUN)
    held, runs = (
        _owned(sets_of(answers, RUN), range(len(answers))),
        _owned(lines, [place for place, _ in gone]),
    )
    most = [0.0] * len(answers)
    if held.size and runs.size:
        hit = held[np.minimum(np.searchsorted(held, runs), held.size - 1)] == runs
        line = np.repeat(np.arange(len(lines)), [one.size for one in lines])
        for (place, _), one, shared in zip(
            gone, lines, np.bincount(line[hit], minlength=len(lines)).tolist(), strict=True
        ):
            if shared >= LEAST:
                most[place] = max(most[place], round(shared / one.size, 3))
    return most


def _gone(old: str, new: str) -> list[str]:
    """The lines of a text that the other hasn't."""
    kept = set(new.split("\n"))
    return [line for line in old.split("\n") if line not in kept]


def _owned(sets: Sequence[U64], owners: Sequence[int]) -> U64:
    """Sets one after the other, each hash with its owner's number (below 4096) above it; in order where owners are."""
    sizes = [one.size for one in sets]
    flat: U64 = np.concatenate([np.empty(0, np.uint64), *sets])
    return flat | np.repeat(np.array(owners, dtype=np.uint64), sizes) << HASH_BITS


_LANGUAGES: dict[str, tuple[str | None, float]] = {}
_FLAGS: dict[tuple[tuple[str, str], ...], set[str]] = {}


def languages(texts: Sequence[str]) -> list[tuple[str | None, float]]:
    """The language of each text and how sure it is, None where it has too few letters."""
    from curation.language_id import guess, load_model, sample

    if len(_LANGUAGES) > REMEMBERED:
        _LANGUAGES.clear()
    found = {text: known for text in texts if (known := _LANGUAGES.get(text))}
    fresh = [text for text in dict.fromkeys(texts) if text not in found]
    if fresh:
        cleaned = pl.DataFrame({"text": fresh}, schema={"text": pl.String}).select(
            sample(pl.col("text"), 400)
        )
        for text, clean in zip(fresh, cleaned.to_series().to_list(), strict=True):
            one = guess(clean, load_model())
            found[text] = _LANGUAGES[text] = (one.language, one.confidence) if one else (None, 0.0)
    return [found[text] for text in texts]


def flags(talks: Sequence[Talk]) -> list[set[str]]:
    """The quality flags that each conversation raises."""
    from curation.steps.quality import Quality

    if len(_FLAGS) > REMEMBERED:
        _FLAGS.clear()
    keys = [tuple((turn["role"], turn["content"]) for turn in talk) for talk in talks]
    found = {key: known for key in keys if (known := _FLAGS.get(key)) is not None}
    fresh = {key: talk for key, talk in zip(keys, talks, strict=True) if key not in found}
    if fresh:
        rows = pl.DataFrame({"messages": messages_of(list(fresh.values()))})
        out = Quality(encoding="pattern").apply(rows, Context())["quality.flags"].to_list()
        for key, text in zip(fresh, out, strict=True):
            found[key] = _FLAGS[key] = set(filter(None, text.split(",")))
    return [found[key] for key in keys]


def flags_of_children(
    children: Sequence[Talk], parents: Sequence[Talk], known: Sequence[set[str]]
) -> list[set[str]]:
    """The flags of children, whose parents have those that are ``known``: where answers stayed, prompts alone are looked at."""
    from curation.steps.quality import OF_PROMPTS, of_prompts

    same = [place for place, pair in enumerate(zip(parents, children, strict=True)) if _same_answers(*pair)]
    other = sorted(set(range(len(children))) - set(same))
    found = dict(zip(other, flags([children[place] for place in other]), strict=True))
    for place, up in zip(same, of_prompts([children[place] for place in same]), strict=True):
        found[place] = known[place] - OF_PROMPTS | up
    return [found[place] for place in range(len(children))]


def _same_answers(one: Talk, other: Talk) -> bool:
    if len(one) != len(other):
        return False
    pairs = zip(one, other, strict=True)
    return all(
        a["role"] == b["role"] and (a["role"] == "user" or a["content"] == b["content"]) for a, b in pairs
    )


class Meaning:
    """Vectors of texts by the static model, which are quicker to make than to keep anywhere."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.int8]:
        """Vectors in the order of the texts; shape (texts, components)."""
        from curation.embedding import load_encoder

        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) + len(fresh) > REMEMBERED:
            self._known, fresh = {}, list(dict.fromkeys(texts))
        made = load_encoder("static").encode([text[: TOKENS * CHARS] for text in fresh], TOKENS)
        self._known.update(zip(fresh, made, strict=True))
        return np.stack([self._known[text] for text in texts])


def cosine(left: npt.NDArray[np.int8], right: npt.NDArray[np.int8]) -> list[float]:
    """The cosine of each row with the row beside it."""
    from curation.embedding.numbers import lengths

    dots = np.einsum("ij,ij->i", left.astype(np.int64), right.astype(np.int64))
    return [round(value, 3) for value in (dots / (lengths(left) * lengths(right))).tolist()]
