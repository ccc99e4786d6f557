"""Vectors cut into cells of a bounded size, as a tree, and the nearest cells of a vector: n log n, never n^2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.embedding.kmeans import kmeans
from curation.embedding.numbers import Vectors, lengths, whole

FAN = 16
"""Parts that a cell is cut into when it is too large."""
DRAWN = 10_000
"""Rows of a larger cell that say where its parts are: the levels above the last cost one comparison with each part."""
DEEPEST = 8
"""Cuts one below another at most; what is too large even then is sliced, since its vectors hardly differ."""
BLOCK = 20_000
"""Rows that go down the tree at a time, or more, so that there are at most BLOCKS such times."""
BLOCKS = 64
MILLION = 1_000_000
"""What cosines are compared in; with a slot's number below it such a number fits 32 bits."""
FARTHEST = np.int32(2 * MILLION)
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """A tree: each node's centre, its children (none where it is a cell), and the places of a cell's vectors."""

    centres: Vectors
    children: tuple[Places, ...]
    members: tuple[Places, ...]

    def leaves(self) -> list[int]:
        """The nodes that are cells."""
        return [node for node, below in enumerate(self.children) if not len(below)]

    def nearest(self, vectors: Vectors, count: int, beam: int) -> Places:
        """The nearest cells of each vector: nodes, shape (vectors, count), nearest first, -1 where there are fewer.

        Level by level the ``beam`` nearest nodes are followed, so a vector costs ``beam`` * FAN comparisons a level.
        """
        found = np.full((len(vectors), count), -1)
        step = max(BLOCK, len(vectors) // BLOCKS)
        for start in range(0, len(vectors), step):
            part = slice(start, start + step)
            found[part] = self._descend(vectors[part], max(beam, count))[:, :count]
        return found

    def _descend(self, vectors: Vectors, beam: int) -> Places:
        inverse = (1 / lengths(vectors)).astype(whole(vectors[:1]).dtype)
        scale = (1 / lengths(self.centres)).astype(inverse.dtype)
        wide = beam * FAN
        front = np.full((len(vectors), beam), -1, np.int32)
        front[:, 0] = 0
        # how near a node is, and its slot: the highest cosines have the lowest keys, of equals the first slot has
        keys = np.full((len(vectors), beam), FARTHEST)
        while True:
            # by node, each with the slots that it stands in: one sort, however many nodes there are
            order = np.argsort(front, axis=None, kind="stable")
            found, starts = np.unique(front.ravel()[order], return_index=True)
            slots_of = dict(zip(found.tolist(), np.split(order, starts[1:]), strict=True))
            inner = [node for node in slots_of if node >= 0 and len(self.children[node])]
            if not inner:
                return front.astype(np.int64)
            open_ = np.isin(front, inner)
            nodes = np.full((len(vectors), wide), -1, np.int32)
            near = np.full((len(vectors), wide), FARTHEST)
            nodes[:, ::FAN] = np.where(open_, -1, front)
            near[:, ::FAN] = np.where(open_, FARTHEST, keys)
            for node in inner:
                rows, slots = np.divmod(slots_of[node], beam)
                below = self.children[node]
                cosine = whole(vectors[rows]) @ whole(self.centres[below]).T
                cosine *= inverse[rows, None]
                cosine *= scale[below]
                columns = slots[:, None] * FAN + np.arange(len(below))
                nodes[rows[:, None], columns] = below
                near[rows[:, None], columns] = np.rint(cosine * -MILLION)
            near *= wide
            near += np.arange(wide, dtype=np.int32)
            best = np.sort(np.partition(near, beam - 1, axis=1)[:, :beam], axis=1)
            keys, slots = np.divmod(best, wide)
            front = np.take_along_axis(nodes, slots, axis=1)


def cut(vectors: Vectors, size: int, seed: int) -> Cells:
    """Cut vectors into cells of at most ``size`` by k-means upon k-means; they must come in a canonical order.

    Source: Nistér and Stewénius 2006, "Scalable Recognition with a Vocabulary Tree".
    """
    centres: list[Vectors] = [vectors[:1]]
    children: list[Places] = [np.zeros(0, np.int64)]
    members: list[Places] = [np.arange(len(vectors))]
    depth = [0]
    node = 0
    while node < len(members):
        inside = members[node]
        if len(inside) > size:
            label, middles = _parts(vectors[inside], size, seed, depth[node])
            parts = [inside[label == part] for part in range(len(middles))]
            children[node] = np.arange(len(members), len(members) + len(parts))
            centres += [middles[part : part + 1] for part in range(len(parts))]
            children += [np.zeros(0, np.int64)] * len(parts)
            members += parts
            depth += [depth[node] + 1] * len(parts)
            members[node] = inside[:0]
        node += 1
    return Cells(np.concatenate(centres), tuple(children), tuple(members))


def _parts(vectors: Vectors, size: int, seed: int, depth: int) -> tuple[Places, Vectors]:
    """The part of each vector, and the parts' centres; slices with one centre where k-means doesn't help."""
    if depth < DEEPEST:
        label, centres, _ = kmeans(vectors, FAN, seed, rounds=5, sample=DRAWN)
        if len(centres) > 1:
            return label, centres
    slices = min(FAN, -(-len(vectors) // size))
    return np.arange(len(vectors)) * slices // len(vectors), vectors[:1].repeat(slices, axis=0)
