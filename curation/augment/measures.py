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
from curation.parts import PLAIN, Parts
from curation.rows import messages_of
from curation.shingles import HASH_BITS
from curation.step import Context
from curation.words import I64, U64, Flags

WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]")
RUN, LEAST = 3, 2
"""Words in a run that an answer takes from a prompt, and how many runs are no chance."""
TOKENS, CHARS = 256, 8
"""Tokens of a text whose meaning is taken, and characters that are read for each."""
CLEANED = 400
"""Characters of a text that its language is guessed by."""
REMEMBERED = 8_192
"""Texts whose language, flags or vector are remembered: parents come again and again."""
VOCABULARY = 262_144
"""Different words that are remembered: a pair of any two has a number of its own in each of some thousand texts."""
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
    if len(_NUMBERS) > VOCABULARY:
        _NUMBERS.clear()
        _PARTS.forget()
    (a, of_a), (b, of_b) = (_PARTS(side) for side in (left, right))
    # what two texts of as many words have in the same places they share; the rest is counted
    even = np.diff(of_a) == np.diff(of_b)
    other_a, other_b = np.ones(a.size, bool), np.ones(b.size, bool)
    there, here = np.repeat(even, np.diff(of_b)), np.repeat(even, np.diff(of_a))
    other_a[here] = other_b[there] = a[here] != b[there]
    grams, others = _grams(a, of_a, other_a), _grams(b, of_b, other_b)
    totals, more = (np.maximum(2 * np.diff(bounds) - 1, 0) for bounds in (of_a, of_b))
    shared = totals - np.bincount(grams // _width(), minlength=len(left)) + _in_both(grams, others, len(left))
    return [
        round(2 * int(same) / total, 3) if total else 1.0
        for same, total in zip(shared.tolist(), (totals + more).tolist(), strict=True)
    ]


_NUMBERS: defaultdict[str, int] = defaultdict()
# a new word's number is how many there were before it, also after all were forgotten
_NUMBERS.default_factory = _NUMBERS.__len__


def _numbers(parts: list[str]) -> tuple[I64, I64]:
    """The words of stretches without a space, as numbers, and how many each has."""
    words = [WORDS.findall(part.lower()) for part in parts]
    sizes = np.array([len(some) for some in words], np.int64)
    return np.fromiter(
        map(_NUMBERS.__getitem__, chain.from_iterable(words)), np.int64, int(sizes.sum())
    ), sizes


_PARTS = Parts(_numbers, PLAIN)


def _width() -> int:
    """How many keys each text has: a pair of any two words, or one word and nothing."""
    return (len(_NUMBERS) + 1) ** 2


def _grams(words: I64, bounds: I64, chosen: Flags) -> I64:
    """The words that are chosen, and pairs of neighbours one of which is, of all texts as keys."""
    most, owner = len(_NUMBERS), np.repeat(np.arange(bounds.size - 1), np.diff(bounds))
    keys = owner * _width() + words * (most + 1)
    pairs = (owner[1:] == owner[:-1]) & (chosen[1:] | chosen[:-1])
    return np.concatenate(((keys + most)[chosen], (keys[:-1] + words[1:])[pairs]))


def _in_both(left: I64, right: I64, texts: int) -> I64:
    """How many keys of each text stand on both sides, each as often as on the side where it stands less often."""
    # plain numbers are sorted ten times as fast as their places would be, so the side is the last bit of each
    both = np.sort(np.concatenate((left << 1, right << 1 | 1)))
    keys = both >> 1
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    if not starts.size:
        return np.zeros(texts, np.int64)
    on_right = np.add.reduceat(both & 1, starts)
    fewer = np.minimum(on_right, np.diff(starts, append=both.size) - on_right)
    return np.bincount(keys[starts] // _width(), fewer, texts).astype(np.int64)


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
    from curation.language_id import guesses, samples

    if len(_LANGUAGES) > REMEMBERED:
        _LANGUAGES.clear()
    found = {text: known for text in texts if (known := _LANGUAGES.get(text))}
    fresh = [text for text in dict.fromkeys(texts) if text not in found]
    if fresh:
        for text, one in zip(fresh, guesses(samples(fresh, CLEANED)), strict=True):
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


def new_flags(parents: Sequence[Talk], children: Sequence[Talk]) -> list[set[str]]:
    """The flags that each child raises and its parent doesn't: where answers stayed, only those that prompts have a part in can be new."""
    from curation.steps.quality import of_prompts

    same = [_same_answers(*pair) for pair in zip(parents, children, strict=True)]
    found: list[set[str]] = [set() for _ in children]
    for measure, alike in ((of_prompts, True), (flags, False)):
        places = [place for place, one in enumerate(same) if one is alike]
        both = measure([side[place] for side in (parents, children) for place in places])
        for place, was, now in zip(places, both[: len(places)], both[len(places) :], strict=True):
            found[place] = now - was
    return found


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
