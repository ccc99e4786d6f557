"""A conversation in the browser, as plain data: asked, answered, cut back, saved, listed."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chatbot_space.words import shown

Talk = dict[str, Any]
"""``id``, ``title``, ``when`` (ISO, UTC) and ``messages``; an answer carries ``note``, its figures."""

MOST_TALKS = 40
MOST_CHARACTERS = 1_500_000
"""A browser keeps 5 MB for a site; two bytes a character, encrypted to base64, stays below that."""


def new_talk() -> Talk:
    """An empty conversation."""
    return {"id": uuid.uuid4().hex[:12], "title": "", "when": _now(), "messages": []}


def asked(talk: Talk, question: str) -> Talk:
    """The conversation with a question added; the first one names it."""
    messages = [*talk["messages"], {"role": "user", "content": question}]
    return {**talk, "title": talk["title"] or title_of(question), "when": _now(), "messages": messages}


def answered(talk: Talk, text: str, note: Mapping[str, Any]) -> Talk:
    """The conversation with its last answer replaced, or added behind a question."""
    messages = list(talk["messages"])
    if messages and messages[-1]["role"] == "assistant":
        messages.pop()
    return {**talk, "messages": [*messages, {"role": "assistant", "content": text, "note": dict(note)}]}


def cut_before(talk: Talk, index: int) -> tuple[Talk, str]:
    """The conversation before the question at or before ``index``, and that question's text."""
    messages = talk["messages"]
    place = min(index, len(messages) - 1)
    while place > 0 and messages[place]["role"] != "user":
        place -= 1
    if place < 0:
        return talk, ""
    return {**talk, "messages": messages[:place]}, messages[place]["content"]


def for_chatbot(talk: Talk) -> list[dict[str, str]]:
    """The messages as Gradio's Chatbot takes them, made safe to show."""
    return [{"role": m["role"], "content": shown(m["content"]) or "\u2026"} for m in talk["messages"]]


def title_of(question: str) -> str:
    """The first words of a question, up to 48 characters."""
    words = " ".join(question.split())
    if len(words) <= 48:
        return words
    return words[:48].rsplit(" ", 1)[0].rstrip(",.;:") + "\u2026"


def saved(talks: Any, talk: Talk) -> list[Talk]:
    """The saved conversations, newest first, with this one put in; the oldest fall off beyond the limits."""
    kept = [t for t in checked(talks) if t["id"] != talk["id"]]
    if talk["messages"]:
        kept.insert(0, talk)
    kept = kept[:MOST_TALKS]
    while len(kept) > 1 and sum(_length(t) for t in kept) > MOST_CHARACTERS:
        kept.pop()
    return kept


def without(talks: Any, talk_id: str) -> list[Talk]:
    """The saved conversations without this one."""
    return [t for t in checked(talks) if t["id"] != talk_id]


def checked(talks: Any) -> list[Talk]:
    """What a browser sent, as far as it is conversations: anything else is left out."""
    return [t for t in talks if _is_talk(t)] if isinstance(talks, list) else []


def choices(talks: Sequence[Talk]) -> list[tuple[str, str]]:
    """Title and id of each, for the list; equal titles stay apart by their id."""
    return [(t["title"] or "Untitled", t["id"]) for t in talks]


def _is_talk(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("title"), str)
        and isinstance(value.get("id"), str)
        and re.fullmatch(r"[0-9a-f]{12}", value["id"]) is not None
        and isinstance(value.get("messages"), list)
        and all(
            isinstance(m, dict)
            and m.get("role") in ("user", "assistant")
            and isinstance(m.get("content"), str)
            for m in value["messages"]
        )
    )


def _length(talk: Talk) -> int:
    return sum(len(m["content"]) for m in talk["messages"]) + 200


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
