"""Shingles: the hashes of every n words in a row, at a cost that doesn't depend on n."""

from __future__ import annotations

import threading

import numpy as np

from curation.words import I64, U64, Words, mix

# any odd number has an inverse modulo 2^64; 5 modulo 8 gives its powers the longest cycle
_BASE = 0xD1342543DE82EF95
_INVERSE = pow(_BASE, -1, 1 << 64)


class _Powers:
    """Powers of the base and of its inverse modulo 2^64, grown as longer texts come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables = (np.ones(1, dtype=np.uint64), np.ones(1, dtype=np.uint64))

    def upto(self, count: int) -> tuple[U64, U64]:
        if self._tables[0].size < count:
            with self._lock:
                size = 1 << max(count - 1, 1).bit_length()
                self._tables = (_powers(_BASE, size), _powers(_INVERSE, size))
        up, down = self._tables
        return up, down


def _powers(base: int, count: int) -> U64:
    factors = np.full(count, base, dtype=np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)


_POWERS = _Powers()


def running_sums(words: Words) -> U64:
    """Sums of hash x base^place up to each word: a run's hash is a difference of two of them."""
    up, _ = _POWERS.upto(words.hashes.size + 1)
    sums = np.zeros(words.hashes.size + 1, dtype=np.uint64)
    np.cumsum(words.hashes * up[: words.hashes.size], out=sums[1:])
    return sums


def all_runs(sums: U64, size: int, seed: int = 0) -> U64:
    """The hash of the ``size`` words from each place on, across the borders of texts too.

    Source: rolling hashes (Karp and Rabin, 1987), modulo 2^64 over hashed words, then mixed.
    """
    count = max(sums.size - size, 0)
    _, down = _POWERS.upto(count + 1)
    runs = sums[size:] - sums[:count] if count else np.empty(0, dtype=np.uint64)
    runs *= down[:count]
    runs += np.uint64((size * _BASE + seed * _INVERSE) % (1 << 64))
    return mix(runs)


def run_hashes(sums: U64, starts: I64, ends: I64, seed: int = 0) -> U64:
    """The hash of the words of each run from start to end; equal to ``all_runs`` where the size is."""
    _, down = _POWERS.upto(sums.size + 1)
    sizes = (ends - starts).astype(np.uint64)
    runs = (sums[ends] - sums[starts]) * down[starts]
    runs += sizes * np.uint64(_BASE) + np.uint64(seed * _INVERSE % (1 << 64))
    return mix(runs)


def whole_runs(words: Words, size: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For each place of ``all_runs``: whether the ``size`` words from there on are all of one text."""
    count = max(words.hashes.size - size + 1, 0)
    inside = np.ones(words.hashes.size + 1, dtype=bool)
    ends = words.bounds[1:]
    for back in range(1, size):
        inside[np.maximum(ends - back, 0)] = False
    # a text shorter than size marked words of the texts before it, which have enough of their own
    return _repaired(inside, words, size)[:count]


def _repaired(inside: np.ndarray, words: Words, size: int) -> np.ndarray:
    raise NotImplementedError
