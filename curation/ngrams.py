"""Overlap of texts with known items by runs of n words, found by hash in sorted arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from curation.shingles import all_runs, run_hashes, running_sums, whole_runs
from curation.words import I64, U64, Words, hash_words, running

FILTER_BITS_PER_KEY = 32
"""Size of the filter in front of the sorted hashes: it turns away all but one in 32, and small sets stay in cache."""


class _Sorted:
    """A set of hashes, each with the numbers of the items that hold it."""

    def __init__(self, hashes: U64, owners: I64) -> None:
        order = np.lexsort((owners, hashes))
        hashes, owners = hashes[order], owners[order]
        new = np.concatenate(([True], (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])))[
            : hashes.size
        ]
        hashes, self.owners = hashes[new], owners[new]
        firsts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1]))[: hashes.size])
        self.keys = hashes[firsts]
        self.bounds = np.append(firsts, hashes.size)
        bits = min(max((self.keys.size * FILTER_BITS_PER_KEY).bit_length(), 10), 30)
        self._shift = np.uint64(64 - bits)
        self._filter = np.zeros(1 << (bits - 3), dtype=np.uint8)
        high = self.keys >> self._shift
        np.bitwise_or.at(
            self._filter, (high >> np.uint64(3)).view(np.int64), _BIT[(high & _SEVEN).view(np.int64)]
        )

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

    def owners_of(self, keys: I64) -> tuple[I64, I64]:
        """The items of each key: (place in ``keys``, item), one line per item."""
        sizes = self.bounds[keys + 1] - self.bounds[keys]
        places = np.repeat(np.arange(keys.size), sizes)
        within = np.arange(places.size) - np.repeat(running(sizes)[:-1], sizes)
        return places, self.owners[self.bounds[keys][places] + within]


_SEVEN = np.uint64(7)
_BIT = (1 << np.arange(8)).astype(np.uint8)


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
        self.size, self.anchor = size, min(shortest, size)
        self.grams_of = np.ones(len(items), dtype=np.int64)
        """How many different n-grams an item has: what an overlap of 1 is."""
        hashes = all_runs(sums, size)[whole_runs(words, size)]
        owners = np.repeat(np.arange(counts.size), np.maximum(counts - size + 1, 0))
        self._long = _Sorted(hashes, owners)
        held = np.bincount(self._long.owners, minlength=len(items))
        self.grams_of = np.maximum(held, 1)
        self._short_ids = np.flatnonzero((counts >= self.anchor) & (counts < size))
        starts = words.bounds[:-1][self._short_ids]
        self._short_sizes = counts[self._short_ids]
        self._short_hashes = run_hashes(sums, starts, starts + self._short_sizes)
        self._anchors = _Sorted(
            run_hashes(sums, starts, starts + self.anchor), np.arange(self._short_ids.size)
        )
        self.too_short = int(np.count_nonzero(counts < self.anchor))

    def find(self, words: Words) -> Hits:
        """All hits of some texts."""
        sums = running_sums(words)
        hashes = all_runs(sums, self.size)
        hashes *= whole_runs(words, self.size)
        where, keys = self._long.find(hashes)
        places, item = self._long.owners_of(keys)
        word, gram = where[places], keys[places]
        size = np.full(word.size, self.size, dtype=np.int64)
        if self._short_ids.size:
            more = self._find_short(words, sums)
            word, item, size = (np.concatenate(pair) for pair in zip((word, item, size), more, strict=True))
            gram = np.concatenate((gram, np.full(more[0].size, -1, dtype=np.int64)))
        text = np.searchsorted(words.bounds, word, side="right") - 1
        return Hits(text, word - words.bounds[text], size, item, gram)

    def _find_short(self, words: Words, sums: U64) -> tuple[I64, I64, I64]:
        """Short items that stand in a text as a whole: where, which, and how many words."""
        hashes = all_runs(sums, self.anchor)
        hashes *= whole_runs(words, self.anchor)
        where, keys = self._anchors.find(hashes)
        places, which = self._anchors.owners_of(keys)
        starts = where[places]
        ends = starts + self._short_sizes[which]
        text = np.searchsorted(words.bounds, starts, side="right") - 1
        fits = np.flatnonzero(ends <= words.bounds[text + 1])
        starts, ends, which = starts[fits], ends[fits], which[fits]
        same = run_hashes(sums, starts, ends) == self._short_hashes[which]
        return starts[same], self._short_ids[which[same]], self._short_sizes[which[same]]
