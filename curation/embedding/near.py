"""Pairs of vectors with a high cosine, joined into clusters as they are found; pairs themselves aren't kept."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from curation.embedding.kmeans import assign, kmeans
from curation.embedding.numbers import Vectors, blocks, lengths, whole

EXACT_BELOW = 30_000
"""Up to so many different vectors all pairs are compared."""
CELLS = 4
"""Above that, each vector is compared with those of its nearest cells: n^1.5 work in place of n^2."""
Places = NDArray[np.int64]
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
    seen = 0
    for left, right in _comparisons(distinct, seed):
        _join(distinct, left, right, threshold, real, label, best, partner)
        seen += len(left)
        progress(min(seen, len(real)), len(real))
    return label[alike] if twin.any() else label, best, partner


def _comparisons(vectors: Vectors, seed: int) -> list[tuple[Places, Places]]:
    """Which places are compared with which; every pair that matters is in one of them."""
    every = np.arange(len(vectors))
    if len(vectors) <= EXACT_BELOW:
        return [(every[part], every[part.start :]) for part in blocks(len(vectors), len(vectors))]
    pool = vectors[:: max(1, len(vectors) // 20_000)]
    _, centres, _ = kmeans(pool, math.isqrt(len(vectors)), seed, rounds=5)
    home, _ = assign(vectors, centres)
    order = np.argsort(home, kind="stable")
    starts = np.searchsorted(home[order], np.arange(len(centres) + 1))
    cells = [order[starts[cell] : starts[cell + 1]] for cell in range(len(centres))]
    scale = 1 / lengths(centres)
    visits: list[list[Places]] = [[] for _ in centres]
    for part in blocks(len(vectors), len(centres)):
        dots = (whole(vectors[part]) @ whole(centres).T) * scale
        nearest = np.argsort(-dots, axis=1, kind="stable")[:, : CELLS + 1]
        for cell in range(len(centres)):
            hits = np.flatnonzero((nearest == cell).any(axis=1))
            if len(hits):
                visits[cell].append(every[part][hits])
    jobs: list[tuple[Places, Places]] = []
    for cell, inside in enumerate(cells):
        visiting = np.concatenate(visits[cell]) if visits[cell] else inside[:0]
        if len(inside) and len(visiting):
            jobs.extend((visiting[part], inside) for part in blocks(len(visiting), len(inside)))
    return jobs


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
