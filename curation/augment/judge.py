"""Measures candidates against their parents, a batch in one go.

The near-duplicate gate (``near.py``) is no part of it, since it depends on what was kept before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import polars as pl

from curation.augment import measures
from curation.augment.gates import EMPTY, Gates, Verdict
from curation.augment.measures import TOKENS, Meaning, Talk, answers_of
from curation.augment.sides import USER, Side, own_answers, said, sides
from curation.contract import digest
from curation.rows import messages_of
from curation.step import Context

SURE = 0.6
"""Confidence in a candidate's language under which another language is no reason to reject."""


class Judge:
    """Measures candidates against their parents, batch by batch."""

    def __init__(
        self, gates: Gates, ctx: Context, *, roles: frozenset[str] = USER, static: bool | None = None
    ) -> None:
        self.gates, self.ctx, self.roles = gates, ctx, roles
        self.static = gates.encoder == "static" and "encoder" not in ctx.models if static is None else static
        """Whether meaning is measured by the model that every process has at hand."""
        self._meaning_of = Meaning()

    @cached_property
    def _items(self) -> Any:
        from curation.testsets import read_items

        return read_items(self.gates.against, None)

    def judge(
        self, parents: Sequence[Talk], children: Sequence[Talk], whole: Sequence[bool] | None = None
    ) -> list[Verdict]:
        """A verdict for each child, whose parent stands in the same place; on all but near-duplicates.

        ``whole`` says which are new conversations, prompt and answer both; of the others the turns that may change are measured.
        """
        new = whole or [False] * len(children)
        verdicts = self.quick(parents, children, new)
        self.slow(verdicts, parents, children, new)
        return verdicts

    def quick(
        self, parents: Sequence[Talk], children: Sequence[Talk], whole: Sequence[bool]
    ) -> list[Verdict]:
        """Verdicts by the gates that need no model and no file, which any process can measure."""
        verdicts = [Verdict() for _ in children]
        if not verdicts:
            return verdicts
        whole = own_answers(parents, children, whole)
        texts = sides(parents, children, whole, self.roles)
        self._words(verdicts, texts, whole)
        if self.gates.language:
            self._language(verdicts, texts)
        if self.gates.copied is not None:
            self._copied(verdicts, texts[0], parents, children, whole)
        if self.gates.flags:
            self._flags(verdicts, parents, children)
        if self.static and (self.gates.semantic is not None or self.gates.fit is not None):
            self._meaning(verdicts, parents, children, whole)
        return verdicts

    def slow(
        self, verdicts: Sequence[Verdict], parents: Sequence[Talk], children: Sequence[Talk], whole: Sequence[bool],
    ) -> None:  # fmt: skip
        """Add what the other gates say, which load a model or benchmark files."""
        if not verdicts:
            return
        whole = own_answers(parents, children, whole)
        if not self.static and (self.gates.semantic is not None or self.gates.fit is not None):
            self._meaning(verdicts, parents, children, whole)
        if self.gates.against:
            self._contamination(verdicts, parents, children)
        if self.gates.perplexity is not None:
            self._perplexity(verdicts, sides(parents, children, whole, self.roles))

    def _words(self, verdicts: Sequence[Verdict], texts: Sequence[Side], whole: Sequence[bool]) -> None:
        """Length and likeness of words; a new conversation is as long as it needs to be, and owes its parent no words."""
        asked = texts if self.gates.lexical is not None else []
        likeness = [measures.lexical(*side) for side in asked] or [[1.0] * len(verdicts)]
        # a role that neither has is as long as it was
        lengths = [
            [len(b) / len(a) if a else max(len(b), 1) for a, b in zip(*side, strict=True)] for side in texts
        ]
        every = zip(
            verdicts, texts[0][1], zip(*lengths, strict=True), zip(*likeness, strict=True), whole, strict=True
        )
        for verdict, prompt, ratios, alike, rewritten in every:
            if not prompt.strip():
                verdict.reason = EMPTY
            if self.gates.length is not None:
                low, high = (None, None) if rewritten else self.gates.length
                worst = max(ratios, key=_off)
                ratio = round(worst, 3)
                off = low is not None and high is not None and not low <= ratio <= high
                why = f"{ratio:g} times the parent's, not within {low:g} to {high:g}" if off else None
                verdict.measure("length", ratio, why, low=low, high=high)
            if self.gates.lexical is not None:
                self._band(verdict, "lexical", min(alike), self.gates.lexical, rewritten)

    def _band(
        self, verdict: Verdict, gate: str, value: float, band: tuple[float, float], rewritten: bool
    ) -> None:
        low, high = (None, band[1]) if rewritten else band
        why = f"{value:g} is over {high:g}, nothing new" if value > high else None
        if low is not None and value < low:
            why = f"{value:g} is under {low:g}, drifted"
        verdict.measure(gate, value, why, low=low, high=high)

    def _language(self, verdicts: Sequence[Verdict], texts: Sequence[Side]) -> None:
        """The prompts' language, or that of other turns where these are in another one than the parent's."""
        found = [[measures.languages(one) for one in side] for side in texts]
        for place, verdict in enumerate(verdicts):
            pairs = [(old[place][0], *new[place]) for old, new in found]
            other = [one for one in pairs if one[0] and one[1] and one[0] != one[1] and one[2] >= SURE]
            was, now, sure = (other or pairs)[0]
            why = f"{now} ({sure:g}), the parent is {was}" if other else None
            verdict.measure("language", now, why, language_confidence=sure)

    def _copied(
        self, verdicts: Sequence[Verdict], prompts: Side, parents: Sequence[Talk], children: Sequence[Talk], whole: Sequence[bool],
    ) -> None:  # fmt: skip
        """An answer that corrects, rewrites or translates a line repeats most of it: that line has to stay as it is."""
        answers = [answers_of(talk) for talk in parents]
        shares = measures.copied(*prompts, ["\n".join(some) for some in answers])
        limit = self.gates.copied or 0.0
        for verdict, share, some, child, rewritten in zip(
            verdicts, shares, answers, children, whole, strict=True
        ):
            # an answer that is another one doesn't work on the old line
            if not rewritten and (self.roles == USER or answers_of(child) == some):
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
        for role in sorted(self.roles - USER):
            pairs = zip(meaning, self._other_turns(parents, children, role), whole, strict=True)
            meaning = [one if rewritten else min(one, other) for one, other, rewritten in pairs]
        for verdict, likeness, was, now, rewritten in zip(verdicts, meaning, *fits, whole, strict=True):
            if self.gates.semantic is not None:
                self._band(verdict, "semantic", likeness, self.gates.semantic, rewritten)
            if self.gates.fit is not None:
                least = round(was - self.gates.fit, 3)
                why = f"prompt and answer agree by {now:g}, the parent's by {was:g}" if now < least else None
                verdict.measure("fit", now, why, low=least, fit_parent=was)

    def _other_turns(self, parents: Sequence[Talk], children: Sequence[Talk], role: str) -> list[float]:
        """How alike the turns of a role are in meaning; 1 where they are the same."""
        found = [1.0] * len(parents)
        places = [
            p
            for p, pair in enumerate(zip(parents, children, strict=True))
            if len({said(one, role) for one in pair}) > 1
        ]
        if places:
            some = (self._vectors([talks[p] for p in places], role) for talks in (parents, children))
            for place, value in zip(places, measures.cosine(*some), strict=True):
                found[place] = value
        return found

    def _vectors(self, talks: Sequence[Talk], role: str) -> Any:
        """The vectors of all turns of a role as one text each."""
        texts = [said(talk, role) for talk in talks]
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

    def _perplexity(self, verdicts: Sequence[Verdict], texts: Sequence[Side]) -> None:
        from curation.augment.perplexity import ratios

        most = self.gates.perplexity_ratio
        every = [ratios(str(self.gates.perplexity), list(zip(*side, strict=True))) for side in texts]
        for verdict, *some in zip(verdicts, *every, strict=True):
            ratio = max(some)
            why = f"{ratio:g} times the parent's, over {most:g}" if ratio > most else None
            verdict.measure("perplexity", ratio, why, high=most)


def _off(ratio: float) -> float:
    """How far a multiple is from 1, to either side."""
    return max(ratio, 1 / ratio) if ratio else math.inf
