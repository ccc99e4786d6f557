"""Spherical k-means in whole numbers: the same clusters on any machine, in any order of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.embedding.numbers import Vectors, blocks, lengths, one_thread, quantise, whole

UNIT = 2**14
"""Unit vectors are rounded to this grid before they are summed, so that sums are exact."""
SAMPLE = 20_000
"""Most rows that the first centres are chosen from."""


@one_thread
def kmeans(
    vectors: Vectors, count: int, seed: int, rounds: int = 25
) -> tuple[NDArray[np.int64], Vectors, NDArray[np.float32]]:
    """Cluster rows by cosine: each row's cluster, the centres (int8), and each row's cosine with its centre.

    ``vectors`` must come in a canonical order (of ids, say). There are at most ``count`` clusters, the
    largest first. Source: Dhillon and Modha 2001 (spherical k-means), Arthur and Vassilvitskii 2007 (k-means++).
    """
    centres = _start(vectors, min(count, len(vectors)), np.random.default_rng(seed))
    labels, near = assign(vectors, centres)
    for _ in range(rounds):
        centres = _centres(vectors, labels, centres)
        before, (labels, near) = labels, assign(vectors, centres)
        if np.array_equal(before, labels):
            break
    sizes = np.bincount(labels, minlength=len(centres))
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    rank = np.full(len(centres), -1)
    rank[order] = np.arange(len(order))
    return rank[labels], centres[order], near


def assign(vectors: Vectors, centres: Vectors) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The nearest centre of each row (the first of equals), and its cosine."""
    labels = np.zeros(len(vectors), np.int64)
    near = np.zeros(len(vectors), np.float32)
    right = whole(centres)
    scale = (1 / lengths(centres)).astype(right.dtype)
    for part in blocks(len(vectors), max(1, len(centres))):
        dots = (whole(vectors[part]) @ right.T) * scale
        labels[part] = np.argmax(dots, axis=1)
        near[part] = dots.max(axis=1) / lengths(vectors[part])
    return labels, near


def _start(vectors: Vectors, count: int, rng: np.random.Generator) -> Vectors:
    """Centres drawn with a chance that grows with the distance from those drawn before."""
    pool = vectors
    if len(vectors) > SAMPLE:
        pool = vectors[np.sort(rng.choice(len(vectors), SAMPLE, replace=False))]
    if not count:
        return pool[:0]
    exact, size = whole(pool), lengths(pool)
    chosen = [int(rng.integers(len(pool)))]
    far = np.full(len(pool), np.inf)
    for _ in range(count - 1):
        last = chosen[-1]
        far = np.minimum(far, np.round(np.maximum(0, 1 - (exact @ exact[last]) / (size * size[last])), 6))
        total = np.cumsum(far)
        if total[-1] == 0:
            break
        chosen.append(int(np.searchsorted(total, rng.random() * total[-1], side="right")))
    return pool[chosen]


def _centres(vectors: Vectors, labels: NDArray[np.int64], old: Vectors) -> Vectors:
    from scipy.sparse import csr_array

    sums: Any = np.zeros(old.shape, np.int64)
    for part in blocks(len(vectors), vectors.shape[1]):
        unit = np.rint(vectors[part] * (UNIT / lengths(vectors[part]))[:, None]).astype(np.int64)
        count = len(unit)
        member = csr_array(
            (np.ones(count, np.int64), (labels[part], np.arange(count))), shape=(len(old), count)
        )
        sums += member @ unit
    new = quantise(sums)
    empty = ~new.any(axis=1)
    new[empty] = old[empty]
    return new
