"""``embed``: fill the vector cache, and give each row the key under which its vector lies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from curation.step import Context, Kind, Step

View = Literal["first_prompt", "exchange", "answer", "conversation"]


class Embed(Step):
    """Embed a view of each conversation, so that later steps with the same settings find the vectors made.

    Adds ``embed.key`` (String): equal keys mean equal vectors. The vectors themselves are int8, lie in the cache
    folder under model, view and content hash, and are never part of rows: a row's hash doesn't depend on the
    machine that embedded it. An interrupted run goes on where it stopped.

    Source: Reimers and Gurevych 2019 (Sentence-BERT); ``static`` after Model2Vec (Tulkens and van Dongen 2024).
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["embed"] = "embed"
    model: Annotated[str, Field(min_length=1)] = "static"
    """``static`` (ships with us, thousands of texts a second), ``minilm`` (all-MiniLM-L6-v2 from a package), the
    folder of a sentence-transformers model, or its Hub id."""
    view: View = "first_prompt"
    """What is embedded: the first user turn, that and the start of the answer, the answers, or all turns."""
    tokens: Annotated[int, Field(ge=8, le=8192)] = 256
    """Tokens of the view that are read; the rest is cut off (``static`` reads at most 512)."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with their keys, after their vectors are in the cache."""
        from curation import embedding

        embedding.vectors(rows, model=self.model, view=self.view, tokens=self.tokens, ctx=ctx)
        found = embedding.keys(rows, model=self.model, view=self.view, tokens=self.tokens, ctx=ctx)
        return rows.with_columns(found.alias("embed.key"))

    def inputs(self) -> list[Path]:
        """The files of a model that lies in a folder."""
        from curation.modelfiles import model_files

        return model_files(self.model)
