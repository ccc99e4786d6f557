"""Rows that cover as much as they can: an order in which each next one is far from all before it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from curation.modelfiles import model_files
from curation.step import Context
from curation.steps.embed import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.embedding.numbers import Vectors

CELL = 2_000
"""Most rows of a cell, in which farthest-first runs."""


MILLION = 1_000_000
"""What cosines are told in: their differences below that are chance, and such numbers are exact in float32."""


class Diverse(BaseModel):
    """Take rows that differ most in meaning first, by the embeddings of a model; see ``diversity_rank``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    diverse: Annotated[str, Field(min_length=1)]
    """The embedding model, as in ``embed``: static, minilm, a folder or a Hub id."""
    view: View = "first_prompt"
    """What is embedded, as in ``embed``."""
    tokens: Annotated[int, Field(ge=8, le=8192)] = 256
    """Tokens of the view that are read."""

    def rank(self, rows: pl.DataFrame, ctx: Context, within: pl.Series | None = None) -> pl.Series:
        """``diversity_rank`` by these settings."""
        return diversity_rank(
            rows, ctx, model=self.diverse, view=self.view, tokens=self.tokens, within=within
        )

    def inputs(self) -> list[Path]:
        """The files of a model that lies in a folder."""
        return model_files(self.diverse)


def diversity_rank(
    rows: pl.DataFrame,
    ctx: Context,
    *,
    model: str = "static",
    view: View = "first_prompt",
    tokens: int = 256,
    within: pl.Series | None = None,
) -> pl.Series:
    """For each row its place in an order of diversity, from 0 (Int64): taking the first k gives a diverse k.

    In each cell of alike rows, the row nearest the middle comes first, and each next one is the farthest from
    all before it; cells take turns, the largest first, so that every cell has its share at every k. With
    ``within`` (a value for each row) every value has an order of its own. Ties go to the lower id; the order of
    rows and the number of threads don't matter; n log n work. Raises MissingExtra.

    Source: Gonzalez 1985 (farthest-first traversal); Sener and Savarese 2018 (core-sets).
    """
    from curation.embedding import vectors  # first, since it says which extra is missing

    import numpy as np  # isort: skip

    from curation.embedding.numbers import one_thread

    order = rows["id"].arg_sort().to_numpy()
    found = vectors(rows, model=model, view=view, tokens=tokens, ctx=ctx)[order]
    group = np.zeros(len(found), np.int64)
    if within is not None:
        group = within.rank("dense").fill_null(0).to_numpy()[order].astype(np.int64)
    ranks = np.empty(len(found), np.int64)
    alone = one_thread(_ranks)
    sorted_ = np.argsort(group, kind="stable")
    done = 0
    for members in np.split(sorted_, np.flatnonzero(np.diff(group[sorted_])) + 1):
        ranks[order[members]] = alone(found[members], ctx.seed)
        done += len(members)
        ctx.progress(done, len(found))
    return pl.Series("rank", ranks, dtype=pl.Int64)


def _ranks(vectors: Vectors, seed: int) -> NDArray[np.int64]:
    """The place of each vector in the order of diversity of all of them."""
    import numpy as np

    from curation.embedding.cells import cut

    tree = cut(vectors, CELL, seed)
    cells = sorted(
        (tree.members[leaf] for leaf in tree.leaves()), key=lambda cell: (-len(cell), cell[:1].tolist())
    )
    turn, label = np.zeros(len(vectors), np.int64), np.zeros(len(vectors), np.int64)
    for number, cell in enumerate(cells):
        turn[cell[_farthest_first(vectors[cell])]] = np.arange(len(cell))
        label[cell] = number
    ranks = np.empty(len(vectors), np.int64)
    ranks[np.lexsort((label, turn))] = np.arange(len(vectors))
    return ranks


def _farthest_first(vectors: Vectors) -> NDArray[np.int64]:
    """Places in the order of farthest-first traversal from the vector nearest the mean."""
    import numpy as np

    from curation.embedding.numbers import blocks, lengths, whole

    exact, size = whole(vectors), lengths(vectors)
    unit = np.rint(vectors * (16384 / size)[:, None]).astype(np.int64)
    closeness = np.round((exact.astype(np.float64) @ unit.sum(axis=0).astype(np.float64)) / size, 0)
    # cosines in millionths, all of them first: one product is many times as fast as one for each place
    cosine = np.empty((len(vectors), len(vectors)), np.float32)
    for part in blocks(len(vectors), max(1, len(vectors)), 200_000):
        dots = (exact[part] @ exact.T) / (size * size[part, None])
        cosine[part] = np.rint(dots * MILLION)
    order = np.empty(len(vectors), np.int64)
    near = np.full(len(vectors), -np.inf, np.float32)
    place = int(np.argmax(closeness)) if len(vectors) else 0
    for number in range(len(vectors)):
        order[number] = place
        np.maximum(near, cosine[place], out=near)
        near[place] = np.inf
        place = int(near.argmin())
    return order
