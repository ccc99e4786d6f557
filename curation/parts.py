"""Texts to flat arrays of numbers, stretch by stretch: what a stretch without a space stands for is found out once."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import count, islice

import numpy as np
import polars as pl

from curation.words import I64, bytes_of, running

CHARACTERS, PLACES = 2_000_000, 500_000
"""Characters of stretches that have a number, and stretches of texts that are remembered, at most."""


class Stretches:
    """Numbers of the stretches between spaces or line ends, as they come. A text that comes again soon isn't cut anew.

    Several ``Parts`` can share one: a text is then cut once for all of them.
    """

    def __init__(self, most: int = CHARACTERS) -> None:
        self.most = most
        # the workbench asks from several threads
        self.lock = threading.RLock()
        self.age = 0
        """How often all was forgotten: numbers of another age mean something else."""
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.age += 1
        self.names: list[str] = []
        """The stretches, by their numbers."""
        self._number: defaultdict[str, int] = defaultdict(count().__next__)
        self._texts: dict[str, I64] = {}
        self._characters = self._places = 0

    def __call__(self, texts: Sequence[str]) -> tuple[I64, I64]:
        """The numbers of the stretches of all texts, one text after the other, and how many each text has."""
        if self._characters > self.most:
            self.forget()
        if self._places > PLACES:
            self._texts, self._places = {}, 0
        if fresh := [text for text in dict.fromkeys(texts) if text not in self._texts]:
            self._cut(fresh)
        found = [self._texts[text] for text in texts]
        sizes = np.fromiter(map(len, found), np.int64, len(found))
        return np.concatenate([np.empty(0, np.int64), *found]), sizes

    def _cut(self, texts: list[str]) -> None:
        import pyarrow as pa

        raw, edges = bytes_of(pl.Series(texts, dtype=pl.String))
        # each stretch with the space or line end behind it, so that one begins where another ends
        ends = np.flatnonzero((raw == ord(" ")) | (raw == ord("\n"))) + 1
        starts = np.concatenate((np.zeros(1, np.int64), ends))
        column = pa.LargeStringArray.from_buffers(ends.size, pa.py_buffer(starts), pa.py_buffer(raw))
        cut = column.dictionary_encode()
        # only those that are different are looked up one by one
        different = cut.dictionary.to_pylist()
        number = np.fromiter(map(self._number.__getitem__, different), np.int64, len(different))
        flat = number[np.frombuffer(cut.indices.buffers()[1], np.int32, len(cut))]
        bounds = np.searchsorted(starts, edges).tolist()
        self._texts.update(zip(texts, map(flat.__getitem__, map(slice, bounds, bounds[1:])), strict=True))
        new = list(islice(reversed(self._number), len(self._number) - len(self.names)))[::-1]
        self.names += [name[:-1] for name in new]
        self._places += flat.size
        self._characters += sum(map(len, new))


PLAIN = Stretches()
"""Of texts as they are, for all that measure the same ones."""


class Parts:
    """What stretches stand for, remembered: texts whose stretches recur are looked up and joined as arrays."""

    def __init__(self, numbers: Callable[[list[str]], tuple[I64, I64]], stretches: Stretches) -> None:
        """``numbers`` gives what some stretches stand for, one after the other, and how many numbers each has."""
        self.numbers, self.stretches = numbers, stretches
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self._age = 0
        self._values, self._starts, self._sizes = _Growing(), _Growing(), _Growing()

    def __call__(self, texts: Sequence[str]) -> tuple[I64, I64]:
        """The numbers of all texts, one after the other, and where each text starts and ends."""
        with self.stretches.lock:
            places, counts = self.stretches(texts)
            if self._age != self.stretches.age:
                self.forget()
                self._age = self.stretches.age
            starts = self._known(places)
            sizes = self._sizes.all()[places]
            values = self._values.all()
        ends = running(sizes)
        return values[np.arange(ends[-1]) + np.repeat(starts - ends[:-1], sizes)], ends[running(counts)]

    def _known(self, places: I64) -> I64:
        """Where the numbers of each stretch start, after new ones are learnt."""
        more = len(self.stretches.names) - self._starts.size
        self._starts.add(np.full(more, -1))
        self._sizes.add(np.zeros(more, np.int64))
        starts = self._starts.all()[places]
        if (new := np.unique(places[starts < 0])).size:
            values, sizes = self.numbers([self.stretches.names[place] for place in new])
            self._starts.all()[new] = self._values.size + running(sizes)[:-1]
            self._sizes.all()[new] = sizes
            self._values.add(values)
            starts = self._starts.all()[places]
        return starts


class _Growing:
    """An array that numbers are added to; its room doubles, so that they are seldom moved."""

    def __init__(self) -> None:
        self._room, self.size = np.empty(1024, np.int64), 0

    def add(self, numbers: I64) -> None:
        """Put some at the end."""
        end = self.size + numbers.size
        if end > self._room.size:
            self._room = np.resize(self._room, max(end, 2 * self._room.size))
        self._room[self.size : end] = numbers
        self.size = end

    def all(self) -> I64:
        """All that there are."""
        return self._room[: self.size]
