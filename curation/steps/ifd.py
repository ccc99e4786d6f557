"""``ifd``: how much the prompt helps a model to say the answer."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import polars as pl

from curation.lm import Loss, last_exchange
from curation.step import Context, Kind
from curation.steps.perplexity import LmStep


class Ifd(LmStep):
    """Instruction-following difficulty: the answer's perplexity after the prompt over its perplexity alone.

    Adds ``ifd.score``, ``ifd.after`` and ``ifd.alone`` (losses in nats a token) and ``ifd.tokens``; null without an
    answer or a prompt. Near 0: the prompt gives the answer away; near 1: it hardly helps, which is the difficult and
    instructive part; above 1: it misleads, a sign that the two don't belong together. The paper keeps the highest
    scores below 1. The last exchange is scored. A scorer may be injected as ``ctx.models["ifd"]``.

    Source: Li et al. 2023, "From Quantity to Quality: Boosting LLM Performance with Self-Guided Data Selection for
    Instruction Tuning" (and 2024, "Superfiltering", for doing so with a small model).
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["ifd"] = "ifd"

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with their difficulty. Raises MissingExtra, InputError, HubError."""
        pairs = last_exchange(rows)
        scored: list[tuple[Loss | None, Loss | None]] = []
        if pairs:
            scorer, total = self.scorer(ctx), 2 * len(pairs)
            after = scorer.losses(pairs, lambda done, _: ctx.progress(done, total))
            alone = scorer.losses(
                [("", answer) for _, answer in pairs], lambda done, _: ctx.progress(len(pairs) + done, total)
            )
            scored = [
                (a, b) if context else (None, None)
                for (context, _), a, b in zip(pairs, after, alone, strict=True)
            ]
        ratios = [math.exp(min(a.mean - b.mean, 700)) if a and b else None for a, b in scored]
        return rows.with_columns(
            pl.Series("ifd.score", [None if x is None else round(x, 4) for x in ratios], dtype=pl.Float64),
            pl.Series("ifd.after", [a and a.mean for a, _ in scored], dtype=pl.Float64),
            pl.Series("ifd.alone", [b and b.mean for _, b in scored], dtype=pl.Float64),
            pl.Series("ifd.tokens", [a.tokens if a else 0 for a, _ in scored], dtype=pl.Int64),
        )
