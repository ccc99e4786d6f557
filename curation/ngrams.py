"""Overlap of texts with known items by runs of n words, found by hash in sorted arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from curation.shingles import all_runs, run_hashes, running_sums, whole_runs
from curation.words import I64, U64, Flags, Words, hash_words, running

FILTER_BITS_PER_KEY = 32
"""Size of the filter in front of the sorted hashes: it turns away all but one in 32, and small sets stay in cache."""
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


class _Runs:
    """Runs of ``size`` words, each with the numbers of the items that hold it.

    Of any ``size`` words in a row some stand in a block of about half as many that starts at a multiple of its
    own length. So only those blocks of a text are looked up, and around the few that a run holds each start.
    """

    def __init__(self, sums: U64, starts: I64, owners: I64, size: int) -> None:
        self.size, self._block = size, (size + 1) // 2
        hashes = run_hashes(sums, starts, starts + size)
        order = np.lexsort((owners, hashes))
        hashes, owners = hashes[order], owners[order]
        new = _changes(hashes) | _changes(owners)
        hashes, self.owners = hashes[new], owners[new]
        firsts = np.flatnonzero(_changes(hashes))
        self._runs = _Keys(hashes[firsts])
        self._bounds = np.append(firsts, hashes.size)
        inside = np.zeros(sums.size, dtype=np.bool_)
        for place in range(self._block):
            inside[starts + place] = True
        blocks = np.flatnonzero(inside)
        keys = np.sort(run_hashes(sums, blocks, blocks + self._block))
        self._blocks = _Keys(keys[_changes(keys)])

    def find(self, words: Words, sums: U64) -> tuple[I64, I64]:
        """Where a run starts within a text, in order, and which one it is."""
        blocks, _ = self._blocks.find(all_runs(sums, self._block, step=self._block))
        starts = (blocks[:, None] * self._block - np.arange(self._block)[::-1]).ravel()
        starts = starts[starts >= 0]
        starts = starts[starts + self.size <= _ends(words, starts)]
        places, keys = self._runs.find(run_hashes(sums, starts, starts + self.size))
        return starts[places], keys

    def owners_of(self, keys: I64) -> tuple[I64, I64]:
        """The items of each run: (place in ``keys``, item), one line per item."""
        sizes = self._bounds[keys + 1] - self._bounds[keys]
        places = np.repeat(np.arange(keys.size), sizes)
        within = np.arange(places.size) - np.repeat(running(sizes)[:-1], sizes)
        return places, self.owners[self._bounds[keys][places] + within]


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
    """Runs of words that stand in an item too.

    Per hit: ``text`` (its number), ``word`` (where in the text the run starts, from 0), ``size`` (words), ``item``
    and ``gram`` (which of the item's runs it is; equal runs bear the same number).
    """

    text: I64
    word: I64
    size: I64
    item: I64
    gram: I64


class Index:
    """The n-grams of items, and items too short for one as a whole."""

    def __init__(self, items: Sequence[str], size: int, shortest: int) -> None:
        words = hash_words(pl.Series(items, dtype=pl.String))
        sums = running_sums(words)
        counts = np.diff(words.bounds)
        anchor = min(shortest, size)
        owners = np.repeat(np.arange(counts.size), np.maximum(counts - size + 1, 0))
        self._long = _Runs(sums, np.flatnonzero(whole_runs(words, size)), owners, size)
        self.grams_of = np.maximum(np.bincount(self._long.owners, minlength=len(items)), 1)
        """How many different n-grams an item has: what an overlap of 1 is."""
        self._short_ids = np.flatnonzero((counts >= anchor) & (counts < size))
        starts = words.bounds[:-1][self._short_ids]
        self._short_sizes = counts[self._short_ids]
        self._short_hashes = run_hashes(sums, starts, starts + self._short_sizes)
        self._anchors = _Runs(sums, starts, np.arange(self._short_ids.size), anchor)

    def find(self, words: Words) -> Hits:
        """All hits of some texts."""
        sums = running_sums(words)
        where, keys = self._long.find(words, sums)
        places, item = self._long.owners_of(keys)
        word, gram = where[places], keys[places]
        size = np.full(word.size, self._long.size, dtype=np.int64)
        if self._short_ids.size:
            more = self._find_short(words, sums)
            word, item, size = (np.concatenate(pair) for pair in zip((word, item, size), more, strict=True))
            gram = np.concatenate((gram, np.full(more[0].size, -1, dtype=np.int64)))
        text = np.searchsorted(words.bounds, word, side="right") - 1
        return Hits(text, word - words.bounds[text], size, item, gram)

    def _find_short(self, words: Words, sums: U64) -> tuple[I64, I64, I64]:
        """Short items that stand in a text as a whole: where, which, and how many words."""
        where, keys = self._anchors.find(words, sums)
        places, which = self._anchors.owners_of(keys)
        starts = where[places]
        ends = starts + self._short_sizes[which]
        fits = np.flatnonzero(ends <= _ends(words, starts))
        starts, ends, which = starts[fits], ends[fits], which[fits]
        same = run_hashes(sums, starts, ends) == self._short_hashes[which]
        return starts[same], self._short_ids[which[same]], self._short_sizes[which[same]]
