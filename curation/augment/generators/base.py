"""What a generator is: texts in, candidates out; or, for those that write whole conversations, talks in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from curation.augment.protect import Refused

Message = Mapping[str, str]


class TextGenerator(Protocol):
    """Rewrites single texts. ``propose`` depends on each (text, seed) alone, never on the others of a batch."""

    identity: str
    """Names the engine, its data and parameters; part of the key of cached candidates."""
    languages: frozenset[str] | None
    """ISO 639 codes that it can read, or None for any."""

    def propose(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str | Refused]:
        """One candidate a text, with every protected span in place, or why there is none."""
        ...


@dataclass(frozen=True)
class Seed:
    """What a new conversation is written from: the parent, other rows of its category, and its name."""

    parent: Sequence[Message]
    examples: tuple[Sequence[Message], ...]
    category: str


class TalkGenerator(Protocol):
    """Writes whole new conversations, prompts and answers both."""

    identity: str
    languages: frozenset[str] | None

    def compose(self, seeds: Sequence[Seed], numbers: Sequence[int]) -> list[list[dict[str, str]] | Refused]:
        """One conversation a seed, or why there is none."""
        ...


Generator = TextGenerator | TalkGenerator
Options = Mapping[str, Any]
