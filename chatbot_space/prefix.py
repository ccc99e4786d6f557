"""The key/value caches of recent conversations, so that a second turn doesn't pay for the first again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Slot:
    """A cache and the ids whose keys and values it holds, for one of the models."""

    model: str
    ids: list[int]
    cache: Any


class PrefixPool:
    """At most ``slots`` idle caches holding at most ``tokens`` ids in all; the longest unused goes first.

    ``fresh`` makes an empty cache, ``crop(cache, n)`` keeps the first n positions in place, and
    ``copy(cache, n)`` gives a new cache of the first n positions. A slot that is being generated on is
    out of the pool, so two answers never write into one cache.
    """

    def __init__(
        self,
        fresh: Callable[[], Any],
        crop: Callable[[Any, int], None],
        copy: Callable[[Any, int], Any],
        *,
        slots: int,
        tokens: int,
    ) -> None:
        self._fresh, self._crop, self._copy = fresh, crop, copy
        self._slots, self._tokens = slots, tokens
        self._idle: list[Slot] = []  # oldest first
        self._guard = threading.Lock()

    def take(self, model: str, ids: list[int]) -> Slot:
        """A slot whose cache holds the longest known prefix of ``ids``, at least one id less than all.

        A cache that goes on beyond the common prefix by more than a short answer belongs to another
        conversation: the shared part (a system prompt) is copied and the rest left to its owner.
        """
        with self._guard:
            best, shared = None, 0
            for slot in self._idle:
                found = common(slot.ids, ids) if slot.model == model else 0
                if found > shared:
                    best, shared = slot, found
            shared = min(shared, len(ids) - 1)
            if best is None or shared < 1:
                return Slot(model, [], self._fresh())
            if shared * 2 < len(best.ids):
                return Slot(model, ids[:shared], self._copy(best.cache, shared))
            self._idle.remove(best)
        if shared < len(best.ids):
            self._crop(best.cache, shared)
        best.ids = ids[:shared]
        return best

    def give(self, slot: Slot) -> None:
        """Put a slot back for the next turn; drop the oldest ones beyond the limits."""
        with self._guard:
            self._idle.append(slot)
            while self._idle and (len(self._idle) > self._slots or self.held() > self._tokens):
                self._idle.pop(0)

    def held(self) -> int:
        """The number of ids in idle caches."""
        return sum(len(slot.ids) for slot in self._idle)


def common(a: list[int], b: list[int]) -> int:
    """The length of the common prefix."""
    length = min(len(a), len(b))
    if a[:length] == b[:length]:
        return length
    return next(place for place in range(length) if a[place] != b[place])
