"""Near-duplicates of candidates among all rows and all candidates kept so far, by exact Jaccard similarity.

An inverted index of hashed word pairs, asked for many candidates at once: shared pairs are counted by products of sparse
matrices. A shingle that very many rows share says little and costs much, so look-ups of it are cut off. What is kept while a
batch is decided is known beforehand to be of that batch: its candidates are held against one another once.

Only likenesses from ``floor`` on count. Two sets that are so alike share one of any few shingles of either: the rarest of a
candidate are looked up first, and most candidates are done with by that.

Source: prefix filtering, Chaudhuri et al. 2006 and Bayardo et al. 2007.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from curation.shingles import shingle_sets
from curation.words import I64, U64, Flags, running

I32 = npt.NDArray[np.int32]
PAIR = 2
"""Words in a shingle."""
COMMON = 2_000
"""Rows that share a shingle from which on it proposes no row; it still counts in the similarity."""
FLOOR = 0.7
"""Likeness under which no row counts as near, unless the limit is lower still."""
LOOKED = 0.5
"""Share of a set that is looked up at first, at least: more than need be, since what is seen of it tells most others apart."""
NOBODY: tuple[float, str | None] = (0.0, None)


class Index(NamedTuple):
    """An inverted index: the ``owners`` of ``hashes[i]`` stand from ``starts[i]`` to ``starts[i + 1]``."""

    hashes: U64
    starts: I64
    owners: I64

    @classmethod
    def of(cls, sets: Sequence[U64], first: int = 0) -> Index:
        """The index of some sets, the first of which has the number ``first``."""
        flat: U64 = np.concatenate([np.empty(0, np.uint64), *sets])
        owners = np.repeat(np.arange(first, first + len(sets)), [one.size for one in sets])
        order = np.argsort(flat, kind="stable")
        hashes, starts = np.unique(flat[order], return_index=True)
        return cls(hashes, np.append(starts, flat.size), owners[order])

    def likely(
        self, asked: Sequence[U64], besides: I64, sizes: I32, floor: float, most: int | None = None
    ) -> I64:
        """The places of those sets that may be as like as ``floor`` to an owner, ``besides[i]`` apart; ``sizes`` are the owners'."""
        flat, owner = _flat(asked)
        if not self.hashes.size or not flat.size:
            return np.empty(0, np.int64)
        found, there = self._looked_up(flat)
        counts = np.where(there, self.starts[found + 1] - self.starts[found], 0)
        order = np.argsort(owner << 32 | counts, kind="stable")
        own = np.array([one.size for one in asked], dtype=np.int64)
        # so many of a set's shingles that a set as like as the floor has one of them
        few = own - np.ceil(own * min(floor, 1 - LOOKED) - 1e-9).astype(np.int64) + 1
        first = np.arange(flat.size) - np.repeat(running(own)[:-1], own) < few[owner]
        rare = order[first]
        common = counts[rare] > most if most is not None else np.zeros(rare.size, bool)
        unseen = own - few + np.bincount(owner[rare[common]], minlength=own.size)
        rare = rare[there[rare] & ~common]
        pairs = self._product(found[rare], owner[rare], len(asked), sizes.size)
        who = np.repeat(np.arange(len(asked)), np.diff(pairs.indptr))
        both = pairs.data + unseen[who]
        enough = both >= floor * (own[who] + sizes[pairs.indices] - both) - 1e-9
        return np.unique(who[enough & (pairs.indices != besides[who])])

    def shared(self, asked: Sequence[U64], count: int, most: int | None = None) -> tuple[Any, I64]:
        """How many shingles each set shares with each owner (sparse, shape (sets, count)), and how many it has of owners over ``most``."""
        flat, owner = _flat(asked)
        if not self.hashes.size or not flat.size:
            return self._product(flat[:0], owner[:0], len(asked), count), np.zeros(len(asked), np.int64)
        found, there = self._looked_up(flat)
        sizes = self.starts[found + 1] - self.starts[found]
        rare = there & (sizes <= most) if most is not None else there
        slack = np.bincount(owner[there & ~rare], minlength=len(asked))
        return self._product(found[rare], owner[rare], len(asked), count), slack

    def _looked_up(self, flat: U64) -> tuple[I64, Flags]:
        """The place of each hash among ours, and whether it is one."""
        found = np.minimum(np.searchsorted(self.hashes, flat), self.hashes.size - 1)
        return found, self.hashes[found] == flat

    def _product(self, found: npt.NDArray[Any], owner: I64, sets: int, count: int) -> Any:
        """How many of the hashes at some places each set, which has them, shares with each owner; sparse, shape (sets, count)."""
        from scipy.sparse import csr_array

        if not found.size:
            return csr_array((sets, count), dtype=np.int32)
        columns, at = np.unique(found, return_inverse=True)
        bounds = running(np.bincount(owner, minlength=sets))
        left = csr_array((np.ones(at.size, np.int32), at, bounds), shape=(sets, columns.size))
        starts, sizes = self.starts[columns], self.starts[columns + 1] - self.starts[columns]
        ends = running(sizes)
        places = np.arange(int(ends[-1])) + np.repeat(starts - ends[:-1], sizes)
        right = csr_array(
            (np.ones(places.size, np.int32), self.owners[places], ends), shape=(columns.size, count)
        )
        return left @ right


def _flat(sets: Sequence[U64]) -> tuple[U64, I64]:
    """All hashes one after the other, and the set that each is of."""
    return np.concatenate([np.empty(0, np.uint64), *sets]), np.repeat(
        np.arange(len(sets)), [one.size for one in sets]
    )


class Near:
    """The prompts that there are, to be asked for the nearest ones."""

    def __init__(self, ids: Sequence[str], prompts: Sequence[str], floor: float = FLOOR) -> None:
        self.ids, self.sets, self.floor = list(ids), sets_of(prompts), floor
        self.sizes = np.array([one.size for one in self.sets], dtype=np.int32)
        self.place = {name: place for place, name in enumerate(self.ids)}
        self.rows = Index.of(self.sets)
        self.kept: list[Index] = []
        self.bounds = [len(self.sets)]
        """Which sets each index of what was kept is of; a younger index is smaller, so that few are built anew."""

    def ask(self, asked: Sequence[U64], besides: Sequence[str]) -> Asked:
        """Look up a batch of shingle sets, each besides one row."""
        self._grow()
        found = [NOBODY] * len(asked)
        parents = np.array([self.place.get(name, -1) for name in besides], dtype=np.int64)
        for index, most in ((self.rows, COMMON), *((one, None) for one in self.kept)):
            likely = index.likely(asked, parents, self.sizes, self.floor, most)
            some = [asked[place] for place in likely.tolist()]
            shared = index.shared(some, len(self.sets), most)
            for place, one in zip(
                likely.tolist(), _nearest(self, some, parents[likely], *shared), strict=True
            ):
                found[place] = min(found[place], one, key=_order)
        return Asked(self, asked, found)

    def _grow(self) -> None:
        """Index what was kept since the last question."""
        new = self.sets[self.bounds[-1] :]
        if not new:
            return
        self.sizes = np.append(self.sizes, np.array([one.size for one in new], dtype=np.int32))
        while self.kept and self.bounds[-1] - self.bounds[-2] <= len(self.sets) - self.bounds[-1]:
            self.kept.pop()
            self.bounds.pop()
        self.kept.append(Index.of(self.sets[self.bounds[-1] :], self.bounds[-1]))
        self.bounds.append(len(self.sets))


class Asked:
    """A batch of candidates in their order: what is nearest to each, given which of those before it were kept."""

    def __init__(self, near: Near, asked: Sequence[U64], found: list[tuple[float, str | None]]) -> None:
        self.near, self.asked, self.found = near, asked, found
        self.names: list[str | None] = [None] * len(asked)
        sizes = np.array([one.size for one in asked], dtype=np.int32)
        index = Index.of(asked)
        likely = index.likely(asked, np.arange(len(asked)), sizes, near.floor)
        shared, _ = index.shared([asked[place] for place in likely.tolist()], len(asked))
        self.row = {place: row for row, place in enumerate(likely.tolist())}
        """Which row of what is shared is that of a candidate that may be like another one."""
        owner = np.repeat(likely, np.diff(shared.indptr))
        self.starts, self.others = shared.indptr.tolist(), shared.indices
        self.scores = shared.data / (sizes[owner] + sizes[self.others] - shared.data)
        self.kept = np.zeros(len(asked), dtype=bool)

    def nearest(self, place: int) -> tuple[float, str | None]:
        """The highest likeness of a candidate to any row but the one, and that row, the lowest id among equals; nobody under the floor."""
        best, row = self.found[place], self.row.get(place)
        if row is not None:
            part = slice(self.starts[row], self.starts[row + 1])
            inside = self.kept[self.others[part]]
            if inside.any():
                scores, others = self.scores[part][inside], self.others[part][inside]
                top = scores.max()
                name = min(str(self.names[other]) for other in others[scores == top].tolist())
                best = min(best, (float(top), name), key=_order)
        return (round(best[0], 3), best[1]) if best[0] >= self.near.floor else NOBODY

    def keep(self, place: int, row_id: str) -> None:
        """A candidate that was kept: the next ones are held against it too."""
        self.kept[place], self.names[place] = True, row_id
        self.near.ids.append(row_id)
        self.near.sets.append(self.asked[place])


def _order(found: tuple[float, str | None]) -> tuple[float, str]:
    return -found[0], found[1] or "~"


def _nearest(
    near: Near, asked: Sequence[U64], parents: I64, shared: Any, slack: I64
) -> list[tuple[float, str | None]]:
    """The best of the owners that share something with each candidate; of ``slack`` shingles it wasn't looked up."""
    owner = np.repeat(np.arange(len(asked)), np.diff(shared.indptr))
    others, both = shared.indices, shared.data
    sizes = np.array([one.size for one in asked], dtype=np.int32)[owner] + near.sizes[others]
    score = both / (sizes - both)
    score[others == parents[owner]] = -1.0
    best = _highest(score, shared.indptr)
    if slack.any():
        # the rare shingles in common are counted; of the common ones at most so many more are
        more = slack[owner]
        most = (both + more) / np.maximum(sizes - both - more, 1)
        least = np.maximum(best, near.floor)[owner]
        for at in np.flatnonzero((more > 0) & (score >= 0) & (most >= least)).tolist():
            same = np.intersect1d(asked[owner[at]], near.sets[others[at]], assume_unique=True).size
            score[at] = same / max(int(sizes[at]) - same, 1)
        best = _highest(score, shared.indptr)
    found: list[tuple[float, str | None]] = [NOBODY] * len(asked)
    for at in np.flatnonzero((score > 0) & (score == best[owner])).tolist():
        candidate = (float(score[at]), near.ids[others[at]])
        found[owner[at]] = min(found[owner[at]], candidate, key=_order)
    return found


def _highest(score: npt.NDArray[np.float64], bounds: I64) -> npt.NDArray[np.float64]:
    """The highest score between each two bounds; 0 where there is none above."""
    best = np.zeros(bounds.size - 1)
    some = np.flatnonzero(np.diff(bounds))
    if some.size:
        best[some] = np.maximum(np.maximum.reduceat(score, bounds[some]), 0.0)
    return best


def sets_of(prompts: Sequence[str], size: int = PAIR) -> list[U64]:
    """The sorted set of hashed runs of ``size`` words of each prompt; fewer words are one run."""
    texts = pl.Series(prompts, dtype=pl.String)
    found = shingle_sets(texts, np.ones(len(prompts), dtype=np.int64), size)
    return [found.hashes[a:b] for a, b in zip(found.bounds[:-1], found.bounds[1:], strict=True)]
