"""What a generator is: texts in, candidates out; or questions to a language model, and candidates out of its replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from curation.augment.llm import Reply, Request
from curation.augment.llm_client import Client
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


class AskingGenerator(Protocol):
    """Has a language model write: what to ask, and how to read what comes back.

    ``sources`` are texts, or seeds where ``whole`` conversations are written.
    """

    identity: str
    languages: frozenset[str] | None
    client: Client

    def requests(self, sources: Any, seeds: Sequence[int], /) -> list[Request | None]:
        """One request a source, or None where there is nothing to ask."""
        ...

    def read(self, sources: Any, replies: Sequence[Reply | None], /) -> list[Any]:
        """One candidate a source (a text or a conversation), or why there is none."""
        ...


Generator = TextGenerator | AskingGenerator
Options = Mapping[str, Any]
