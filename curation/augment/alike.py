"""Pairs of shingle sets that are as like as a floor, exactly, though few of all pairs are looked at.

Shingles that the very same rows have are one class: a sentence that many rows share is a class or two, and so is what a row
has for itself. A set is looked up by classes that few rows have, for their weight, until too little of it is left for a set to
be so alike that has none of them; what two sets share of those tells most pairs apart. What is left is counted.

Sources: prefix filtering, Chaudhuri et al. 2006 and Bayardo et al. 2007; here of classes, each as heavy as it has shingles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from curation.shingles import HASH_BITS, NUMBER_BITS, Shingles
from curation.words import I64, U64, Flags, mix, running

F64 = npt.NDArray[np.float64]
NEW = 1 << 18
"""Classes of shingles that no row has, by the last bits of their hashes."""
LOOKED, CHEAP = 0.5, 8
"""Share of a set that is looked up where the least part that has to be shares classes with more rows than these few: what is seen of it tells most pairs apart."""
MANY = (1 << int(NUMBER_BITS)) - 1
"""Rows up to which classes are put in order by how many have them."""
AT_ONCE = MANY + 1
"""Pairs that are counted at a time: the number of each stands above its hashes in 64 bits."""
SLACK = 1e-9
"""What a likeness may lack of the floor to be worked out, for the sake of rounding."""


class Classes:
    """The classes of shingles, numbered from rare to common among some ``rows``; first come those that no row has."""

    def __init__(self, rows: Shingles, most: int) -> None:
        """By classes that more than ``most`` rows have, which is MANY at most, no row is found."""
        hashes, sizes = rows.hashes, np.diff(rows.bounds)
        order = np.argsort(hashes)
        flat, owner = hashes[order], np.repeat(np.arange(sizes.size), sizes)[order]
        starts = np.flatnonzero(_changes(flat))
        times = np.diff(starts, append=flat.size)
        # the same rows have the same sum of numbers that are as good as drawn by chance
        drawn = mix(np.arange(1, sizes.size + 1, dtype=np.uint64))
        sums = np.add.reduceat(drawn[owner], starts) if starts.size else drawn[:0]
        keys = np.minimum(times, MANY).view(np.uint64) << HASH_BITS | sums >> NUMBER_BITS
        by_rows = np.argsort(keys)
        numbers = NEW - 1 + np.cumsum(_changes(keys[by_rows]))
        self._hashes = np.append(flat[starts], ~np.uint64(0))
        self._shift = HASH_BITS - np.uint64(starts.size.bit_length())
        heads = (self._hashes[:-1] >> self._shift).view(np.int64)
        self._heads = running(np.bincount(heads, minlength=1 << starts.size.bit_length()))
        self._numbers = np.zeros(starts.size + 1, np.int64)
        self._numbers[by_rows] = numbers
        self.count = NEW + starts.size
        common = int(numbers[times[by_rows] > most].min(initial=self.count))
        self.spread = np.zeros(self.count)
        """How many rows have each class; no end of them where there are more than ``most``."""
        self.spread[numbers] = times[by_rows]
        self.spread[common:] = np.inf
        weights = _weights(owner, np.repeat(self._numbers[:-1], times), (sizes.size, self.count), common)
        self.rows = Block(hashes, sizes, weights, common)

    def block(self, sets: Shingles) -> Block:
        """Sets, ready to be looked up and to be found."""
        hashes, sizes = sets.hashes, np.diff(sets.bounds)
        # from the first hash with the same head on, which is nearer than halving gets in as many steps
        place = self._heads[(hashes >> self._shift).view(np.int64)]
        while (behind := self._hashes[place] < hashes).any():
            place += behind
        new = (hashes & np.uint64(NEW - 1)).view(np.int64)
        number = np.where(self._hashes[place] == hashes, self._numbers[place], new)
        owner = np.repeat(np.arange(sizes.size), sizes)
        weights = _weights(owner, number, (sizes.size, self.count), self.count)
        return Block(hashes, sizes, weights, self.count)


@dataclass(frozen=True)
class Block:
    """Some sets: the ``hashes`` of all, one set after the other, and their ``sizes``.

    ``weights`` (sparse, sets by classes) says how many shingles of each class below ``upto`` a set has.
    """

    hashes: U64
    sizes: I64
    weights: Any
    upto: int

    @classmethod
    def joined(cls, blocks: Sequence[Block]) -> Block:
        """Several in one, in their order."""
        from scipy.sparse import vstack

        hashes, sizes = (
            np.concatenate([getattr(one, name) for one in blocks]) for name in ("hashes", "sizes")
        )
        return cls(hashes, sizes, vstack([one.weights for one in blocks], format="csr"), blocks[0].upto)

    def some(self, places: I64) -> Block:
        """The sets at some places."""
        return Block(self.taken(places)[0], self.sizes[places], self.weights[places], self.upto)

    def taken(self, places: I64) -> tuple[U64, I64]:
        """The hashes of the sets at some places, one after the other, and the number of the place that each is of."""
        sizes = self.sizes[places]
        bounds = running(sizes)
        at = np.arange(bounds[-1]) + np.repeat(self._bounds[places] - bounds[:-1], sizes)
        return self.hashes[at], np.repeat(np.arange(places.size), sizes)

    @cached_property
    def _bounds(self) -> I64:
        return running(self.sizes)

    @cached_property
    def owners(self) -> Any:
        """Which sets have each class; sparse, classes by sets, all ones."""
        turned = self.weights.T.tocsr()
        turned.data[:] = 1
        return turned


class Pairs(NamedTuple):
    """Places of sets in two blocks, in the order of the left ones, and how alike they are (Jaccard)."""

    left: I64
    right: I64
    likeness: F64


class Search:
    """Some sets, of which those pairs with sets of other blocks are looked for that are as like as a floor."""

    def __init__(self, block: Block, classes: Classes, floor: float) -> None:
        from scipy.sparse import csr_array

        self.block, self.floor = block, floor
        whole, count = block.weights, block.sizes.size
        owner = np.repeat(np.arange(count), np.diff(whole.indptr))
        dear = classes.spread[whole.indices] / whole.data
        # set by set, cheap classes first; one sort of numbers is a third of the time of a lexical one
        order = np.argsort(2 * owner - 1 / (1 + dear))
        number, weights = whole.indices[order], whole.data[order]
        before = running(weights)[:-1] - running(block.sizes)[owner]
        # a set as like as the floor has one of any so many of a set's shingles
        few, more = (
            block.sizes - np.ceil(block.sizes * share - SLACK).astype(np.int64) + 1
            for share in (floor, min(floor, 1 - LOOKED))
        )
        many = (before < few[owner]) & (classes.spread[number] > CHEAP)
        looked = before < np.where(np.bincount(owner[many], minlength=count), more, few)[owner]
        self.owner = owner[looked]
        bounds = running(np.bincount(self.owner, minlength=count)).astype(np.int32)
        self.looked = csr_array((weights[looked], number[looked], bounds), shape=whole.shape)

    def among(self, other: Block, besides: I64) -> Pairs:
        """Pairs with sets of a block; ``besides[i]`` is the place of the one that set i isn't held against."""
        looked, sizes, floor = self.looked, self.block.sizes, self.floor
        seen = np.bincount(self.owner, np.where(looked.indices < other.upto, looked.data, 0), sizes.size)
        unseen = sizes - seen.astype(np.int64)
        least = (np.ceil(sizes * floor - SLACK) - unseen).astype(np.int32)
        pairs = looked @ other.owners
        at = np.flatnonzero(pairs.data >= np.repeat(least, np.diff(pairs.indptr)))
        left, right = np.searchsorted(pairs.indptr, at, side="right") - 1, pairs.indices[at]
        most, total = pairs.data[at] + unseen[left], sizes[left] + other.sizes[right]
        maybe = (most >= floor * (total - most) - SLACK) & (besides[left] != right)
        left, right, total = left[maybe], right[maybe], total[maybe]
        both = _shared(self.block, left, other, right)
        likeness = both / (total - both)
        near = likeness >= floor
        return Pairs(left[near], right[near], likeness[near])


def _shared(block: Block, left: I64, other: Block, right: I64) -> I64:
    """How many shingles the sets at each two places have in common."""
    counts = [np.empty(0, np.int64)]
    for start in range(0, left.size, AT_ONCE):
        pairs = [(block, left[start : start + AT_ONCE]), (other, right[start : start + AT_ONCE])]
        sides = [one.taken(places) for one, places in pairs]
        keys = np.concatenate([flat | number.view(np.uint64) << HASH_BITS for flat, number in sides])
        keys.sort()
        twice = keys[1:][keys[1:] == keys[:-1]] >> HASH_BITS
        counts.append(np.bincount(twice.view(np.int64), minlength=pairs[0][1].size))
    return np.concatenate(counts)


def _weights(owner: I64, number: I64, shape: tuple[int, int], upto: int) -> Any:
    """How often each set has each class below ``upto``, of the place of a set and the class of each shingle; sparse."""
    from scipy.sparse import csr_array

    keys = owner << 32 | number
    keys.sort()
    starts = np.flatnonzero(_changes(keys))
    weights, keys = np.diff(starts, append=keys.size).astype(np.int32), keys[starts]
    if upto < shape[1]:
        some = keys & 0xFFFFFFFF < upto
        weights, keys = weights[some], keys[some]
    bounds = running(np.bincount(keys >> 32, minlength=shape[0])).astype(np.int32)
    return csr_array((weights, (keys & 0xFFFFFFFF).astype(np.int32), bounds), shape=shape)


def _changes(values: npt.NDArray[Any]) -> Flags:
    """Whether each value is another than the one before it; the first is."""
    flags = np.ones(values.size, dtype=bool)
    np.not_equal(values[1:], values[:-1], out=flags[1:])
    return flags
