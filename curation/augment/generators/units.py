"""The units of Apertium's stream (``^house<n><sg>$``), and what becomes of each by itself.

Some programs look at one unit at a time: the same unit comes out the same in every text, so it is asked for once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

UNIT = re.compile(r"\\.|\^[^\\$]*+(?:\\.[^\\$]*+)*+\$", re.DOTALL)
"""A unit, or a sign of the text between units that has a backslash before it."""
REMEMBERED = 65_536
"""Units that are remembered."""


class Units:
    """Texts with each unit replaced by what ``ask`` gives for it; it gets units that weren't asked for before."""

    def __init__(self, ask: Callable[[Sequence[str]], Sequence[str]]) -> None:
        self.ask = ask
        self.known: dict[str, str] = {}

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """The texts, in order; may be called from several threads at once."""
        if len(self.known) > REMEMBERED:
            self.known = {}  # another thread may still read the old one
        known = self.known
        fresh = sorted(one for one in set().union(*map(UNIT.findall, texts)) - known.keys() if one[0] == "^")
        if fresh:
            known.update(zip(fresh, self.ask(fresh), strict=True))
        return [UNIT.sub(lambda found: known.get(found[0], found[0]), text) for text in texts]
