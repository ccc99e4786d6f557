"""Texts to flat arrays of numbers, stretch by stretch: what a stretch without a space stands for is found out once."""

from __future__ import annotations

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
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self._place: defaultdict[str, int] = defaultdict(count().__next__)
        self._values, self._bounds = np.empty(0, np.int64), np.zeros(1, np.int64)

    def __call__(self, texts: Sequence[str]) -> tuple[I64, I64]:
        """The numbers of all texts, one after the other, and where each text starts and ends."""
        if self._values.size > self.most:
            self.forget()
        parts = [text.split(" ") for text in texts]
        counts = np.array([len(one) for one in parts], np.int64)
        known = len(self._place)
        places = np.fromiter(
            map(self._place.__getitem__, chain.from_iterable(parts)), np.int64, int(counts.sum())
        )
        self._learn(list(islice(self._place, known, None)))
        sizes = self._bounds[places + 1] - self._bounds[places]
        ends = running(sizes)
        flat = self._values[np.arange(ends[-1]) + np.repeat(self._bounds[places] - ends[:-1], sizes)]
        return flat, ends[running(counts)]

    def _learn(self, parts: list[str]) -> None:
        """Add the numbers of new stretches, in the order of their places."""
        if not parts:
            return
        values, sizes = self.numbers(parts)
        self._bounds = np.concatenate((self._bounds, self._bounds[-1] + np.cumsum(sizes)))
        self._values = np.concatenate((self._values, values))
        for part in parts:
            if len(part) > self.longest:
                del self._place[part]
