"""Pairs of vectors with a high cosine, joined into clusters as they are found; pairs themselves aren't kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from curation.embedding.cells import Places, cut
from curation.embedding.numbers import Vectors, blocks, lengths, whole

EXACT_BELOW = 10_000
"""Up to so many different vectors all pairs are compared."""
CELL = 1_000
"""Above that, vectors are cut into cells of at most so many."""
CELLS = 5
"""Each vector is compared with those of so many cells, the nearest ones: at most 5,000 comparisons a row."""
BEAM = 8
"""Branches that are followed on the way to them."""
Cosines = NDArray[np.float32]


def near_clusters(
    vectors: Vectors, threshold: float, seed: int, progress: Callable[[int, int], None]
) -> tuple[Places, Cosines, Places]:
    """For each row the lowest place in its cluster (itself when alone), its best cosine, and that partner.

    ``vectors`` must come in a canonical order. Rows of zeros are alone; the cosine of a row alone is 0, its
    partner -1. Cosines are rounded to 4 decimals before they are compared with ``threshold``.
    """
    label = np.arange(len(vectors))
    best = np.zeros(len(vectors), np.float32)
    partner = np.full(len(vectors), -1)
    _, first, same = np.unique(vectors, axis=0, return_index=True, return_inverse=True)
    same = same.reshape(-1)
    alike = first[same]
    twin = (alike != label) & vectors.any(axis=1)
    label[twin] = alike[twin]
    best[twin], partner[twin] = 1, alike[twin]
    best[alike[twin]], partner[alike[twin]] = 1, np.flatnonzero(twin)
    real = np.sort(first[vectors[first].any(axis=1)])
    if len(real) < 2:
        return label, best, partner
    distinct = vectors[real]
    seen = 0.0
    for left, right in _comparisons(distinct, seed):
        _join(distinct, left, right, threshold, real, label, best, partner)
        seen += len(left) if len(real) <= EXACT_BELOW else len(left) / CELLS
        progress(min(round(seen), len(real)), len(real))
    return label[alike] if twin.any() else label, best, partner


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
                for part in blocks(len(visitors), len(inside)):
                    yield visitors[part], inside


def _join(
    vectors: Vectors,
    left: Places,
    right: Places,
    threshold: float,
    places: Places,
    label: Places,
    best: Cosines,
    partner: Places,
) -> None:
    """Compare two sets of vectors, join what is near, and note the best partner of each."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    dots = whole(vectors[left]) @ whole(vectors[right]).T
    dots *= (1 / lengths(vectors[left])).astype(dots.dtype)[:, None]
    dots *= (1 / lengths(vectors[right])).astype(dots.dtype)[None, :]
    rows, columns = np.nonzero(dots >= threshold - 0.0001)
    cosine = np.round(dots[rows, columns].astype(np.float64), 4)
    own = (left[rows] != right[columns]) & (cosine >= threshold)
    if not own.any():
        return
    one, two, cosine = places[left[rows[own]]], places[right[columns[own]]], cosine[own]
    for here, there in ((one, two), (two, one)):
        order = np.lexsort((there, -cosine, here))
        start = np.unique(here[order], return_index=True)[1]
        who, value, other = here[order][start], cosine[order][start].astype(np.float32), there[order][start]
        better = (value > best[who]) | ((value == best[who]) & (other < partner[who]))
        best[who[better]], partner[who[better]] = value[better], other[better]
    ends = np.unique(np.concatenate((label[one], label[two])))
    a, b = np.searchsorted(ends, label[one]), np.searchsorted(ends, label[two])
    _, group = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(len(ends), len(ends))))
    lowest = np.full(group.max() + 1, len(label))
    np.minimum.at(lowest, group, ends)
    moved = np.arange(len(label))
    moved[ends] = lowest[group]
    label[:] = moved[label]
