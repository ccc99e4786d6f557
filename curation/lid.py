"""lid.176 for many texts at once: what fastText's ``predict`` says, at a third of its cost.

fastText hashes every run of two to four letters of every word anew; here a word's rows of the table are found once and
remembered. Sums are taken in its order and in its precision, so probabilities are the same but for a last bit of a float
where this machine's and numpy's exponential function differ.

Source: Joulin et al. 2016, "FastText.zip" and "Bag of Tricks"; Bojanowski et al. 2017 for runs of letters; the layout of
the file and the hash (Fowler, Noll and Vo) are fastText's own, version 0.9.2.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from curation.parts import Parts, Stretches
from curation.words import I64, running

F32 = npt.NDArray[np.float32]
MAGIC, VERSION, SUPERVISED, TREE = 793712314, 12, 3, 1
OFFSET, PRIME = 2166136261, np.uint32(16777619)
TINY, LEAST = 1e-5, np.float32(math.log(1e-5))
"""What is added before a logarithm is taken, and the lowest one that counts."""


class Level(NamedTuple):
    """The inner nodes of the tree of labels at one depth, and their children."""

    nodes: I64
    no: I64
    yes: I64


class Lid:
    """A quantised fastText classifier with a tree of labels, read from its file."""

    def __init__(self, path: Path) -> None:
        """Raises ValueError where the file is another kind of model."""
        file = _File(path.read_bytes())
        magic, version = file.take("2i")
        *_, grams, loss, kind, buckets, shortest, longest, _ = file.take("12i")
        file.take("d")
        if (magic, version, grams, loss, kind) != (MAGIC, VERSION, 1, TREE, SUPERVISED):
            raise ValueError(f"{path.name} is no fastText classifier of single words with a tree of labels")
        self.buckets, self.lengths = buckets, (shortest, longest)
        _, words, labels, _, kept = file.take("3i2q")
        entries = [file.entry() for _ in range(words + labels)]
        self.labels = tuple(name for name, _ in entries[words:])
        self.number = {name: number for number, (name, _) in enumerate(entries[:words])}
        pruned = file.array("<i4", 2 * kept).reshape(-1, 2).astype(np.int64)
        pruned = pruned[pruned[:, 0].argsort()]
        self.hashes, self.rows = pruned[:, 0], pruned[:, 1] + words
        file.take("?")
        self.table = file.quantised()
        file.take("?")
        height, width = file.take("2q")
        self.weights: F32 = file.array("<f4", height * width).reshape(height, width)[:-1]
        self.levels = _tree([count for _, count in entries[words:]])
        self._parts = Parts(self._rows_of, Stretches())

    def predict(self, texts: Sequence[str], most: int) -> list[tuple[list[str], list[float]]]:
        """The likeliest labels of each text (words with one space between them), best first, and their probabilities."""
        scores = self._scores(self._hidden(texts))
        count = scores.shape[1]
        best = np.argpartition(scores, count - most, axis=1)[:, count - most :]
        best = np.take_along_axis(best, (-np.take_along_axis(scores, best, 1)).argsort(axis=1), 1)
        tops = np.take_along_axis(scores, best, 1)
        sizes = (tops >= LEAST).sum(axis=1).tolist()
        found = zip(
            best.tolist(), np.exp(tops.astype(np.float64)).astype(np.float32).tolist(), sizes, strict=True
        )
        return [([self.labels[label] for label in some[:size]], sure[:size]) for some, sure, size in found]

    def _hidden(self, texts: Sequence[str]) -> F32:
        """The mean of the rows of each text, shape (texts, components)."""
        from scipy.sparse import csr_array

        rows, bounds = self._parts(texts)
        # the end of a line is a word too, the first one
        rows = np.insert(rows, bounds[1:], 0)
        bounds = bounds + np.arange(bounds.size)
        # a product of sparse and full rows adds them up one after the other, as fastText does
        counts = csr_array(
            (np.ones(rows.size, np.float32), rows, bounds), shape=(len(texts), len(self.table))
        )
        sums: F32 = counts @ self.table
        return sums * (1.0 / np.diff(bounds)).astype(np.float32)[:, None]

    def _scores(self, hidden: F32) -> F32:
        """The logarithm of each label's probability, shape (texts, labels)."""
        labels = len(self.labels)
        dots = np.zeros((len(hidden), labels - 1), np.float32)
        for component in range(hidden.shape[1]):
            dots += hidden[:, component, None] * self.weights[None, :, component]
        with np.errstate(over="ignore"):
            exp = np.exp(-dots.astype(np.float64)).astype(np.float32)
        yes = (1.0 / (np.float32(1) + exp).astype(np.float64)).astype(np.float32)
        logs = [_log((1.0 - yes.astype(np.float64)).astype(np.float32)), _log(yes)]
        scores = np.zeros((len(hidden), 2 * labels - 1), np.float32)
        for level in self.levels:
            # what is under the lowest one isn't looked into
            here = scores[:, level.nodes]
            here[here < LEAST] = -np.inf
            for log, child in zip(logs, (level.no, level.yes), strict=True):
                scores[:, child] = here + log[:, level.nodes - labels]
        return scores[:, :labels]

    def _rows_of(self, words: list[str]) -> tuple[I64, I64]:
        """The rows of words and how many each has: a known word's own, then those of its runs of letters that weren't pruned."""
        hashes, owners = _runs("".join(f"<{word}>\n" for word in words), *self.lengths)
        hashes %= self.buckets
        places = np.minimum(np.searchsorted(self.hashes, hashes), self.hashes.size - 1)
        there = self.hashes[places] == hashes
        sizes = np.bincount(owners[there], minlength=len(words))
        own = np.array([self.number.get(word, -1) for word in words], np.int64)
        known = np.flatnonzero(own >= 0)
        rows = np.insert(self.rows[places[there]], running(sizes)[known], own[known])
        sizes[known] += 1
        return rows, sizes


def _runs(lines: str, shortest: int, longest: int) -> tuple[I64, I64]:
    """The hashes of the runs of so many letters within each line, in order of where they start, and the line of each."""
    # what follows the last line only makes room
    raw = np.frombuffer((lines + "\n" * longest).encode(), np.uint8)
    ends = raw == ord("\n")
    starts = np.flatnonzero((raw & 0xC0) != 0x80)
    count = starts.size - longest
    # bytes count as signed ones
    values = raw.view(np.int8).astype(np.int32).view(np.uint32)
    hashes, inside = np.full(count, OFFSET, np.uint32), np.ones(count, bool)
    found = np.empty((count, longest - shortest + 1), np.int64)
    valid = np.zeros(found.shape, bool)
    for letter in range(longest):
        first, after = starts[letter : letter + count], starts[letter + 1 : letter + 1 + count]
        inside = inside & ~ends[first]
        for byte in range(4):
            some = np.flatnonzero(first + byte < after)
            if not some.size:
                break
            hashes[some] = (hashes[some] ^ values[first[some] + byte]) * PRIME
        if letter + 1 >= shortest:
            found[:, letter + 1 - shortest], valid[:, letter + 1 - shortest] = hashes, inside
    lines_of = np.cumsum(ends)[starts[:count]] - ends[starts[:count]]
    return found[valid], np.repeat(lines_of, valid.sum(axis=1))


def _log(values: F32) -> F32:
    return np.log(values.astype(np.float64) + TINY).astype(np.float32)


def _tree(counts: Sequence[int]) -> list[Level]:
    """Huffman's tree over labels, the most frequent first: the two rarest are joined again and again. Its levels from the root down."""
    size = len(counts)
    totals = [*counts, *[10**15] * (size - 1)]
    children: list[tuple[int, int]] = []
    leaf, node = size - 1, size
    for new in range(size, 2 * size - 1):
        pair = []
        for _ in range(2):
            if leaf >= 0 and totals[leaf] < totals[node]:
                pair.append(leaf)
                leaf -= 1
            else:
                pair.append(node)
                node += 1
        children.append((pair[0], pair[1]))
        totals[new] = totals[pair[0]] + totals[pair[1]]
    levels, here = [], [2 * size - 2]
    while here:
        no, yes = zip(*(children[one - size] for one in here), strict=True)
        levels.append(Level(*(np.array(some, np.int64) for some in (here, no, yes))))
        here = [one for one in (*no, *yes) if one >= size]
    return levels


class _File:
    """The bytes of a model, read from the front."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, layout: str) -> tuple[Any, ...]:
        """Some numbers, by the letters of ``struct``."""
        found = struct.unpack_from(f"<{layout}", self.raw, self.at)
        self.at += struct.calcsize(f"<{layout}")
        return found

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        """So many numbers of a kind."""
        found = np.frombuffer(self.raw, kind, count, self.at)
        self.at += found.nbytes
        return found

    def entry(self) -> tuple[str, int]:
        """A word or label of the dictionary, and how often it stood in the training text."""
        end = self.raw.index(b"\0", self.at)
        name, self.at = self.raw[self.at : end].decode(), end + 1
        count, _ = self.take("qb")
        return name, count

    def quantised(self) -> F32:
        """A table stored as codes of parts of its rows, and of their lengths: each row is its length times what its codes stand for."""
        scaled, height, width, size = self.take("?2qi")
        codes = self.array("u1", size).reshape(height, -1)
        table = self._decoded(codes, width)
        return self._decoded(self.array("u1", height)[:, None], 1) * table if scaled else table

    def _decoded(self, codes: npt.NDArray[np.uint8], width: int) -> F32:
        """What codes stand for, shape (rows, width): each is one of 256 centres of its columns."""
        dim, parts, step, last = self.take("4i")
        centres = self.array("<f4", 256 * dim)
        table = np.empty((len(codes), width), np.float32)
        for part in range(parts):
            columns = last if part == parts - 1 else step
            first = part * 256 * step
            table[:, part * step : part * step + columns] = centres[first : first + 256 * columns].reshape(
                256, columns
            )[codes[:, part]]
        return table
