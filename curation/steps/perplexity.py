"""``perplexity``: how much the last answer of a conversation surprises a base model."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from curation.lm import Device, Scorer, last_exchange, load
from curation.step import Context, Kind, Step


class LmStep(Step):
    """What the steps that ask a language model share."""

    model: Annotated[str, Field(min_length=1)]
    """A causal model: a Hub id or the folder of one, with safetensors."""
    revision: str | None = None
    """The model's revision on the Hub (a commit, tag or branch); name one, since the outcome is cached by it."""
    max_tokens: Annotated[int, Field(ge=8)] = 1024
    """Tokens of context and answer together; the context is cut at its front, the answer at its end."""
    batch_tokens: Annotated[int, Field(ge=8)] = 4096
    """Tokens of a forward pass, padding included; memory grows with it times the vocabulary."""
    device: Device = "auto"
    """Where to compute; auto takes a CUDA device where there is one."""

    def scorer(self, ctx: Context) -> Scorer:
        """The injected model of the step's name, or the one that the fields name."""
        if self.op in ctx.models:
            found: Scorer = ctx.models[self.op]
            return found
        return load(self.model, self.revision, self.device, self.max_tokens, self.batch_tokens)


class Perplexity(LmStep):
    """Score the last answer by a base model that has read what comes before it.

    Adds ``perplexity.answer`` (e to the mean loss a token; null without an answer), ``perplexity.loss`` (nats a
    token) and ``perplexity.tokens``. Very high: noise, another language, broken text; very low: boilerplate, or text
    that the model has seen. Turns are set apart by an empty line, without a chat template, since a base model
    knows none. A scorer may be injected as ``ctx.models["perplexity"]``.

    Source: perplexity as a filter in Wenzek et al. 2020 (CCNet), and its limits in Marion et al. 2023, "When Less is
    More".
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["perplexity"] = "perplexity"

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with their perplexities. Raises MissingExtra, InputError, HubError."""
        losses = self.scorer(ctx).losses(last_exchange(rows), ctx.progress) if rows.height else []
        return rows.with_columns(
            pl.Series(
                "perplexity.answer",
                [x and round(math.exp(min(x.mean, 700)), 4) for x in losses],
                dtype=pl.Float64,
            ),
            pl.Series("perplexity.loss", [x and x.mean for x in losses], dtype=pl.Float64),
            pl.Series("perplexity.tokens", [x.tokens if x else 0 for x in losses], dtype=pl.Int64),
        )
