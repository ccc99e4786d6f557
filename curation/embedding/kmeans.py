"""Spherical k-means in whole numbers: the same clusters on any machine, in any order of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.embedding.numbers import NEAR, Vectors, blocks, lengths, one_thread, quantise, whole

UNIT = 2**14
"""Unit vectors are rounded to this grid before they are summed, so that sums are exact."""
EXACT = 2**10
"""Rows that are summed in float32 at a time: their sums stay within 2^24, where whole numbers are exact."""
SAMPLE = 20_000
"""Most rows that the first centres are chosen from."""


@one_thread
def kmeans(
    vectors: Vectors, count: int, seed: int, rounds: int = 25, sample: int | None = None
) -> tuple[NDArray[np.int64], Vectors, NDArray[np.float32]]:
    """Cluster rows by cosine: each row's cluster, the centres (int8), and each row's cosine with its centre.

    ``vectors`` must come in a canonical order (of ids, say). There are at most ``count`` clusters, the
    largest first. With ``sample``, at most so many rows, drawn by chance, say where the centres are; the others
    go to the nearest. Source: Dhillon and Modha 2001 (spherical k-means), Arthur and Vassilvitskii 2007 (k-means++).
    """
    if sample is not None and len(vectors) > sample:
        drawn = np.sort(np.random.default_rng(seed).choice(len(vectors), sample, replace=False))
        centres = _settled(vectors[drawn], count, seed, rounds)
    else:
        centres = _settled(vectors, count, seed, rounds)
    labels, dots = _assign(vectors, centres)
    sizes = np.bincount(labels, minlength=len(centres))
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    rank = np.full(len(centres), -1)
    rank[order] = np.arange(len(order))
    return rank[labels], centres[order], (dots / lengths(vectors)).astype(np.float32)


def _settled(vectors: Vectors, count: int, seed: int, rounds: int) -> Vectors:
    """Centres that were moved to the middle of their rows for so many rounds, or until no row changed its centre."""
    size = lengths(vectors)
    centres = _start(vectors, min(count, len(vectors)), np.random.default_rng(seed))
    labels, _ = _assign(vectors, centres)
    sums = _sums(vectors, size, labels, len(centres))
    for number in range(rounds):
        new = quantise(sums)
        empty = ~new.any(axis=1)
        new[empty] = centres[empty]
        centres = new
        if number + 1 == rounds:
            break
        before, (labels, _) = labels, _assign(vectors, centres)
        moved = np.flatnonzero(before != labels)
        if not len(moved):
            break
        for sign, label in ((-1, before), (1, labels)):
            sums += sign * _sums(vectors, size, label, len(centres), moved)
    return centres


def _assign(vectors: Vectors, centres: Vectors) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """The nearest centre of each row (the first of equals), and their cosine times the row's length."""
    right = whole(centres)
    scale = (1 / lengths(centres)).astype(right.dtype)
    labels, best = np.zeros(len(vectors), np.int64), np.zeros(len(vectors), right.dtype)
    for part in blocks(len(vectors), max(vectors.shape[1], len(centres)), NEAR):
        dots = (whole(vectors[part]) @ right.T) * scale
        labels[part] = np.argmax(dots, axis=1)
        best[part] = np.take_along_axis(dots, labels[part, None], axis=1)[:, 0]
    return labels, best


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


def _sums(
    vectors: Vectors,
    size: NDArray[np.float64],
    labels: NDArray[np.int64],
    count: int,
    rows: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """The sum of the unit vectors of each label, of all rows or of some; whole numbers, shape (count, components)."""
    sums = np.zeros((count, vectors.shape[1]), np.int64)
    rows = np.arange(len(vectors)) if rows is None else rows
    for start in range(0, len(rows), EXACT):
        part = rows[start : start + EXACT]
        unit = np.rint(vectors[part] * (UNIT / size[part])[:, None]).astype(np.float32)
        member = np.zeros((count, len(part)), np.float32)
        member[labels[part], np.arange(len(part))] = 1
        sums += (member @ unit).astype(np.int64)
    return sums
