"""A conversation as data writes it, to messages as rows hold them.

Read are lists of objects with ``from``/``value`` (ShareGPT), ``role``/``content`` (OpenAI) or
``role``/``text``, lists of ``input``/``output`` pairs (Capybara), the same as JSON text (CSV), and as one
object of lists (the way that the Hub's ``Sequence`` feature stores them).
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from curation.ingest import reasons
from curation.ingest.reasons import Reject
from curation.ingest.roles import role_of
from curation.ingest.text import blank, json_text, scalar_text

Message = dict[str, str]
ROLE_KEYS = ("from", "role")
TEXT_KEYS = ("value", "content", "text")
_READ = {*ROLE_KEYS, *TEXT_KEYS, "tool_calls", "function_call"}


def to_messages(value: Any, left_out: Counter[str]) -> list[Message]:
    """The messages of a conversation; ``left_out`` counts the fields of messages that rows have no place for.

    Raises Reject: no messages, not a list, a message that is not an object, without role or text, or with
    a part that is not text. An empty text is kept: dropping empty turns is the work of a step.
    """
    turns = _turns(value)
    if not turns:
        raise Reject(reasons.NO_MESSAGES)
    messages: list[Message] = []
    for turn in turns:
        if not isinstance(turn, dict):
            raise Reject(reasons.MESSAGE_NOT_OBJECT, turn)
        name = turn.get("from") or turn.get("role")
        if name is None and "input" in turn and "output" in turn:
            messages += _exchange(turn)
            continue
        messages.append({"role": _role(name, turn), "content": _content(turn)})
        if len(turn) > 2:
            left_out.update(key for key, item in turn.items() if key not in _READ and item is not None)
    if all(blank(message["content"]) for message in messages):
        raise Reject(reasons.NO_TEXT)
    return messages


def _turns(value: Any) -> list[Any]:
    if isinstance(value, str):
        text = value.strip()
        if not text:
            raise Reject(reasons.NO_MESSAGES)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise Reject(reasons.NOT_A_LIST, text) from None
    if value is None or value == []:
        raise Reject(reasons.NO_MESSAGES)
    if isinstance(value, dict) and value and all(isinstance(item, list) for item in value.values()):
        lengths = {len(item) for item in value.values()}
        if len(lengths) == 1:  # an object of lists: turn it round
            return [dict(zip(value, items, strict=True)) for items in zip(*value.values(), strict=True)]
    if not isinstance(value, list):
        raise Reject(reasons.NOT_A_LIST, value)
    return value


def _role(name: Any, turn: dict[str, Any]) -> str:
    if not isinstance(name, str) or not name.strip():
        raise Reject(reasons.NO_ROLE, turn)
    role = role_of(name)
    if role is None:
        raise Reject(reasons.UNKNOWN_ROLE, turn)
    return role


def _exchange(turn: dict[str, Any]) -> list[Message]:
    texts = [_text(turn[key], turn) for key in ("input", "output")]
    return [{"role": role, "content": text} for role, text in zip(("user", "assistant"), texts, strict=True)]


def _content(turn: dict[str, Any]) -> str:
    value = next((turn[key] for key in TEXT_KEYS if turn.get(key) is not None), None)
    if type(value) is str and len(turn) == 2:
        return value
    calls = turn.get("tool_calls") or turn.get("function_call")
    if not calls:
        return _text(value, turn)
    # The text first, then the calls: the order in which chat templates write the two.
    spoken = "" if value is None else _text(value, turn)
    return f"{spoken}\n{json_text(calls)}" if not blank(spoken) else json_text(calls)


def _text(value: Any, turn: dict[str, Any]) -> str:
    if isinstance(value, list):
        return _parts(value, turn)
    if isinstance(value, dict):  # a function call or a tool's result, given as an object
        return json_text(value)
    text = scalar_text(value)
    if text is None:
        raise Reject(reasons.NO_TEXT, turn)
    return text


def _parts(parts: list[Any], turn: dict[str, Any]) -> str:
    texts = []
    for part in parts:
        text = part
        if isinstance(part, dict):
            text = part.get("text") if part.get("text") is not None else part.get("refusal")
        if not isinstance(text, str):
            raise Reject(reasons.PART_NOT_TEXT, turn)
        texts.append(text)
    if not texts:
        raise Reject(reasons.NO_TEXT, turn)
    return "\n".join(texts)
