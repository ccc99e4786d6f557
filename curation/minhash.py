"""Near-duplicate pairs of texts: MinHash sketches, bands, and candidates verified by exact Jaccard similarity.

The sketch takes one pass over a text's shingles instead of one per permutation: shingles fall into as many
bins as there are permutations, the least hash of each bin is the sketch, and empty bins borrow.

Sources: MinHash (Broder, 1997); one permutation hashing (Li, Owen and Zhang, 2012); optimal densification
(Shrivastava, 2017); banding (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from curation.shingles import CHUNK_ROWS, HASH_BITS, Shingles, chunks_of, shingle_sets, shingles_of
from curation.words import I64, U64, Bytes, mix, running

F64 = npt.NDArray[np.float64]
T = TypeVar("T")
BATCH_BYTES = 8 << 20
"""Bytes of text that a thread takes at a time."""
LARGE = 32
"""Texts in one bucket from which on they are compared with a few leaders instead of all with all."""
LEADERS = 16
MISS = 0.001
"""Highest chance that a pair right at the threshold shares no band, where the number of bands is ours to choose."""
_HALF, _EMPTY, _STEP = np.uint64(32), np.uint64(0xFFFFFFFFFFFFFFFF), 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows (by place) and their exact Jaccard similarity, from 0 to 1.

    ``sizes`` counts the words of every row, ``compared`` the candidates that were verified.
    """

    left: I64
    right: I64
    similarity: F64
    sizes: I64
    compared: int


def bands_for(threshold: float, permutations: int) -> int:
    """The fewest bands with which a pair at the threshold is missed with a chance of at most 0.1%.

    >>> bands_for(0.7, 128)
    32
    """
    for rows in range(permutations, 0, -1):
        bands = permutations // rows
        if (1 - threshold**rows) ** bands <= MISS:
            return bands
    return permutations


def near_pairs(
    texts: pl.Series,
    counts: I64,
    *,
    size: int,
    threshold: float,
    permutations: int,
    bands: int,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Pairs:
    """All pairs of rows whose sets of ``size``-word shingles have a Jaccard similarity of at least ``threshold``.

    Row i is made of the next ``counts[i]`` texts; shingles run on from one of its texts to the next. Rows
    without a word have no pairs.
    """
    none = np.empty(0, dtype=np.int64)
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        parts = []
        for keys, sums, sizes, tails in in_batches(
            pool,
            texts,
            counts,
            lambda part, of: _signatures(part, of, size, seed, permutations, bands),
        ):
            parts.append((keys, sums, sizes, tails))
            progress(sizes.size)
        if not parts:
            return Pairs(none, none, np.empty(0), none, 0)
        keys, sums, sizes, tails = _stacked(parts)
        del parts
        first_equal = _first_equal(sums, sizes)
        distinct = np.flatnonzero((first_equal == np.arange(sizes.size)) & (sizes > 0))
        left, right = _candidates(keys, sums, distinct)
        hopeful = _may_reach(threshold, tails, sizes, left, right)
        left, right = left[hopeful], right[hopeful]
        # the sets of candidates are made anew, since keeping all sets would cost more memory than the texts
        rows = np.unique(np.concatenate((left, right)))
        some, of = _texts_of(texts, counts, rows)
        sets = Shingles.joined(
            list(in_batches(pool, some, of, lambda part, of: shingle_sets(part, of, size, seed)))
        )
        similarity = _jaccard(sets, np.searchsorted(rows, left), np.searchsorted(rows, right), pool)
    near = similarity >= threshold
    equal = np.flatnonzero((first_equal != np.arange(sizes.size)) & (sizes > 0))
    return Pairs(
        np.concatenate((left[near], first_equal[equal])),
        np.concatenate((right[near], equal)),
        np.concatenate((similarity[near], np.ones(equal.size))),
        sizes,
        left.size,
    )


def in_batches(
    pool: ThreadPoolExecutor, texts: pl.Series, counts: I64, work: Callable[[pl.Series, I64], T]
) -> Iterator[T]:
    """``work(texts, counts)`` over batches of whole rows of about BATCH_BYTES of text, in order."""
    firsts = running(counts)
    sizes = running(texts.str.len_bytes().fill_null(0).to_numpy().astype(np.int64))[firsts]
    cuts = np.searchsorted(sizes, np.arange(BATCH_BYTES, int(sizes[-1]), BATCH_BYTES))
    edges = sorted({0, counts.size, *cuts.tolist()})
    return pool.map(
        lambda ends: work(texts[int(firsts[ends[0]]) : int(firsts[ends[1]])], counts[ends[0] : ends[1]]),
        pairwise(edges),
    )


def _texts_of(texts: pl.Series, counts: I64, rows: I64) -> tuple[pl.Series, I64]:
    """The texts of some rows, and how many of them each has."""
    starts, sizes = running(counts)[rows], counts[rows]
    bounds = running(sizes)
    places = np.arange(bounds[-1]) + np.repeat(starts - bounds[:-1], sizes)
    return texts.gather(places), sizes


def _signatures(
    texts: pl.Series, counts: I64, size: int, seed: int, permutations: int, bands: int
) -> tuple[U64, U64, I64, Bytes]:
    """For each row its band keys, a hash of all its shingles that no order changes, its number of words, and the
    last byte of each number of its sketch.
    """
    parts = []
    for words in chunks_of(texts, counts):
        hashes, owners = shingles_of(words, size, seed)
        count = words.bounds.size - 1
        sums = np.zeros(count, dtype=np.uint64)
        np.add.at(sums, owners, hashes)
        sketch = _sketch(hashes, owners, count, permutations)
        parts.append((_band_keys(sketch, bands), mix(sums), np.diff(words.bounds), sketch.astype(np.uint8)))
    return _stacked(parts)


def _stacked(parts: list[tuple[U64, U64, I64, Bytes]]) -> tuple[U64, U64, I64, Bytes]:
    """Signatures of several chunks of rows as those of one."""
    keys, sums, sizes, tails = zip(*parts, strict=True)
    return np.concatenate(keys), np.concatenate(sums), np.concatenate(sizes), np.concatenate(tails)


def _may_reach(threshold: float, tails: Bytes, sizes: I64, left: I64, right: I64) -> npt.NDArray[np.bool_]:
    """Which pairs are worth the exact comparison, by how many numbers of their sketches agree.

    Of pairs at the threshold it turns away those five standard deviations below it, one in millions. Sketches of
    texts with fewer shingles than numbers borrow, so they tell less: such pairs all pass.
    """
    permutations = tails.shape[1]
    enough = threshold - 5 * (threshold * (1 - threshold) / permutations) ** 0.5
    passes: npt.NDArray[np.bool_] = np.minimum(sizes[left], sizes[right]) < 2 * permutations
    for start in range(0, left.size, CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        passes[part] |= (tails[left[part]] == tails[right[part]]).mean(axis=1) >= enough
    return passes


def _sketch(hashes: U64, owners: I64, count: int, permutations: int) -> U64:
    """The least hash of every bin, one row of bins per text; empty bins borrow from one that isn't."""
    bins = ((hashes >> _HALF) * np.uint64(permutations) >> _HALF).view(np.int64)
    bins += owners * permutations
    sketch = np.full(count * permutations, _EMPTY, dtype=np.uint64)
    np.minimum.at(sketch, bins, hashes)
    filled = sketch != _EMPTY
    anything = filled.reshape(count, permutations).any(axis=1)
    wanting = np.flatnonzero(~filled & np.repeat(anything, permutations))
    attempt = 1
    while wanting.size:
        bin_of = wanting % permutations
        donors = mix(bin_of.astype(np.uint64) + np.uint64(attempt * _STEP % (1 << 64)))
        places = wanting - bin_of + (donors % np.uint64(permutations)).view(np.int64)
        given = filled[places]
        sketch[wanting[given]] = sketch[places[given]]
        wanting = wanting[~given]
        attempt += 1
    return sketch.reshape(count, permutations)


def _band_keys(sketch: U64, bands: int) -> U64:
    """One key per set and band: the hash of the band's part of the sketch."""
    count, permutations = sketch.shape
    rows = permutations // bands
    parts = sketch[:, : rows * bands].reshape(count, bands, rows)
    keys = np.zeros((count, bands), dtype=np.uint64)
    for row in range(rows):
        keys *= np.uint64(_STEP)
        keys += parts[:, :, row]
        mix(keys)
    return keys


def _first_equal(sums: U64, sizes: I64) -> I64:
    """For each set, the place of the first set that equals it (by the hash of the whole and the size)."""
    frame = pl.DataFrame({"sum": sums, "size": sizes, "place": np.arange(sizes.size)})
    return frame.select(pl.col("place").min().over("sum", "size")).to_series().to_numpy()


def _candidates(keys: U64, sums: U64, distinct: I64) -> tuple[I64, I64]:
    """Pairs of distinct sets that share a band, each once."""
    count = distinct.size
    if count < 2:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    # by the hash of the set, so that who leads a large bucket doesn't hang on the order of rows
    order = distinct[np.argsort(sums[distinct], kind="stable")]
    bits = np.uint64(int(count - 1).bit_length() or 1)
    low = (np.uint64(1) << bits) - np.uint64(1)
    places = np.arange(count, dtype=np.uint64)
    found = []
    for band in range(keys.shape[1]):
        packed = (keys[order, band] & ~low) | places
        packed.sort()
        found.append(_pairs_of_buckets(packed >> bits, (packed & low).view(np.int64), count))
    codes = np.sort(np.concatenate(found))
    codes = codes[np.diff(codes, prepend=-1) > 0]
    left, right = order[codes // count], order[codes % count]
    return np.minimum(left, right), np.maximum(left, right)


def _pairs_of_buckets(keys: U64, members: I64, count: int) -> I64:
    """Codes (first x count + second) of the pairs within runs of equal keys."""
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    sizes = np.diff(starts, append=keys.size)
    rank = np.arange(keys.size) - np.repeat(starts, sizes)
    size_of = np.repeat(sizes, sizes)
    codes = []
    small = np.where(size_of <= LARGE, rank, np.minimum(rank, LEADERS))
    for back in range(1, int(small.max(initial=0)) + 1):
        if back < LARGE:
            places = np.flatnonzero((rank >= back) & (size_of <= LARGE))
            codes.append(members[places - back] * count + members[places])
    large = np.flatnonzero(size_of > LARGE)
    if large.size:
        for leader in range(LEADERS):
            places = large[rank[large] > leader]
            codes.append(members[places - rank[places] + leader] * count + members[places])
    return np.concatenate(codes) if codes else np.empty(0, dtype=np.int64)


def _jaccard(sets: Shingles, left: I64, right: I64, pool: ThreadPoolExecutor) -> F64:
    """The Jaccard similarity of pairs of sets."""
    sizes = np.diff(sets.bounds)
    work = running(sizes[left] + sizes[right])
    edges = sorted(
        {0, left.size, *np.searchsorted(work, np.arange(1 << 19, int(work[-1]), 1 << 19)).tolist()}
    )
    # twelve bits number the pairs of a chunk beside the hash
    edges = sorted({*edges, *range(0, left.size, CHUNK_ROWS)})

    def chunk(bounds: tuple[int, int]) -> F64:
        a, b = left[bounds[0] : bounds[1]], right[bounds[0] : bounds[1]]
        keys = np.concatenate((_numbered(sets, a), _numbered(sets, b)))
        keys.sort(kind="stable")  # two sorted runs, which this sort merges in one pass
        twice = keys[1:][keys[1:] == keys[:-1]]
        shared = np.bincount((twice >> HASH_BITS).view(np.int64), minlength=a.size)
        return shared / (sizes[a] + sizes[b] - shared)

    return np.concatenate([np.empty(0), *pool.map(chunk, pairwise(edges))])


def _numbered(sets: Shingles, which: I64) -> U64:
    """The hashes of some sets, one set after the other, with the set's number here in the upper bits."""
    starts, sizes = sets.bounds[which], sets.bounds[which + 1] - sets.bounds[which]
    bounds = running(sizes)
    places = np.arange(bounds[-1]) + np.repeat(starts - bounds[:-1], sizes)
    number = np.repeat(np.arange(which.size, dtype=np.uint64) << HASH_BITS, sizes)
    keys: U64 = sets.hashes[places] | number
    return keys
