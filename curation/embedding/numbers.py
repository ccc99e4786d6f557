"""Vectors as small whole numbers, and cosines of them that are exact up to the last division."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")
Vectors: TypeAlias = NDArray[np.int8]
"""Shape (rows, components), int8; an empty text is a row of zeros."""
EXACT = 1_040
"""Most components whose products sum below 2^24, and so stay exact in float32."""


NEAR = 2**18
"""Numbers that are converted at a time, so that they stay in a core's cache."""


def quantise(values: NDArray[Any]) -> Vectors:
    """Rows scaled so that the largest component is 127, and rounded; a row of zeros stays zeros."""
    peaks = np.abs(values).max(axis=1, initial=0).astype(np.float64)
    peaks[peaks == 0] = 1
    scaled: Vectors = np.rint(values.astype(np.float64) * (127.0 / peaks)[:, None]).astype(np.int8)
    return scaled


def lengths(vectors: Vectors) -> NDArray[np.float64]:
    """The Euclidean length of each row; 1 where the row is zeros, so that its cosines are 0."""
    squares = np.empty(len(vectors), np.float64)
    for part in blocks(len(vectors), vectors.shape[1], NEAR):
        exact = whole(vectors[part])
        squares[part] = np.einsum("ij,ij->i", exact, exact)
    squares[squares == 0] = 1
    roots: NDArray[np.float64] = np.sqrt(squares)
    return roots


def whole(vectors: Vectors) -> NDArray[Any]:
    """The same numbers in the float type in which their dot products are exact."""
    return vectors.astype(np.float32 if vectors.shape[1] <= EXACT else np.float64)


def cosines(left: Vectors, right: Vectors) -> NDArray[np.float32]:
    """Cosines of all rows of ``left`` with all of ``right``: shape (left rows, right rows), from -1 to 1.

    Dot products are sums of whole numbers and so exact whatever the order of summing; what is rounded is
    one multiplication for each length.
    """
    dots = whole(left) @ whole(right).T
    dots *= (1 / lengths(left)).astype(dots.dtype)[:, None]
    dots *= (1 / lengths(right)).astype(dots.dtype)[None, :]
    found: NDArray[np.float32] = dots.astype(np.float32, copy=False)
    return found


def first_alike(vectors: Vectors) -> NDArray[np.int64]:
    """For each row the first place with the same numbers, its own where there is none before."""
    parts = list(blocks(len(vectors), vectors.shape[1]))
    _, first, same = np.unique(_sums(vectors), return_index=True, return_inverse=True)
    if any((vectors[part] != vectors[first[same[part]]]).any() for part in parts):
        # two different rows with one sum, which hardly ever happens
        _, first, same = np.unique(vectors, axis=0, return_index=True, return_inverse=True)
    found: NDArray[np.int64] = first[same.reshape(-1)]
    return found


def _sums(vectors: Vectors) -> NDArray[np.uint64]:
    """A number for each row that differs where rows do, but for one pair in 2^63: its sum with weights by chance."""
    weights = np.random.default_rng(0).integers(1, 2**63, vectors.shape[1], dtype=np.uint64)
    sums = np.empty(len(vectors), np.uint64)
    for part in blocks(len(vectors), vectors.shape[1], NEAR):
        sums[part] = (vectors[part].view(np.uint8) * weights).sum(axis=1)
    return sums


def blocks(count: int, width: int, budget: int = 8_000_000) -> Iterator[slice]:
    """Slices of ``count`` rows such that a block of ``width`` columns has at most ``budget`` numbers."""
    step = max(1, budget // max(1, width))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


_LIMITED: ContextVar[bool] = ContextVar("limited", default=False)


def one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function that makes many small products run them in one thread each: more of them only wait for one another."""

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        if _LIMITED.get():  # by a caller; asking which libraries are loaded takes longer than a small product
            return function(*args, **kwargs)
        try:
            from threadpoolctl import threadpool_limits
        except ModuleNotFoundError:  # it comes with scikit-learn; without it, only time is lost
            return function(*args, **kwargs)
        with threadpool_limits(1, user_api="blas"):
            token = _LIMITED.set(True)
            try:
                return function(*args, **kwargs)
            finally:
                _LIMITED.reset(token)

    return limited
