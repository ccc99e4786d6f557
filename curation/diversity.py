"""Rows that cover as much as they can: an order in which each next one is far from all before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from curation.step import Context

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.embedding.numbers import Vectors
    from curation.embedding.view import View

CELL = 2_000
"""Rows of a cell in which farthest-first runs; above it rows are first cut into cells by k-means."""


def diversity_rank(
    rows: pl.DataFrame, ctx: Context, *, model: str = "static", view: View = "first_prompt", tokens: int = 256
) -> pl.Series:
    """For each row its place in an order of diversity, from 0 (Int64): taking the first k gives a diverse k.

    In each cell of alike rows, the row nearest the middle comes first, and each next one is the farthest from
    all before it; cells take turns, the largest first, so that every cell has its share at every k. Ties go
    to the lower id; the order of rows and the number of threads don't matter. Raises MissingExtra.

    Source: Gonzalez 1985 (farthest-first traversal); Sener and Savarese 2018 (core-sets).
    """
    from curation.embedding import vectors  # first, since it says which extra is missing
    from curation.embedding.kmeans import kmeans

    import numpy as np  # isort: skip

    order = rows["id"].arg_sort().to_numpy()
    found = vectors(rows, model=model, view=view, tokens=tokens, ctx=ctx)[order]
    cells = -(-len(found) // (CELL // 4))
    label = np.zeros(len(found), np.int64)
    if len(found) > CELL:
        label, _, _ = kmeans(found, cells, ctx.seed, rounds=8)
    turn = np.zeros(len(found), np.int64)
    for cell in range(label.max(initial=-1) + 1):
        members = np.flatnonzero(label == cell)
        for start in range(0, len(members), CELL):
            part = members[start : start + CELL]
            turn[part[_farthest_first(found[part])]] = np.arange(len(part))
    ranks = np.empty(len(found), np.int64)
    ranks[order[np.lexsort((np.arange(len(found)), label, turn))]] = np.arange(len(found))
    return pl.Series("rank", ranks, dtype=pl.Int64)


def _farthest_first(vectors: Vectors) -> NDArray[np.int64]:
    """Places in the order of farthest-first traversal from the vector nearest the mean."""
    import numpy as np

    from curation.embedding.numbers import lengths, whole

    exact, size = whole(vectors), lengths(vectors)
    unit = np.rint(vectors * (16384 / size)[:, None]).astype(np.int64)
    closeness = np.round((exact.astype(np.float64) @ unit.sum(axis=0).astype(np.float64)) / size, 0)
    order = np.empty(len(vectors), np.int64)
    near = np.full(len(vectors), -2.0)
    place = int(np.argmax(closeness))
    for number in range(len(vectors)):
        order[number] = place
        near = np.maximum(near, np.round((exact @ exact[place]) / (size * size[place]), 6))
        near[place] = np.inf
        place = int(np.argmin(near))
    return order
