"""``map2d``: a place on a map for each conversation; what is alike lies together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from curation.modelfiles import model_files
from curation.step import Context, Kind, Step
from curation.steps.embed import View


class Map2d(Step):
    """Lay the embeddings out in two dimensions, for looking at: t-SNE of landmarks, the other rows among them.

    Adds ``map2d.x`` and ``map2d.y`` (Float64, -10 to 10, 3 decimals). Near points are alike; the distance of
    far ones, and the axes, mean nothing. The outcome depends on neither row order nor threads.

    Source: van der Maaten and Hinton 2008 (t-SNE); Kobak and Berens 2019 on starting from principal components.
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "global"
    op: Literal["map2d"] = "map2d"
    landmarks: Annotated[int, Field(ge=10, le=50_000)] = 4_000
    """Rows that t-SNE itself lays out; more show finer structure and cost time."""
    perplexity: Annotated[float, Field(ge=2, le=200)] = 30
    """Neighbours that t-SNE tries to keep."""
    model: Annotated[str, Field(min_length=1)] = "static"
    """The embedding model, as in ``embed``."""
    view: View = "first_prompt"
    """What is embedded, as in ``embed``."""
    tokens: Annotated[int, Field(ge=8, le=8192)] = 256
    """Tokens of the view that are read."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with their points."""
        from curation.embedding import vectors
        from curation.embedding.layout import layout

        found = vectors(rows, model=self.model, view=self.view, tokens=self.tokens, ctx=ctx)
        points = layout(
            found,
            landmarks=self.landmarks,
            perplexity=self.perplexity,
            seed=ctx.seed,
            progress=ctx.progress,
        )
        return rows.with_columns(
            (pl.Series(f"{self.op}.{name}", points[:, place], dtype=pl.Float64).round(3) + 0.0)
            for place, name in enumerate("xy")
        )

    def inputs(self) -> list[Path]:
        """The files of a model that lies in a folder."""
        return model_files(self.model)
