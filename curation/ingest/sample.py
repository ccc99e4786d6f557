"""Which input rows a limit takes. A row's chance hangs on the seed and its place alone."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from hashlib import blake2b

from curation.errors import InputError

WAYS = ("random", "head")


def choose(places: Sequence[int], limit: int, sample: str, seed: int) -> list[int]:
    """The ``limit`` places to take, in order.

    ``random`` takes those with the smallest keys, a hash of seed and place (bottom-k sampling), so that a
    larger limit holds every row of a smaller one. ``head`` takes the first. Raises InputError for a limit
    below 1 or another way.
    """
    if limit < 1:
        raise InputError(f"a limit of {limit} takes no rows", mend="Give 1 or more.")
    if sample not in WAYS:
        raise InputError(f"unknown way to sample {sample!r}", mend="Known: head, random.")
    if sample == "head":
        return list(places[:limit])
    key = blake2b(str(seed).encode(), digest_size=8)

    def keyed(place: int) -> tuple[bytes, int]:
        one = key.copy()
        one.update(b"\n%d" % place)
        return one.digest(), place

    return sorted(heapq.nsmallest(limit, places, key=keyed))
