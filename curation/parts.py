"""Texts to flat arrays of numbers, stretch by stretch: what a stretch without a space stands for is found out once."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import chain, count, islice

import numpy as np

from curation.words import I64, running


class Parts:
    """Numbers of the stretches between spaces, remembered: texts whose stretches recur are looked up and joined as arrays."""

    def __init__(self, numbers: Callable[[list[str]], tuple[I64, I64]], most: int, longest: int) -> None:
        """``numbers`` gives those of new stretches, one after the other, and how many each has; ``most`` numbers are kept, and those of stretches of ``longest`` characters at most."""
        self.numbers, self.most, self.longest = numbers, most, longest
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self._place: defaultdict[str, int] = defaultdict(count().__next__)
        self._values, self._bounds = _Growing(), _Growing()
        self._bounds.add(np.zeros(1, np.int64))

    def __call__(self, texts: Sequence[str]) -> tuple[I64, I64]:
        """The numbers of all texts, one after the other, and where each text starts and ends."""
        parts = [text.split(" ") for text in texts]
        counts = np.array([len(one) for one in parts], np.int64)
        # the workbench asks from several threads
        with self._lock:
            if self._values.size > self.most:
                self.forget()
            known = len(self._place)
            each = map(self._place.__getitem__, chain.from_iterable(parts))
            places = np.fromiter(each, np.int64, int(counts.sum()))
            self._learn(len(self._place) - known)
            bounds, values = self._bounds.all(), self._values.all()
        starts = bounds[places]
        sizes = bounds[places + 1] - starts
        ends = running(sizes)
        return values[np.arange(ends[-1]) + np.repeat(starts - ends[:-1], sizes)], ends[running(counts)]

    def _learn(self, new: int) -> None:
        """Add the numbers of so many new stretches, those that came last."""
        if not new:
            return
        parts = list(islice(reversed(self._place), new))[::-1]
        values, sizes = self.numbers(parts)
        self._bounds.add(self._values.size + np.cumsum(sizes))
        self._values.add(values)
        for part in parts:
            if len(part) > self.longest:
                del self._place[part]


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
