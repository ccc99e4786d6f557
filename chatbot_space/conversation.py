"""A conversation made ready for the engine: plain text out of Gradio's blocks, cut at turn borders to fit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chatbot_space.engine import Message, Prompter
from chatbot_space.errors import TooLongError

MOST_CHARACTERS = 200_000
"""No message is tokenised beyond this length: no model here could hold it."""


@dataclass(frozen=True)
class Fitted:
    """What the engine is given: the messages, their prompt ids, and how many old turns were left out."""

    messages: list[Message]
    ids: list[int]
    left_out: int


def plain(history: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Messages with plain text, from Gradio's history, whose contents are lists of blocks.

    Only user and assistant messages count; empty ones (an answer that was stopped at once) are left out.
    """
    messages = [{"role": str(m.get("role")), "content": flat(m.get("content"))} for m in history]
    return [m for m in messages if m["role"] in ("user", "assistant") and m["content"].strip()]


def flat(content: Any) -> str:
    """The text of a content: a string as it is, blocks joined, anything that isn't text left out."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        return str(content.get("text") or "")
    if isinstance(content, Sequence):
        return "".join(flat(block) for block in content)
    return ""


def fit(
    prompter: Prompter, messages: Sequence[Message], system: str | None, *, context: int, answer: int
) -> Fitted:
    """Cut the oldest turns, whole, until prompt and answer fit into ``context`` tokens.

    ``messages`` end with a question. ``answer`` tokens are kept free for the answer, but never more than
    half the context. Raises TooLongError when the last question alone doesn't fit.
    """
    room = context - min(answer, context // 2)
    if len(messages[-1]["content"]) > MOST_CHARACTERS:
        raise TooLongError(_too_long(f"{len(messages[-1]['content']):,} characters", room))
    lead = [{"role": "system", "content": system.strip()}] if system and system.strip() else []
    starts = [place for place, m in enumerate(messages) if m["role"] == "user"]
    known: dict[int, list[int]] = {}

    def ids(start: int) -> list[int]:
        if start not in known:
            known[start] = prompter.ids([*lead, *messages[start:]])
        return known[start]

    place = bisect_left(range(len(starts)), True, key=lambda at: len(ids(starts[at])) <= room)
    if place == len(starts):
        raise TooLongError(
            _too_long(f"{len(ids(starts[-1])):,} tokens (a token is about four letters)", room)
        )
    start = starts[place]
    return Fitted([*lead, *messages[start:]], ids(start), place)


def _too_long(length: str, room: int) -> str:
    return f"Your message is too long: with the system prompt it has {length}, and {room:,} tokens fit. Please shorten it."
