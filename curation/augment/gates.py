"""Gates: what a candidate must pass. Every gate measures, and its value and limit go on record.

Measured in one go for a batch of candidates; the near-duplicate gate (``near.py``) comes last, since it depends
on what was kept before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from curation.step import Context

WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]")
SURE = 0.6
"""Confidence in a candidate's language under which another language is no reason to reject."""
Share = Annotated[float, Field(ge=0, le=1)]


class Gates(BaseModel):
    """The limits; null turns a gate off, but for the near-duplicates of rows, which are always refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    lexical: tuple[Share, Share] | None = (0.3, 0.98)
    """Least and most likeness of the words to the parent's: Dice coefficient of words and pairs of them, 0 to 1."""
    semantic: tuple[Share, Share] | None = (0.7, 1.0)
    """Least and most likeness of the meaning to the parent's: cosine of embeddings, -1 to 1."""
    language: bool = True
    """Whether the language must stay."""
    length: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] | None = (0.5, 2.0)
    """Least and most characters, as a multiple of the parent's."""
    near_dup: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Likeness (Jaccard, of pairs of words in the prompts) to any other row, evaluation rows too, that rejects."""
    flags: bool = True
    """Whether a candidate may raise no quality flag that its parent doesn't."""
    fit: Annotated[float, Field(ge=0, le=2)] | None = 0.15
    """How much less (cosine) prompt and answer may agree than the parent's do."""
    against: tuple[str, ...] = ()
    """Benchmark files: a candidate with more of their 13-grams than its parent is rejected."""
    perplexity: str | None = None
    """A causal model, folder or Hub id: a prompt may be at most ``perplexity_ratio`` times as surprising."""
    perplexity_ratio: Annotated[float, Field(gt=0)] = 2.0
    """Most perplexity of the candidate's prompts, as a multiple of the parent's."""
    encoder: str = "static"
    """The embedding model for meaning and fit, as in ``embed``."""


@dataclass
class Verdict:
    """What was measured of a candidate, by gate, and the first reason against it, if any."""

    values: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None

    def against(self, reason: str) -> None:
        """Note a reason; the first one stands."""
        self.reason = self.reason or reason


def prompt_of(messages: Sequence[dict[str, str]]) -> str:
    """All user turns as one text."""
    return "\n".join(turn["content"] for turn in messages if turn["role"] == "user")


def lexical(left: str, right: str) -> float:
    """Dice coefficient of the words and pairs of neighbouring words of two texts, from 0 to 1, both counted.

    Source: Dice 1945; the bag of words and bigrams as in Wieting et al. 2017.
    """
    a, b = _grams(left), _grams(right)
    total = sum(a.values()) + sum(b.values())
    return 2 * sum((a & b).values()) / total if total else 1.0


def _grams(text: str) -> Counter[str]:
    words = WORDS.findall(text.lower())
    return Counter([*words, *(f"{one} {two}" for one, two in pairwise(words))])


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
        if self.gates.flags:
            self._flags(verdicts, parents, children)
        if self.gates.semantic is not None or self.gates.fit is not None:
            self._meaning(verdicts, parents, children, whole)
        if self.gates.against:
            self._contamination(verdicts, parents, children)
        if self.gates.perplexity is not None:
            from curation.augment.perplexity import ratios

            for verdict, ratio in zip(verdicts, ratios(self.gates.perplexity, prompts), strict=True):
                verdict.values["perplexity_ratio"] = ratio
                if ratio > self.gates.perplexity_ratio:
                    verdict.against(
                        f"perplexity: {ratio:g} times the parent's, over {self.gates.perplexity_ratio:g}"
                    )
        return verdicts

    def _words(self, verdict: Verdict, old: str, new: str, rewritten: bool) -> None:
        ratio = round(len(new) / max(len(old), 1), 3)
        likeness = round(lexical(old, new), 3)
        verdict.values |= {"lexical": likeness, "length": ratio}
        if not new.strip():
            verdict.against("empty prompt")
        low, high = self.gates.length or (0.0, float("inf"))
        # a new conversation is as long as it needs to be, and owes its parent no words
        if not rewritten and not low <= ratio <= high:
            verdict.against(f"length: {ratio:g} times the parent's, not within {low:g} to {high:g}")
        low, high = self.gates.lexical or (0.0, 1.0)
        if likeness > high:
            verdict.against(f"lexical: {likeness:g} is over {high:g}, nothing new")
        elif likeness < low and not rewritten:
            verdict.against(f"lexical: {likeness:g} is under {low:g}, drifted")

    def _language(self, verdicts: list[Verdict], prompts: list[tuple[str, str]]) -> None:
        old, new = (languages([pair[side] for pair in prompts]) for side in (0, 1))
        for verdict, (was, _), (now, sure) in zip(verdicts, old, new, strict=True):
            verdict.values |= {"language": now, "language_confidence": sure}
            if was and now and was != now and sure >= SURE:
                verdict.against(f"language: {now} ({sure:g}), the parent is {was}")

    def _flags(self, verdicts: list[Verdict], parents: pl.DataFrame, children: pl.DataFrame) -> None:
        old, new = flags(parents["messages"]), flags(children["messages"])
        for verdict, was, now in zip(verdicts, old, new, strict=True):
            worse = sorted(now - was)
            verdict.values["flags"] = ",".join(worse)
            if worse:
                verdict.against(f"flags: {', '.join(worse)}, which the parent doesn't raise")

    def _meaning(
        self, verdicts: list[Verdict], parents: pl.DataFrame, children: pl.DataFrame, whole: list[bool]
    ) -> None:
        from curation.embedding import vectors
        from curation.embedding.numbers import lengths

        model, ctx = self.gates.encoder, Context(models=self.ctx.models, cache=self.ctx.cache)
        found = {
            (side, view): vectors(frame, model=model, view=view, ctx=ctx)
            for side, frame in (("old", _flat(parents)), ("new", _flat(children)))
            for view in ("first_prompt", "answer")
        }

        def cosine(left: Any, right: Any) -> list[float]:
            dots = (left.astype("int64") * right.astype("int64")).sum(axis=1)
            return [round(float(value), 3) for value in dots / (lengths(left) * lengths(right))]

        meaning = cosine(found["old", "first_prompt"], found["new", "first_prompt"])
        fits = [cosine(found[side, "first_prompt"], found[side, "answer"]) for side in ("old", "new")]
        for verdict, likeness, was, now, rewritten in zip(verdicts, meaning, *fits, whole, strict=True):
            verdict.values |= {"semantic": likeness, "fit": now, "fit_parent": was}
            if self.gates.semantic is not None:
                low, high = self.gates.semantic
                if likeness < low and not rewritten:
                    verdict.against(f"semantic: {likeness:g} is under {low:g}, drifted")
                elif likeness > high:
                    verdict.against(f"semantic: {likeness:g} is over {high:g}, nothing new")
            if self.gates.fit is not None and now < was - self.gates.fit:
                verdict.against(f"fit: prompt and answer agree by {now:g}, the parent's by {was:g}")

    def _contamination(self, verdicts: list[Verdict], parents: pl.DataFrame, children: pl.DataFrame) -> None:
        from curation.overlap import find_overlap

        both = pl.concat([parents["messages"], children["messages"]], rechunk=True)
        found = find_overlap(both, self._items, 13, 8, lambda *_: None)
        hits = dict(zip(found.rows, found.hits, strict=True))
        names = dict(zip(found.rows, found.benchmark, strict=True))
        for place, verdict in enumerate(verdicts):
            row = parents.height + place
            verdict.values["contamination"] = hits.get(row, 0)
            if hits.get(row, 0) > hits.get(place, 0):
                verdict.against(f"contamination: {hits[row]} runs of words of {names[row]}")


def _answers(messages: Sequence[dict[str, str]]) -> list[str]:
    return [turn["content"] for turn in messages if turn["role"] != "user"]


def _flat(rows: pl.DataFrame) -> pl.DataFrame:
    """All user turns as one prompt, all answers as one, keyed by their content."""
    from curation.rows import make_rows

    talks = [
        [{"role": "user", "content": prompt_of(m)}, {"role": "assistant", "content": "\n".join(
            turn["content"] for turn in m if turn["role"] == "assistant")}]
        for m in rows["messages"].to_list()
    ]  # fmt: skip
    return make_rows(talks, source="augment")


def languages(texts: Sequence[str]) -> list[tuple[str | None, float]]:
    """The language of each text and how sure it is, None where it has too few letters."""
    from curation.language_id import guess, load_model, sample

    model = load_model()
    cleaned = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(sample(pl.col("text"), 400))
    found = [guess(text, model) for text in cleaned.to_series()]
    return [(one.language, one.confidence) if one else (None, 0.0) for one in found]


def flags(messages: pl.Series) -> list[set[str]]:
    """The quality flags that each conversation raises."""
    from curation.steps.quality import Quality

    out = Quality(encoding="pattern").apply(pl.DataFrame({"messages": messages}), Context())
    return [set(filter(None, text.split(","))) for text in out["quality.flags"]]
