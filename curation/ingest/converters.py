"""From the columns of a row to its messages: a conversation column, or a question and an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from curation.ingest import reasons
from curation.ingest.conversation import Message, to_messages
from curation.ingest.reasons import Reject
from curation.ingest.text import blank, scalar_text

Convert = Callable[[Mapping[str, Any], Counter[str]], list[Message]]


@dataclass(frozen=True)
class Shape:
    """A name, the columns that it can't do without, all those it takes, what makes messages of them, and what each becomes in words."""

    name: str
    needs: tuple[str, ...]
    takes: frozenset[str]
    convert: Convert
    roles: Mapping[str, str] = field(default_factory=dict, compare=False)


def conversation(column: str, system: str | None = None, *, name: str) -> Shape:
    """The shape of a column that holds whole conversations, and perhaps a system prompt beside it."""

    def convert(row: Mapping[str, Any], left_out: Counter[str]) -> list[Message]:
        messages = to_messages(row.get(column), left_out)
        if system is None or messages[0]["role"] == "system":
            return messages
        return _system(row, system) + messages

    roles = {column: "the conversation", **({system: "system prompt"} if system else {})}
    return Shape(name, (column,), frozenset(roles), convert, roles)


def pair(
    user: str,
    assistant: str | None,
    *,
    extra: str | None = None,
    system: str | None = None,
    history: str | None = None,
    name: str,
) -> Shape:
    """The shape of a question and its answer: ``extra`` follows the question after a blank line.

    ``history`` holds earlier exchanges as pairs. Without ``assistant`` a row is a question alone. A question
    or an answer may itself be a list of messages (trl's conversational prompt and completion).
    """

    def convert(row: Mapping[str, Any], left_out: Counter[str]) -> list[Message]:
        messages = _system(row, system) if system else []
        if history is not None:
            messages += _history(row.get(history))
        if isinstance(row.get(user), list):
            messages += to_messages(row[user], left_out)
        else:
            parts = [_text(row.get(column), reasons.QUESTION_NOT_TEXT) for column in (user, extra) if column]
            asked = [part for part in parts if not blank(part)]
            if not asked:
                raise Reject(reasons.NO_QUESTION)
            messages.append({"role": "user", "content": "\n\n".join(asked)})
        return messages + _answer(row.get(assistant), left_out) if assistant else messages

    needs = tuple(filter(None, (user, assistant)))
    told = {user: "user", assistant: "assistant", extra: "user, after the question", system: "system prompt", history: "earlier turns"}  # fmt: skip
    roles = {column: role for column, role in told.items() if column}
    return Shape(name, needs, frozenset(roles), convert, roles)


def _answer(value: Any, left_out: Counter[str]) -> list[Message]:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return to_messages(value, left_out)
    text = _text(value, reasons.ANSWER_NOT_TEXT)
    if blank(text):
        raise Reject(reasons.NO_ANSWER)
    return [{"role": "assistant", "content": text}]


def _text(value: Any, reason: str) -> str:
    try:
        return scalar_text(value) or ""
    except TypeError:
        raise Reject(reason, value) from None


def _system(row: Mapping[str, Any], column: str) -> list[Message]:
    text = _text(row.get(column), reasons.PART_NOT_TEXT)
    return [] if blank(text) else [{"role": "system", "content": text}]


def _history(value: Any) -> list[Message]:
    messages: list[Message] = []
    for exchange in value or []:
        if not isinstance(exchange, list | tuple) or len(exchange) != 2:
            raise Reject(reasons.MESSAGE_NOT_OBJECT, exchange)
        for role, item in zip(("user", "assistant"), exchange, strict=True):
            messages.append({"role": role, "content": _text(item, reasons.PART_NOT_TEXT)})
    return messages
