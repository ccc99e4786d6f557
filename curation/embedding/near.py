"""Pairs of vectors with a high cosine, joined into clusters as they are found; pairs themselves aren't kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from curation.embedding.cells import Places, cut
from curation.embedding.numbers import Vectors, blocks, first_alike, lengths, one_thread, whole

EXACT_BELOW = 10_000
"""Up to so many different vectors all pairs are compared."""
CELL = 1_000
"""Above that, vectors are cut into cells of at most so many."""
CELLS = 5
"""Each vector is compared with those of so many cells, the nearest ones: at most 5,000 comparisons a row."""
BEAM = 8
"""Branches that are followed on the way to them."""
PRODUCT = 250_000
"""Cosines that are looked at together, so that they stay in a core's cache."""
Cosines = NDArray[np.float32]


@one_thread
def near_clusters(
    vectors: Vectors, threshold: float, seed: int, progress: Callable[[int, int], None]
) -> tuple[Places, Cosines, Places]:
    """For each row the lowest place in its cluster (itself when alone), its best cosine, and that partner.

    ``vectors`` must come in a canonical order. Rows of zeros are alone; the cosine of a row alone is 0, its
    partner -1. Cosines are rounded to 4 decimals before they are compared with ``threshold``.
    """
    best = np.zeros(len(vectors), np.float32)
    partner = np.full(len(vectors), -1)
    alike, filled = first_alike(vectors), vectors.any(axis=1)
    own = alike == np.arange(len(vectors))
    twin = np.flatnonzero(~own & filled)
    best[twin], partner[twin] = 1, alike[twin]
    best[alike[twin]], partner[alike[twin]] = 1, twin
    edges = [np.stack((twin, alike[twin]))]
    real = np.flatnonzero(own & filled)
    distinct = vectors[real]
    inverse = (1 / lengths(distinct)).astype(whole(distinct[:1]).dtype)
    seen = 0.0
    for left, right in _comparisons(distinct, seed) if len(real) > 1 else ():
        edges.append(_join(distinct, inverse, left, right, threshold, real, best, partner))
        seen += len(left) if len(real) <= EXACT_BELOW else len(left) / CELLS
        progress(min(round(seen), len(real)), len(real))
    return _lowest(np.concatenate(edges, axis=1), len(vectors)), best, partner


def _lowest(edges: Places, count: int) -> Places:
    """For each of ``count`` places the lowest that it is connected with; ``edges`` has the shape (2, edges)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, group = connected_components(coo_array((np.ones(edges.shape[1]), tuple(edges)), shape=(count, count)))
    lowest = np.full(group.max(initial=-1) + 1, count)
    np.minimum.at(lowest, group, np.arange(count))
    found: Places = lowest[group]
    return found


def _comparisons(vectors: Vectors, seed: int) -> Iterator[tuple[Places, Places]]:
    """Which places are compared with which; a pair that matters is in one of them, or in none with a small chance."""
    every = np.arange(len(vectors))
    if len(vectors) <= EXACT_BELOW:
        for part in blocks(len(vectors), len(vectors)):
            yield every[part], every[part.start :]
        return
    tree = cut(vectors, CELL, seed)
    visited = tree.nearest(vectors, CELLS, BEAM)
    for column in range(CELLS):
        order = np.argsort(visited[:, column], kind="stable")
        nodes, starts = np.unique(visited[order, column], return_index=True)
        for node, visitors in zip(nodes, np.split(order, starts[1:]), strict=True):
            if node >= 0:
                inside = tree.members[node]
                for part in blocks(len(visitors), len(inside), PRODUCT):
                    yield visitors[part], inside


def _join(
    vectors: Vectors,
    inverse: Cosines,
    left: Places,
    right: Places,
    threshold: float,
    places: Places,
    best: Cosines,
    partner: Places,
) -> Places:
    """Compare two sets of vectors, note the best partner of each, and give edges that connect what is near.

    Of all near pairs only so many edges are kept as it takes to connect them, one a vector at most. ``inverse``
    holds one over each vector's length; ``places`` says where the vectors stand among all rows.
    """
    none: Places = np.empty((2, 0), np.int64)
    dots = whole(vectors[left]) @ whole(vectors[right]).T
    dots *= inverse[left][:, None]
    dots *= inverse[right][None, :]
    rows, columns = np.nonzero(dots >= threshold - 0.0001)
    cosine = np.round(dots[rows, columns].astype(np.float64), 4)
    own = (left[rows] != right[columns]) & (cosine >= threshold)
    if not own.any():
        return none
    one, two, cosine = places[left[rows[own]]], places[right[columns[own]]], cosine[own]
    for here, there in ((one, two), (two, one)):
        order = np.lexsort((there, -cosine, here))
        start = np.unique(here[order], return_index=True)[1]
        who, value, other = here[order][start], cosine[order][start].astype(np.float32), there[order][start]
        better = (value > best[who]) | ((value == best[who]) & (other < partner[who]))
        best[who[better]], partner[who[better]] = value[better], other[better]
    ends = np.unique(np.concatenate((one, two)))
    edges: Places = np.stack(
        (ends, ends[_lowest(np.stack((np.searchsorted(ends, one), np.searchsorted(ends, two))), len(ends))])
    )
    return edges
