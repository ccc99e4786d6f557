"""Measures candidates against their parents, a batch in one go.

The near-duplicate gate (``near.py``) is no part of it, since it depends on what was kept before.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import polars as pl

from curation.augment import measures
from curation.augment.gates import EMPTY, Gates, Verdict
from curation.augment.measures import TOKENS, Meaning, Talk, answers_of, prompt_of
from curation.contract import digest
from curation.rows import messages_of
from curation.step import Context

SURE = 0.6
"""Confidence in a candidate's language under which another language is no reason to reject."""


class Judge:
    """Measures candidates against their parents, batch by batch."""

    def __init__(self, gates: Gates, ctx: Context, *, static: bool | None = None) -> None:
        self.gates, self.ctx = gates, ctx
        self.static = gates.encoder == "static" and "encoder" not in ctx.models if static is None else static
        """Whether meaning is measured by the model that every process has at hand."""
        self._meaning_of = Meaning()

    @cached_property
    def _items(self) -> Any:
        from curation.testsets import read_items

        return read_items(self.gates.against, None)

    def judge(self, parents: Sequence[Talk], children: Sequence[Talk]) -> list[Verdict]:
        """A verdict for each child, whose parent stands in the same place; on all but near-duplicates."""
        verdicts = self.quick(parents, children)
        self.slow(verdicts, parents, children)
        return verdicts

    def quick(self, parents: Sequence[Talk], children: Sequence[Talk]) -> list[Verdict]:
        """Verdicts by the gates that need no model and no file, which any process can measure."""
        verdicts = [Verdict() for _ in children]
        if not verdicts:
            return verdicts
        old, new = ([prompt_of(talk) for talk in side] for side in (parents, children))
        whole = _whole(old, new, parents, children)
        self._words(verdicts, old, new, whole)
        if self.gates.language:
            self._language(verdicts, old, new)
        if self.gates.copied is not None:
            self._copied(verdicts, old, new, parents, whole)
        if self.gates.flags:
            self._flags(verdicts, parents, children)
        if self.static and (self.gates.semantic is not None or self.gates.fit is not None):
            self._meaning(verdicts, parents, children, whole)
        return verdicts

    def slow(self, verdicts: Sequence[Verdict], parents: Sequence[Talk], children: Sequence[Talk]) -> None:
        """Add what the other gates say, which load a model or benchmark files."""
        if not verdicts:
            return
        old, new = ([prompt_of(talk) for talk in side] for side in (parents, children))
        if not self.static and (self.gates.semantic is not None or self.gates.fit is not None):
            self._meaning(verdicts, parents, children, _whole(old, new, parents, children))
        if self.gates.against:
            self._contamination(verdicts, parents, children)
        if self.gates.perplexity is not None:
            self._perplexity(verdicts, list(zip(old, new, strict=True)))

    def _words(
        self, verdicts: Sequence[Verdict], old: Sequence[str], new: Sequence[str], whole: Sequence[bool]
    ) -> None:
        """Length and likeness of words; a new conversation is as long as it needs to be, and owes its parent no words."""
        likeness = measures.lexical(old, new) if self.gates.lexical is not None else [0.0] * len(old)
        for verdict, before, after, alike, rewritten in zip(verdicts, old, new, likeness, whole, strict=True):
            if not after.strip():
                verdict.reason = EMPTY
            if self.gates.length is not None:
                low, high = (None, None) if rewritten else self.gates.length
                ratio = round(len(after) / max(len(before), 1), 3)
                off = low is not None and high is not None and not low <= ratio <= high
                why = f"{ratio:g} times the parent's, not within {low:g} to {high:g}" if off else None
                verdict.measure("length", ratio, why, low=low, high=high)
            if self.gates.lexical is not None:
                self._band(verdict, "lexical", alike, self.gates.lexical, rewritten)

    def _band(
        self, verdict: Verdict, gate: str, value: float, band: tuple[float, float], rewritten: bool
    ) -> None:
        low, high = (None, band[1]) if rewritten else band
        why = f"{value:g} is over {high:g}, nothing new" if value > high else None
        if low is not None and value < low:
            why = f"{value:g} is under {low:g}, drifted"
        verdict.measure(gate, value, why, low=low, high=high)

    def _language(self, verdicts: Sequence[Verdict], old: Sequence[str], new: Sequence[str]) -> None:
        pairs = zip(verdicts, measures.languages(old), measures.languages(new), strict=True)
        for verdict, (was, _), (now, sure) in pairs:
            other = bool(was and now and was != now and sure >= SURE)
            why = f"{now} ({sure:g}), the parent is {was}" if other else None
            verdict.measure("language", now, why, language_confidence=sure)

    def _copied(
        self, verdicts: Sequence[Verdict], old: Sequence[str], new: Sequence[str], parents: Sequence[Talk], whole: Sequence[bool],
    ) -> None:  # fmt: skip
        """An answer that corrects, rewrites or translates a line repeats most of it: that line has to stay as it is."""
        shares = measures.copied(old, new, ["\n".join(answers_of(talk)) for talk in parents])
        limit = self.gates.copied or 0.0
        for verdict, share, rewritten in zip(verdicts, shares, whole, strict=True):
            if not rewritten:
                why = f"the answer repeats {share:g} of a line that changed" if share > limit else None
                verdict.measure("copied", share, why, high=limit)

    def _flags(self, verdicts: Sequence[Verdict], parents: Sequence[Talk], children: Sequence[Talk]) -> None:
        for verdict, new in zip(verdicts, measures.new_flags(parents, children), strict=True):
            worse = ", ".join(sorted(new))
            verdict.measure("flags", worse, f"{worse}, which the parent doesn't raise" if worse else None)

    def _meaning(
        self, verdicts: Sequence[Verdict], parents: Sequence[Talk], children: Sequence[Talk], whole: Sequence[bool],
    ) -> None:  # fmt: skip
        old, new = (
            (self._vectors(side, "user"), self._vectors(side, "assistant")) for side in (parents, children)
        )
        meaning, fits = measures.cosine(old[0], new[0]), [measures.cosine(*side) for side in (old, new)]
        for verdict, likeness, was, now, rewritten in zip(verdicts, meaning, *fits, whole, strict=True):
            if self.gates.semantic is not None:
                self._band(verdict, "semantic", likeness, self.gates.semantic, rewritten)
            if self.gates.fit is not None:
                least = round(was - self.gates.fit, 3)
                why = f"prompt and answer agree by {now:g}, the parent's by {was:g}" if now < least else None
                verdict.measure("fit", now, why, low=least, fit_parent=was)

    def _vectors(self, talks: Sequence[Talk], role: str) -> Any:
        """The vectors of all turns of a role as one text each."""
        texts = ["\n".join(turn["content"] for turn in talk if turn["role"] == role) for talk in talks]
        if self.static:
            return self._meaning_of(texts)
        from curation.embedding import vectors

        rows = pl.DataFrame(
            {
                "messages": messages_of([[{"role": role, "content": text}] for text in texts]),
                "content_hash": [digest(f"{role}\n{text}") for text in texts],
            }
        )
        ctx = Context(models=self.ctx.models, cache=self.ctx.cache)
        return vectors(rows, model=self.gates.encoder, view="conversation", ctx=ctx, tokens=TOKENS)

    def _contamination(
        self, verdicts: Sequence[Verdict], parents: Sequence[Talk], children: Sequence[Talk]
    ) -> None:
        from curation.overlap import find_overlap

        both = messages_of([*parents, *children])
        found = find_overlap(both, self._items, 13, 8, lambda *_: None)
        hits = dict(found.select("row", "hits").iter_rows())
        names = dict(found.select("row", "benchmark").iter_rows())
        for place, verdict in enumerate(verdicts):
            row = len(parents) + place
            now, was = hits.get(row, 0), hits.get(place, 0)
            why = f"{now} runs of words of {names[row]}" if now > was else None
            verdict.measure("contamination", now, why, high=was)

    def _perplexity(self, verdicts: Sequence[Verdict], prompts: list[tuple[str, str]]) -> None:
        from curation.augment.perplexity import ratios

        most = self.gates.perplexity_ratio
        for verdict, ratio in zip(verdicts, ratios(str(self.gates.perplexity), prompts), strict=True):
            why = f"{ratio:g} times the parent's, over {most:g}" if ratio > most else None
            verdict.measure("perplexity", ratio, why, high=most)


def _whole(
    old: Sequence[str], new: Sequence[str], parents: Sequence[Talk], children: Sequence[Talk]
) -> list[bool]:
    """Whether each conversation is a new one: prompt and answer both."""
    pairs = zip(old, new, parents, children, strict=True)
    return [a != b and answers_of(parent) != answers_of(child) for a, b, parent, child in pairs]
