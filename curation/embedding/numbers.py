"""Vectors as small whole numbers, and cosines of them that are exact up to the last division."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


def quantise(values: NDArray[Any]) -> Vectors:
    """Rows scaled so that the largest component is 127, and rounded; a row of zeros stays zeros."""
    peaks = np.abs(values).max(axis=1, initial=0).astype(np.float64)
    peaks[peaks == 0] = 1
    scaled: Vectors = np.rint(values.astype(np.float64) * (127.0 / peaks)[:, None]).astype(np.int8)
    return scaled


def lengths(vectors: Vectors) -> NDArray[np.float64]:
    """The Euclidean length of each row; 1 where the row is zeros, so that its cosines are 0."""
    wide = vectors.astype(np.int32)
    squares = (wide * wide).sum(axis=1, dtype=np.int64)
    squares[squares == 0] = 1
    roots: NDArray[np.float64] = np.sqrt(squares.astype(np.float64))
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


def blocks(count: int, width: int, budget: int = 8_000_000) -> Iterator[slice]:
    """Slices of ``count`` rows such that a block of ``width`` columns has at most ``budget`` numbers."""
    step = max(1, budget // max(1, width))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function that makes many small products run them in one thread each: more of them only wait for one another."""

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            from threadpoolctl import threadpool_limits
        except ModuleNotFoundError:  # it comes with scikit-learn; without it, only time is lost
            return function(*args, **kwargs)
        with threadpool_limits(1, user_api="blas"):
            return function(*args, **kwargs)

    return limited
