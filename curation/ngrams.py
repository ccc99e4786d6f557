"""Overlap of texts with known items by runs of n words, found by hash in sorted arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from curation.shingles import all_runs, run_hashes, running_sums, whole_runs
from curation.words import I64, U64, Flags, Words, hash_words, running

F64 = npt.NDArray[np.float64]
FILTER_BITS_PER_KEY = 32
"""Size of the filter in front of the sorted hashes: it turns away all but one in 32, and small sets stay in cache."""
SPREAD = 1 << 21
"""Pairs of a gram in a row and an item that holds it that are looked at together: some tens of megabytes."""
_SEVEN = np.uint64(7)
_BIT = (1 << np.arange(8)).astype(np.uint8)


class _Keys:
    """A sorted set of hashes, and where others stand in it."""

    def __init__(self, keys: U64) -> None:
        self.keys = keys
        bits = min(max((keys.size * FILTER_BITS_PER_KEY).bit_length(), 10), 30)
        self._shift = np.uint64(64 - bits)
        held = np.zeros(1 << bits, dtype=np.bool_)
        held[(keys >> self._shift).view(np.int64)] = True
        self._filter = np.packbits(held, bitorder="little")

    def find(self, hashes: U64) -> tuple[I64, I64]:
        """Places of ``hashes`` that are in the set, and which key each of them is."""
        if not self.keys.size or not hashes.size:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        high = hashes >> self._shift
        bits = np.take(self._filter, (high >> np.uint64(3)).view(np.int64), mode="clip")
        bits &= np.take(_BIT, (high & _SEVEN).view(np.int64), mode="clip")
        maybe = np.flatnonzero(bits)
        keys = np.searchsorted(self.keys, hashes[maybe])
        keys = np.minimum(keys, self.keys.size - 1)
        found = self.keys[keys] == hashes[maybe]
        return maybe[found], keys[found]


class _Grams:
    """Different runs of words by their hash, each with the items that hold it, without their number growing with them.

    Gram g of ``keys`` is held by the items ``pairs[bounds[g] : bounds[g + 1]] - g * items``, in order.
    """

    def __init__(self, hashes: U64, owners: I64, items: int) -> None:
        order = np.lexsort((owners, hashes))
        hashes, owners = hashes[order], owners[order]
        new = _changes(hashes) | _changes(owners)
        hashes, owners = hashes[new], owners[new]
        first = _changes(hashes)
        firsts = np.flatnonzero(first)
        self.keys = _Keys(hashes[firsts])
        self.bounds = np.append(firsts, hashes.size)
        self.pairs = (np.cumsum(first) - 1) * items + owners


class _Places:
    """Where runs of ``size`` words stand that some item holds.

    Of any ``size`` words in a row some stand in a block of about half as many that starts at a multiple of its
    own length. So only those blocks of a text are looked up, and around the few that a run holds each start.
    """

    def __init__(self, sums: U64, starts: I64, size: int) -> None:
        self.size, self._block = size, (size + 1) // 2
        inside = np.zeros(sums.size, dtype=np.bool_)
        for place in range(self._block):
            inside[starts + place] = True
        blocks = np.flatnonzero(inside)
        keys = np.sort(run_hashes(sums, blocks, blocks + self._block))
        self._blocks = _Keys(keys[_changes(keys)])

    def maybe(self, words: Words, sums: U64) -> I64:
        """Where a run may start within a text, in order."""
        blocks, _ = self._blocks.find(all_runs(sums, self._block, step=self._block))
        starts = (blocks[:, None] * self._block - np.arange(self._block)[::-1]).ravel()
        starts = starts[starts >= 0]
        return starts[starts + self.size <= _ends(words, starts)]


def _changes(values: U64 | I64) -> Flags:
    """Which values differ from the one before; the first does."""
    changes = np.ones(values.size, dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    return changes


def _ends(words: Words, places: I64) -> I64:
    """Where the text of each word ends."""
    return words.bounds[np.searchsorted(words.bounds, places, side="right")]


@dataclass(frozen=True)
class Hits:
    """Runs of words that stand in some item too, each once however many items hold it.

    Per hit: ``text`` (its number), ``word`` (where in the text the run starts, from 0), ``size`` (words) and ``gram``
    (which of the index's different runs it is).
    """

    text: I64
    word: I64
    size: I64
    gram: I64


class Index:
    """The n-grams of items, and items too short for one as a whole."""

    def __init__(self, items: Sequence[str], size: int, shortest: int) -> None:
        words = hash_words(pl.Series(items, dtype=pl.String))
        sums = running_sums(words)
        counts = np.diff(words.bounds)
        self._items, anchor = len(items), min(shortest, size)
        owners = np.repeat(np.arange(counts.size), np.maximum(counts - size + 1, 0))
        starts = np.flatnonzero(whole_runs(words, size))
        self._long = _Places(sums, starts, size)
        short = np.flatnonzero((counts >= anchor) & (counts < size))
        self._anchors = _Places(sums, words.bounds[:-1][short], anchor)
        grams = {size: _Grams(run_hashes(sums, starts, starts + size), owners, len(items))}
        for words_in in np.unique(counts[short]).tolist():
            own = short[counts[short] == words_in]
            starts = words.bounds[:-1][own]
            grams[words_in] = _Grams(run_hashes(sums, starts, starts + words_in), own, len(items))
        self._keys = {words_in: one.keys for words_in, one in grams.items()}
        sizes = running(np.array([one.keys.keys.size for one in grams.values()]))
        self._firsts = dict(zip(grams, sizes.tolist(), strict=False))
        self._pairs = np.concatenate(
            [
                one.pairs + first * len(items)
                for one, first in zip(grams.values(), sizes.tolist(), strict=False)
            ]
        )
        self._bounds = running(np.concatenate([np.diff(one.bounds) for one in grams.values()]))
        self._grams_of = np.bincount(self._pairs % max(len(items), 1), minlength=len(items))

    def find(self, words: Words) -> Hits:
        """All hits of some texts."""
        sums = running_sums(words)
        size = self._long.size
        parts = [self._known(size, self._long.maybe(words, sums), sums)]
        if len(self._keys) > 1:
            starts = self._anchors.maybe(words, sums)
            ends = _ends(words, starts)
            for short in self._keys:
                if short < size:
                    parts.append(self._known(short, starts[starts + short <= ends], sums))
        word, gram = (np.concatenate(column) for column in zip(*parts, strict=True))
        sizes = np.repeat([*self._keys], [where.size for where, _ in parts])
        text = np.searchsorted(words.bounds, word, side="right") - 1
        return Hits(text, word - words.bounds[text], sizes, gram)

    def _known(self, size: int, starts: I64, sums: U64) -> tuple[I64, I64]:
        """The starts of runs of ``size`` words that some item holds, and which grams they are."""
        places, keys = self._keys[size].find(run_hashes(sums, starts, starts + size))
        return starts[places], keys + self._firsts[size]

    def best(self, rows: I64, grams: I64) -> tuple[I64, I64, F64]:
        """For each row that has hits, in order, the item with the highest share of its grams in it, and that share.

        ``rows`` and ``grams`` are those of all hits; the first of equal items is taken. A gram that many items hold is
        spread over them for some rows at a time, so that memory is bounded by ``SPREAD`` and by the index.
        """
        codes = np.unique(rows * (self._bounds.size - 1) + grams)
        rows, grams = np.divmod(codes, self._bounds.size - 1)
        firsts = np.flatnonzero(_changes(rows))
        spread = running(self._bounds[grams + 1] - self._bounds[grams])
        cuts = np.flatnonzero(_changes(spread[firsts] // SPREAD))
        edges = np.append(firsts[cuts], rows.size)
        parts = [self._best_of(rows[a:b], grams[a:b]) for a, b in pairwise(edges.tolist())]
        none = np.empty(0, dtype=np.int64)
        items, shares = zip(*parts, strict=True) if parts else ([none], [np.empty(0)])
        return rows[firsts], np.concatenate(items), np.concatenate(shares)

    def _best_of(self, rows: I64, grams: I64) -> tuple[I64, F64]:
        new = _changes(rows)
        sizes = self._bounds[grams + 1] - self._bounds[grams]
        bounds = running(sizes)
        places = np.arange(bounds[-1]) + np.repeat(self._bounds[grams] - bounds[:-1], sizes)
        codes = self._pairs[places]
        codes += np.repeat((np.cumsum(new) - 1 - grams) * self._items, sizes)
        codes, held = _counted(codes, int(new.sum()) * self._items)
        row, item = np.divmod(codes, self._items)
        share = held / self._grams_of[item]
        starts = np.flatnonzero(_changes(row))
        top = np.maximum.reduceat(share, starts)
        at = np.flatnonzero(share == np.repeat(top, np.diff(np.append(starts, row.size))))
        at = at[_changes(row[at])]
        return item[at], share[at]

    def held_by(self, grams: I64, items: I64) -> Flags:
        """Whether each gram is one of the item beside it."""
        codes = grams * self._items + items
        places = np.minimum(np.searchsorted(self._pairs, codes), self._pairs.size - 1)
        return self._pairs[places] == codes if self._pairs.size else np.zeros(0, dtype=np.bool_)


def _counted(codes: I64, many: int) -> tuple[I64, I64]:
    """The different codes (from 0 to ``many``) in order, and how often each is there: by counting where most are, else by sorting."""
    if codes.size * 4 < many:
        return np.unique(codes, return_counts=True)
    counts = np.bincount(codes, minlength=many)
    found = np.flatnonzero(counts)
    return found, counts[found]
