"""Near-duplicates of a candidate among all rows and all candidates kept so far, by exact Jaccard similarity.

An inverted index of hashed word pairs: hashes of the rows in one sorted array, those of kept candidates in a table
that grows. A shingle that very many rows share says little and costs much, so look-ups of it are cut off.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from curation.shingles import shingle_sets
from curation.words import I64, U64

PAIR = 2
"""Words in a shingle."""
COMMON = 2_000
"""Rows that share a shingle from which on it proposes no row; it still counts in the similarity."""


class Near:
    """The prompts that there are, to be asked for the nearest one."""

    def __init__(self, ids: Sequence[str], prompts: Sequence[str]) -> None:
        self.ids = list(ids)
        self.sets = sets_of(prompts)
        sizes = np.array([len(one) for one in self.sets], dtype=np.int64)
        hashes: U64 = np.concatenate([np.empty(0, np.uint64), *self.sets])
        owners: I64 = np.repeat(np.arange(sizes.size), sizes)
        order = np.argsort(hashes, kind="stable")
        self.hashes, self.owners = hashes[order], owners[order]
        self.more: dict[int, list[int]] = {}

    def add(self, row_id: str, shingles: U64) -> None:
        """A candidate that was kept."""
        place = len(self.sets)
        self.ids.append(row_id)
        self.sets.append(shingles)
        for shingle in shingles.tolist():
            self.more.setdefault(shingle, []).append(place)

    def nearest(self, shingles: U64, besides: str) -> tuple[float, str | None]:
        """The highest similarity to any row but ``besides``, and that row; the lowest id among equals."""
        starts = np.searchsorted(self.hashes, shingles, side="left")
        ends = np.searchsorted(self.hashes, shingles, side="right")
        rare = (ends > starts) & (ends - starts <= COMMON)
        parts = [self.owners[start:end] for start, end in zip(starts[rare], ends[rare], strict=True)]
        if self.more:
            parts += [np.array(self.more[one]) for one in shingles.tolist() if one in self.more]
        if not parts:
            return 0.0, None
        places, shared = np.unique(np.concatenate(parts), return_counts=True)
        # the rare shingles in common are counted; of the common ones at most so many more are
        slack = int((~rare & (ends > starts)).sum())
        sizes = np.array([self.sets[place].size for place in places.tolist()])
        least = shared / (shingles.size + sizes - shared)
        most = (shared + slack) / np.maximum(shingles.size + sizes - shared - slack, 1)
        best, which = 0.0, None
        for at in np.flatnonzero(
            most >= np.partition(least, max(-2, -least.size))[max(-2, -least.size)]
        ).tolist():
            name, score = self.ids[places[at]], float(least[at])
            if name == besides:
                continue
            if slack:
                both = np.intersect1d(shingles, self.sets[places[at]], assume_unique=True).size
                score = both / max(shingles.size + sizes[at] - both, 1)
            if score > best or (score == best and which is not None and name < which):
                best, which = score, name
        return round(best, 3), which


def sets_of(prompts: Sequence[str], size: int = PAIR) -> list[U64]:
    """The sorted set of hashed runs of ``size`` words of each prompt; fewer words are one run."""
    texts = pl.Series(prompts, dtype=pl.String)
    found = shingle_sets(texts, np.ones(len(prompts), dtype=np.int64), size)
    return [found.hashes[a:b] for a, b in zip(found.bounds[:-1], found.bounds[1:], strict=True)]
