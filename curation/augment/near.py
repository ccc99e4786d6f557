"""Near-duplicates of candidates among all rows and all candidates kept so far, by exact Jaccard similarity.

Sets of hashed word pairs are compared (``alike.py``), many candidates at once. What is kept while a batch is decided is known
beforehand to be of that batch: its candidates are held against one another once. Only likenesses from ``floor`` on count. A
shingle that very many rows share says little and costs much, so it proposes no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import polars as pl

from curation.augment.alike import Block, Classes, Pairs, Search
from curation.shingles import Shingles, shingle_sets
from curation.words import U64

PAIR = 2
"""Words in a shingle."""
COMMON = 2_000
"""Rows that share a shingle from which on it proposes no row; it still counts in the similarity."""
FLOOR = 0.7
"""Likeness under which no row counts as near, unless the limit is lower still."""
NOBODY: tuple[float, str | None] = (0.0, None)


class Near:
    """The prompts that there are, to be asked for the nearest ones."""

    def __init__(self, ids: Sequence[str], prompts: pl.Series, floor: float = FLOOR) -> None:
        self.floor, self.classes = floor, Classes(_shingles(prompts, PAIR), COMMON)
        self.place = {name: place for place, name in enumerate(ids)}
        self.rows = list(ids), self.classes.rows
        self.kept: list[tuple[list[str], Block]] = []
        """What was kept before, with its names; a younger block is smaller, so that few are joined anew."""
        self.last: Asked | None = None

    def ask(self, asked: Sequence[U64], besides: Sequence[str]) -> Asked:
        """Look up a batch of shingle sets, each besides one row, after all of the batch before was decided."""
        self._grow()
        mine = self.classes.block(Shingles.of(asked))
        search = Search(mine, self.classes, self.floor)
        found = [NOBODY] * len(asked)
        parents = np.array([self.place.get(name, -1) for name in besides], dtype=np.int64)
        nobody = np.full(len(asked), -1)
        for (names, block), but in ((self.rows, parents), *((one, nobody) for one in self.kept)):
            for place, one in _nearest(search.among(block, but), names):
                found[place] = min(found[place], one, key=_order)
        self.last = Asked(mine, search.among(mine, np.arange(len(asked))), found)
        return self.last

    def _grow(self) -> None:
        """Add what was kept of the last batch."""
        if self.last is None or not self.last.kept.any():
            return
        new = [(list(filter(None, self.last.names)), self.last.block.some(np.flatnonzero(self.last.kept)))]
        while self.kept and len(self.kept[-1][0]) <= sum(len(names) for names, _ in new):
            new.insert(0, self.kept.pop())
        names = [name for some, _ in new for name in some]
        self.kept.append((names, Block.joined([block for _, block in new])))


class Asked:
    """A batch of candidates in their order: what is nearest to each, given which of those before it were kept."""

    def __init__(self, block: Block, inside: Pairs, found: list[tuple[float, str | None]]) -> None:
        self.block, self.inside, self.found = block, inside, found
        count = block.sizes.size
        self.names: list[str | None] = [None] * count
        self.starts = np.searchsorted(inside.left, np.arange(count + 1)).tolist()
        """Where the pairs of each candidate with others of the batch start, and the end."""
        self.kept = np.zeros(count, dtype=bool)

    def nearest(self, place: int) -> tuple[float, str | None]:
        """The highest likeness of a candidate to any row but the one, and that row, the lowest id among equals; nobody under the floor."""
        best, part = self.found[place], slice(self.starts[place], self.starts[place + 1])
        if part.start < part.stop:
            others, scores = self.inside.right[part], self.inside.likeness[part]
            inside = self.kept[others]
            for other, score in zip(others[inside].tolist(), scores[inside].tolist(), strict=True):
                best = min(best, (score, self.names[other]), key=_order)
        return round(best[0], 3), best[1]

    def keep(self, place: int, row_id: str) -> None:
        """A candidate that was kept: the next ones are held against it too."""
        self.kept[place], self.names[place] = True, row_id


def _order(found: tuple[float, str | None]) -> tuple[float, str]:
    return -found[0], found[1] or "~"


def _nearest(pairs: Pairs, names: Sequence[str]) -> Iterator[tuple[int, tuple[float, str]]]:
    """The places of candidates that have pairs, each with the likeness and the name of the one that is nearest to it."""
    best = np.zeros(int(pairs.left[-1]) + 1 if pairs.left.size else 0)
    np.maximum.at(best, pairs.left, pairs.likeness)
    top = pairs.likeness == best[pairs.left]
    left, others = pairs.left[top], pairs.right[top].tolist()
    places, starts = np.unique(left, return_index=True)
    for place, (start, end) in zip(places.tolist(), pairwise([*starts.tolist(), left.size]), strict=True):
        yield place, (float(best[place]), min(map(names.__getitem__, others[start:end])))


def sets_of(prompts: Sequence[str], size: int = PAIR) -> list[U64]:
    """The sorted set of hashed runs of ``size`` words of each prompt; fewer words are one run."""
    found = _shingles(pl.Series(prompts, dtype=pl.String), size)
    return [found.hashes[a:b] for a, b in pairwise(found.bounds.tolist())]


def _shingles(prompts: pl.Series, size: int) -> Shingles:
    return shingle_sets(prompts, np.ones(prompts.len(), dtype=np.int64), size)
