"""Near-duplicates of candidates among all rows and all candidates kept so far, by exact Jaccard similarity.

An inverted index of hashed word pairs, asked for many candidates at once: shared pairs are counted by products of sparse
matrices. A shingle that very many rows share says little and costs much, so look-ups of it are cut off. What is kept while a
batch is decided is known beforehand to be of that batch: its candidates are held against one another once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from curation.shingles import shingle_sets
from curation.words import I64, U64, running

PAIR = 2
"""Words in a shingle."""
COMMON = 2_000
"""Rows that share a shingle from which on it proposes no row; it still counts in the similarity."""
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

    def shared(self, asked: Sequence[U64], count: int, most: int | None = None) -> tuple[Any, I64]:
        """How many shingles each set shares with each owner (sparse, shape (sets, count)), and how many it has of owners over ``most``."""
        from scipy.sparse import csr_array

        flat: U64 = np.concatenate([np.empty(0, np.uint64), *asked])
        owner = np.repeat(np.arange(len(asked)), [one.size for one in asked])
        if not self.hashes.size or not flat.size:
            return csr_array((len(asked), count), dtype=np.int32), np.zeros(len(asked), np.int64)
        found = np.minimum(np.searchsorted(self.hashes, flat), self.hashes.size - 1)
        there = self.hashes[found] == flat
        sizes = self.starts[found + 1] - self.starts[found]
        rare = there & (sizes <= most) if most is not None else there
        columns, at = np.unique(found[rare], return_inverse=True)
        bounds = np.append(0, np.cumsum(np.bincount(owner[rare], minlength=len(asked))))
        left = csr_array((np.ones(at.size, np.int32), at, bounds), shape=(len(asked), columns.size))
        starts, sizes = self.starts[columns], self.starts[columns + 1] - self.starts[columns]
        ends = running(sizes)
        places = np.arange(int(ends[-1])) + np.repeat(starts - ends[:-1], sizes)
        right = csr_array(
            (np.ones(places.size, np.int32), self.owners[places], ends), shape=(columns.size, count)
        )
        return left @ right, np.bincount(owner[there & ~rare], minlength=len(asked))


class Near:
    """The prompts that there are, to be asked for the nearest ones."""

    def __init__(self, ids: Sequence[str], prompts: Sequence[str]) -> None:
        self.ids, self.sets = list(ids), sets_of(prompts)
        self.sizes = np.array([one.size for one in self.sets], dtype=np.int32)
        self.place = {name: place for place, name in enumerate(self.ids)}
        self.rows = Index.of(self.sets)
        self.kept: list[Index] = []
        self.bounds = [len(self.sets)]
        """Which sets each index of what was kept is of; a younger index is smaller, so that few are built anew."""

    def ask(self, asked: Sequence[U64], besides: Sequence[str]) -> Asked:
        """Look up a batch of shingle sets, each besides one row."""
        self._grow()
        found = _nearest(self, asked, besides, *self.rows.shared(asked, len(self.sets), COMMON))
        for index in self.kept:
            more = _nearest(self, asked, besides, *index.shared(asked, len(self.sets)))
            found = [min(pair, key=_order) for pair in zip(found, more, strict=True)]
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
        shared, _ = Index.of(asked).shared(asked, len(asked))
        sizes = np.array([one.size for one in asked], dtype=np.int64)
        owner = np.repeat(np.arange(len(asked)), np.diff(shared.indptr))
        self.starts, self.others = shared.indptr.tolist(), shared.indices
        self.scores = shared.data / (sizes[owner] + sizes[self.others] - shared.data)
        self.kept = np.zeros(len(asked), dtype=bool)

    def nearest(self, place: int) -> tuple[float, str | None]:
        """The highest similarity of a candidate to any row but the one, and that row; the lowest id among equals."""
        best = self.found[place]
        part = slice(self.starts[place], self.starts[place + 1])
        inside = self.kept[self.others[part]]
        if inside.any():
            scores, others = self.scores[part][inside], self.others[part][inside]
            top = scores.max()
            name = min(str(self.names[other]) for other in others[scores == top].tolist())
            best = min(best, (float(top), name), key=_order)
        return round(best[0], 3), best[1]

    def keep(self, place: int, row_id: str) -> None:
        """A candidate that was kept: the next ones are held against it too."""
        self.kept[place], self.names[place] = True, row_id
        self.near.ids.append(row_id)
        self.near.sets.append(self.asked[place])


def _order(found: tuple[float, str | None]) -> tuple[float, str]:
    return -found[0], found[1] or "~"


def _nearest(
    near: Near, asked: Sequence[U64], besides: Sequence[str], shared: Any, slack: I64
) -> list[tuple[float, str | None]]:
    """The best of the owners that share something with each candidate; of ``slack`` shingles it wasn't looked up."""
    owner = np.repeat(np.arange(len(asked)), np.diff(shared.indptr))
    others, both = shared.indices, shared.data
    sizes = np.array([one.size for one in asked], dtype=np.int32)[owner] + near.sizes[others]
    score = both / (sizes - both)
    parents = np.array([near.place.get(name, -1) for name in besides], dtype=np.int64)
    score[others == parents[owner]] = -1.0
    best = _highest(score, shared.indptr)
    if slack.any():
        # the rare shingles in common are counted; of the common ones at most so many more are
        more = slack[owner]
        most = (both + more) / np.maximum(sizes - both - more, 1)
        for at in np.flatnonzero((more > 0) & (score >= 0) & (most >= best[owner])).tolist():
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
