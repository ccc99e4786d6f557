"""How often one person may ask, so that everybody else gets an answer too."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable


class RateLimit:
    """A token bucket per person: ``burst`` questions at once, then ``per_minute``.

    Remembers at most ``people`` persons, the latest; those who have been away longest are forgotten.
    """

    def __init__(
        self,
        per_minute: float = 12,
        burst: int = 6,
        people: int = 4096,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate, self.burst, self.people, self.clock = per_minute / 60, burst, people, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._guard = threading.Lock()

    def wait(self, person: str) -> float:
        """Seconds that this person must wait; 0 when the question may be asked, which is then counted."""
        now = self.clock()
        with self._guard:
            left, then = self._buckets.pop(person, (float(self.burst), now))
            left = min(float(self.burst), left + (now - then) * self.rate)
            if left < 1:
                self._buckets[person] = (left, now)
                return (1 - left) / self.rate
            self._buckets[person] = (left - 1, now)
            while len(self._buckets) > self.people:
                self._buckets.popitem(last=False)
            return 0.0
