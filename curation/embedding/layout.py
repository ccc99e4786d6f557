"""A 2-D layout of vectors: t-SNE of some of them, the others placed among their nearest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from curation.embedding.numbers import Vectors, blocks, lengths, whole
from curation.errors import MissingExtra

Points = NDArray[np.float64]
NEAREST = 5
"""Landmarks among which a row is placed."""


def layout(
    vectors: Vectors, *, landmarks: int, perplexity: float, seed: int, progress: Callable[[int, int], None]
) -> Points:
    """Points in [-10, 10], shape (rows, 2); near vectors lie near each other, far distances mean little.

    ``vectors`` must come in a canonical order. t-SNE runs in one thread on at most ``landmarks`` rows, from
    their two principal components, so that it comes out the same every time; its cost grows with
    landmarks, the rest with rows times landmarks. Equal vectors get equal points. Raises MissingExtra.
    """
    distinct, same = np.unique(vectors, axis=0, return_inverse=True)
    chosen = np.arange(len(distinct))
    if len(distinct) > landmarks:
        chosen = np.sort(np.random.default_rng(seed).choice(len(distinct), landmarks, replace=False))
    anchors = distinct[chosen]
    fixed = _scaled(_tsne(anchors, perplexity, seed))
    points = np.zeros((len(distinct), 2))
    others = np.setdiff1d(np.arange(len(distinct)), chosen, assume_unique=True)
    for part in blocks(len(others), max(1, len(anchors))):
        points[others[part]] = _among(distinct[others[part]], anchors, fixed)
        progress(part.stop, len(others))
    points[chosen] = fixed
    return points[same.reshape(-1)]


def _tsne(vectors: Vectors, perplexity: float, seed: int) -> Points:
    """t-SNE (van der Maaten 2014, Barnes-Hut), or the two principal components of a few rows."""
    try:
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError:
        raise MissingExtra.of("scikit-learn", "embed") from None
    unit = vectors / lengths(vectors)[:, None]
    unit = unit - unit.mean(axis=0) if len(unit) else unit
    with threadpool_limits(1):
        _, axes = np.linalg.eigh(unit.T @ unit)
        start = unit @ axes[:, ::-1][:, :50]
        # an axis has no sign of its own
        if len(start):
            start *= np.where(start[np.abs(start).argmax(axis=0), np.arange(start.shape[1])] < 0, -1, 1)
        if start.shape[1] < 2:
            start = np.pad(start, ((0, 0), (0, 2 - start.shape[1])))
        start = np.round(start, 6)
        if len(vectors) < 10:
            few: Points = start[:, :2]
            return few
        spread = start[:, 0].std() or 1.0
        model = TSNE(
            init=start[:, :2] / spread * 1e-4,
            perplexity=min(perplexity, (len(vectors) - 1) / 3),
            max_iter=600,
            random_state=seed % 2**32,
            n_jobs=1,
        )
        found: Points = model.fit_transform(start).astype(np.float64)
    return found


def _scaled(points: Points) -> Points:
    """Moved to the middle, and scaled so that the farthest coordinate is 10."""
    if not len(points):
        return points
    points = points - (points.max(axis=0) + points.min(axis=0)) / 2
    return points * (10 / (np.abs(points).max() or 1))


def _among(vectors: Vectors, anchors: Vectors, fixed: Points) -> Points:
    """Each row at the mean of its nearest landmarks' points, the nearer the heavier."""
    cosine = (whole(vectors) @ whole(anchors).T).astype(np.float64)
    cosine = np.round(cosine / lengths(vectors)[:, None] / lengths(anchors), 6)
    count = min(NEAREST, len(anchors))
    near = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
    near.sort(axis=1)
    value = np.take_along_axis(cosine, near, axis=1)
    weight = np.maximum(value - value.min(axis=1, keepdims=True), 0) + 1e-3
    weight /= weight.sum(axis=1, keepdims=True)
    placed: Points = (fixed[near] * weight[:, :, None]).sum(axis=1)
    return placed
