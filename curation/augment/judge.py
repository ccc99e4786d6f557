"""Measures candidates against their parents, a batch in one go.

The near-duplicate gate (``near.py``) is no part of it, since it depends on what was kept before.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from curation.augment.gates import EMPTY, Gates, Verdict
from curation.contract import digest
from curation.step import Context

WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]")
SURE = 0.6
"""Confidence in a candidate's language under which another language is no reason to reject."""
RUN, LEAST = 3, 2
"""Words in a run that the answer takes from the prompt, and how many runs are no chance."""


def prompt_of(messages: Sequence[dict[str, str]]) -> str:
    """All user turns as one text."""
    return "\n".join(turn["content"] for turn in messages if turn["role"] == "user")


def lexical(left: str, right: str) -> float:
    """Dice coefficient of the words and pairs of neighbouring words of two texts, from 0 to 1, both counted.

    Source: Dice 1945; the bag of words and bigrams as in Wieting et al. 2017.
    """
    (a, of_a), (b, of_b) = _grams(left), _grams(right)
    both = sum(min(count, b[gram]) for gram, count in a.items() if gram in b)
    return 2 * both / (of_a + of_b) if of_a + of_b else 1.0


@functools.lru_cache(maxsize=8192)
def _grams(text: str) -> tuple[Counter[Any], int]:
    """Words and pairs of neighbours, counted, and how many there are."""
    words = WORDS.findall(text.lower())
    return Counter([*words, *pairwise(words)]), max(2 * len(words) - 1, 0)


class Judge:
    """Measures candidates against their parents, batch by batch."""

    def __init__(self, gates: Gates, ctx: Context) -> None:
        self.gates, self.ctx = gates, ctx

    @cached_property
    def _items(self) -> Any:
        from curation.testsets import read_items

        return read_items(self.gates.against, None)

    def judge(self, parents: pl.DataFrame, children: pl.DataFrame) -> list[Verdict]:
        """A verdict for each child; row i of ``parents`` is the parent of row i. All but near-duplicates."""
        verdicts = [Verdict() for _ in range(children.height)]
        if not verdicts:
            return verdicts
        before, after = parents["messages"].to_list(), children["messages"].to_list()
        prompts = [(prompt_of(a), prompt_of(b)) for a, b in zip(before, after, strict=True)]
        whole = [
            prompt_of(a) != prompt_of(b) and _answers(a) != _answers(b)
            for a, b in zip(before, after, strict=True)
        ]
        for verdict, (old, new), rewritten in zip(verdicts, prompts, whole, strict=True):
            self._words(verdict, old, new, rewritten)
        if self.gates.language:
            self._language(verdicts, prompts)
        if self.gates.copied is not None:
            self._copied(verdicts, prompts, before, whole)
        if self.gates.flags:
            self._flags(verdicts, parents, children)
        if self.gates.semantic is not None or self.gates.fit is not None:
            self._meaning(verdicts, parents, children, whole)
        if self.gates.against:
            self._contamination(verdicts, parents, children)
        if self.gates.perplexity is not None:
            self._perplexity(verdicts, prompts)
        return verdicts

    def _words(self, verdict: Verdict, old: str, new: str, rewritten: bool) -> None:
        """Length and likeness of words; a new conversation is as long as it needs to be, and owes its parent no words."""
        if not new.strip():
            verdict.reason = EMPTY
        if self.gates.length is not None:
            low, high = (None, None) if rewritten else self.gates.length
            ratio = round(len(new) / max(len(old), 1), 3)
            off = low is not None and high is not None and not low <= ratio <= high
            why = f"{ratio:g} times the parent's, not within {low:g} to {high:g}" if off else None
            verdict.measure("length", ratio, why, low=low, high=high)
        if self.gates.lexical is not None:
            self._band(verdict, "lexical", round(lexical(old, new), 3), self.gates.lexical, rewritten)

    def _band(
        self, verdict: Verdict, gate: str, value: float, band: tuple[float, float], rewritten: bool
    ) -> None:
        low, high = (None, band[1]) if rewritten else band
        why = f"{value:g} is over {high:g}, nothing new" if value > high else None
        if low is not None and value < low:
            why = f"{value:g} is under {low:g}, drifted"
        verdict.measure(gate, value, why, low=low, high=high)

    def _language(self, verdicts: list[Verdict], prompts: list[tuple[str, str]]) -> None:
        old, new = (languages([pair[side] for pair in prompts]) for side in (0, 1))
        for verdict, (was, _), (now, sure) in zip(verdicts, old, new, strict=True):
            other = bool(was and now and was != now and sure >= SURE)
            why = f"{now} ({sure:g}), the parent is {was}" if other else None
            verdict.measure("language", now, why, language_confidence=sure)

    def _copied(
        self, verdicts: list[Verdict], prompts: list[tuple[str, str]], before: list[list[dict[str, str]]], whole: list[bool],
    ) -> None:  # fmt: skip
        """An answer that corrects, rewrites or translates a line repeats most of it: that line has to stay as it is."""
        from curation.augment.near import sets_of

        answers = sets_of(["\n".join(_answers(messages)) for messages in before], RUN)
        gone = [(place, line) for place, pair in enumerate(prompts) for line in _changed(*pair)]
        most = dict.fromkeys(range(len(prompts)), 0.0)
        for (place, _), runs in zip(gone, sets_of([line for _, line in gone], RUN), strict=True):
            shared = np.intersect1d(runs, answers[place], assume_unique=True).size
            if shared >= LEAST:
                most[place] = max(most[place], round(shared / runs.size, 3))
        limit = self.gates.copied or 0.0
        for place, verdict in enumerate(verdicts):
            if not whole[place]:
                why = (
                    f"the answer repeats {most[place]:g} of a line that changed"
                    if most[place] > limit
                    else None
                )
                verdict.measure("copied", most[place], why, high=limit)

    def _flags(self, verdicts: list[Verdict], parents: pl.DataFrame, children: pl.DataFrame) -> None:
        old, new = flags(parents["messages"]), flags(children["messages"])
        for verdict, was, now in zip(verdicts, old, new, strict=True):
            worse = ", ".join(sorted(now - was))
            verdict.measure("flags", worse, f"{worse}, which the parent doesn't raise" if worse else None)

    def _meaning(
        self, verdicts: list[Verdict], parents: pl.DataFrame, children: pl.DataFrame, whole: list[bool]
    ) -> None:
        from curation.embedding import vectors
        from curation.embedding.numbers import lengths

        model, ctx = self.gates.encoder, Context(models=self.ctx.models, cache=self.ctx.cache)
        found = {
            (side, role): vectors(_of_role(frame, role), model=model, view="conversation", ctx=ctx)
            for side, frame in (("old", parents), ("new", children))
            for role in ("user", "assistant")
        }

        def cosine(left: Any, right: Any) -> list[float]:
            dots = (left.astype("int64") * right.astype("int64")).sum(axis=1)
            return [round(float(value), 3) for value in dots / (lengths(left) * lengths(right))]

        meaning = cosine(found["old", "user"], found["new", "user"])
        fits = [cosine(found[side, "user"], found[side, "assistant"]) for side in ("old", "new")]
        for verdict, likeness, was, now, rewritten in zip(verdicts, meaning, *fits, whole, strict=True):
            if self.gates.semantic is not None:
                self._band(verdict, "semantic", likeness, self.gates.semantic, rewritten)
            if self.gates.fit is not None:
                least = round(was - self.gates.fit, 3)
                why = f"prompt and answer agree by {now:g}, the parent's by {was:g}" if now < least else None
                verdict.measure("fit", now, why, low=least, fit_parent=was)

    def _contamination(self, verdicts: list[Verdict], parents: pl.DataFrame, children: pl.DataFrame) -> None:
        from curation.overlap import find_overlap

        both = pl.concat([parents["messages"], children["messages"]], rechunk=True)
        found = find_overlap(both, self._items, 13, 8, lambda *_: None)
        hits = dict(zip(found.rows, found.hits, strict=True))
        names = dict(zip(found.rows, found.benchmark, strict=True))
        for place, verdict in enumerate(verdicts):
            row = parents.height + place
            now, was = hits.get(row, 0), hits.get(place, 0)
            why = f"{now} runs of words of {names[row]}" if now > was else None
            verdict.measure("contamination", now, why, high=was)

    def _perplexity(self, verdicts: list[Verdict], prompts: list[tuple[str, str]]) -> None:
        from curation.augment.perplexity import ratios

        most = self.gates.perplexity_ratio
        for verdict, ratio in zip(verdicts, ratios(str(self.gates.perplexity), prompts), strict=True):
            why = f"{ratio:g} times the parent's, over {most:g}" if ratio > most else None
            verdict.measure("perplexity", ratio, why, high=most)


def _changed(old: str, new: str) -> list[str]:
    """The lines of a text that the other hasn't."""
    kept = set(new.split("\n"))
    return [line for line in old.split("\n") if line not in kept]


def _answers(messages: Sequence[dict[str, str]]) -> list[str]:
    return [turn["content"] for turn in messages if turn["role"] != "user"]


def _of_role(rows: pl.DataFrame, role: str) -> pl.DataFrame:
    """All turns of a role as one text each, under the hash of that text, so that each is embedded once."""
    texts = [
        "\n".join(turn["content"] for turn in talk if turn["role"] == role)
        for talk in rows["messages"].to_list()
    ]
    return pl.DataFrame(
        {
            "messages": [[{"role": role, "content": text}] for text in texts],
            "content_hash": [digest(f"{role}\n{text}") for text in texts],
        },
        schema={"messages": rows.schema["messages"], "content_hash": pl.String},
    )


def languages(texts: Sequence[str]) -> list[tuple[str | None, float]]:
    """The language of each text and how sure it is, None where it has too few letters."""
    from curation.language_id import sample

    cleaned = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(sample(pl.col("text"), 400))
    found = [_guessed(text) for text in cleaned.to_series()]
    return [(one.language, one.confidence) if one else (None, 0.0) for one in found]


@functools.lru_cache(maxsize=16384)
def _guessed(text: str) -> Any:
    from curation.language_id import guess, load_model

    return guess(text, load_model())


def flags(messages: pl.Series) -> list[set[str]]:
    """The quality flags that each conversation raises."""
    from curation.steps.quality import Quality

    out = Quality(encoding="pattern").apply(pl.DataFrame({"messages": messages}), Context())
    return [set(filter(None, text.split(","))) for text in out["quality.flags"]]
