"""Shingles: the hashes of every n words in a row, at a cost that doesn't depend on n."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from curation.words import I64, U64, Flags, Words, bytes_of, hash_bytes, mix, running

CHUNK_BYTES = 1 << 20
"""Bytes of text hashed at a time: few enough for a core's cache, and enough that threads seldom wait for one another."""
CHUNK_ROWS = 4_000
HASH_BITS, NUMBER_BITS = np.uint64(52), np.uint64(12)
"""A shingle's hash, and beside it the number of its row in a chunk, share 64 bits."""

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


def all_runs(sums: U64, size: int, seed: int = 0, step: int = 1) -> U64:
    """The hash of the ``size`` words from each place on, or each ``step``-th, across the borders of texts too.

    Source: rolling hashes (Karp and Rabin, 1987), modulo 2^64 over hashed words, then mixed.
    """
    count = max(sums.size - size, 0)
    _, down = _POWERS.upto(count + 1)
    runs = sums[size::step] - sums[:count:step] if count else np.empty(0, dtype=np.uint64)
    runs *= down[:count:step]
    runs += np.uint64((size * _BASE + seed * _INVERSE) % (1 << 64))
    return mix(runs)


def run_hashes(sums: U64, starts: I64, ends: I64, seed: int = 0) -> U64:
    """The hash of the words of each run from start to end; equal to ``all_runs`` where the size is."""
    _, down = _POWERS.upto(sums.size + 1)
    sizes = (ends - starts).astype(np.uint64)
    runs = (sums[ends] - sums[starts]) * down[starts]
    runs += sizes * np.uint64(_BASE) + np.uint64(seed * _INVERSE % (1 << 64))
    return mix(runs)


def whole_runs(words: Words, size: int) -> Flags:
    """For each place of ``all_runs``: whether the ``size`` words from there on are all of one text."""
    inside = np.ones(words.hashes.size + 1, dtype=bool)
    ends = words.bounds[1:]
    for back in range(1, size):
        inside[(ends - back)[ends >= back]] = False
    return inside[: max(words.hashes.size - size + 1, 0)]


@dataclass(frozen=True)
class Shingles:
    """The set of shingle hashes of each row, sorted, one after the other; a hash has 52 bits."""

    hashes: U64
    bounds: I64

    @classmethod
    def of(cls, sets: Sequence[U64]) -> Shingles:
        """Sets that are arrays of their own."""
        sizes = np.array([one.size for one in sets], dtype=np.int64)
        return cls(np.concatenate([np.empty(0, dtype=np.uint64), *sets]), running(sizes))

    @classmethod
    def joined(cls, parts: list[Shingles]) -> Shingles:
        """Several in one, in their order."""
        none = np.empty(0, dtype=np.int64)
        sizes = np.concatenate([none, *(np.diff(part.bounds) for part in parts)])
        return cls(np.concatenate([none.view(np.uint64), *(part.hashes for part in parts)]), running(sizes))


def chunks_of(texts: pl.Series, counts: I64) -> Iterator[Words]:
    """The hashed words of rows, some rows at a time; row i is made of the next ``counts[i]`` texts."""
    raw, edges = bytes_of(texts)
    edges = edges[running(counts)]
    cuts = np.searchsorted(edges, np.arange(int(edges[0]) + CHUNK_BYTES, int(edges[-1]), CHUNK_BYTES))
    places = sorted({0, counts.size, *cuts.tolist(), *range(0, counts.size, CHUNK_ROWS)})
    for first, last in pairwise(places):
        yield hash_bytes(raw, edges[first : last + 1])


def shingles_of(words: Words, size: int, seed: int) -> tuple[U64, I64]:
    """The hashes of all shingles of texts, and the number of the text that each belongs to.

    A text of fewer words than ``size`` has one shingle, of all of them; a text without a word has none.
    """
    sums = running_sums(words)
    sizes = np.diff(words.bounds)
    hashes = all_runs(sums, size, seed)[whole_runs(words, size)]
    owners = np.repeat(np.arange(sizes.size), np.maximum(sizes - size + 1, 0))
    short = np.flatnonzero((sizes > 0) & (sizes < size))
    if short.size:
        lone = run_hashes(sums, words.bounds[short], words.bounds[short + 1], seed)
        hashes, owners = np.concatenate((hashes, lone)), np.concatenate((owners, short))
    return hashes, owners


def shingle_sets(texts: pl.Series, counts: I64, size: int, seed: int = 0) -> Shingles:
    """The set of shingles of each row; shingles run on from one of its texts to the next."""
    return Shingles.joined([_sets_of(words, size, seed) for words in chunks_of(texts, counts)])


def _sets_of(words: Words, size: int, seed: int) -> Shingles:
    """The shingle sets of at most CHUNK_ROWS texts."""
    keys, owners = shingles_of(words, size, seed)
    keys >>= NUMBER_BITS
    keys |= owners.view(np.uint64) << HASH_BITS
    keys.sort()
    if keys.size:
        keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    bounds = np.searchsorted(keys, np.arange(words.bounds.size, dtype=np.uint64) << HASH_BITS)
    keys &= (np.uint64(1) << HASH_BITS) - np.uint64(1)
    return Shingles(keys, bounds)
