"""The chat template as training and chat share it: render, tokenise, and mark what is supervised.

This file stands twice, byte for byte: in ``training`` and in ``chatbot_space``, which must deploy alone.
It needs jinja2 and a Hugging Face tokenizer object, and nothing else. Change one copy, copy it over.

How it works. The Jinja template is rendered with a sentinel in place of each message's text, so that what
the template writes (literal pieces) and what people wrote (contents) come out apart. Literal pieces are
tokenised with special tokens parsed; contents are tokenised as plain text. So nothing that anybody types, an
end-of-turn marker say, can become a control token, neither in training data nor in the chat. The tokens of
each assistant text and the one end token after it are supervised; everything else is masked.

Jinja set-up as in ``transformers.utils.chat_template_utils`` (Apache-2.0), with the date pinned.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox

PINNED_DATE = "26 Jul 2024"
"""Llama-3.2's template writes a date into every prompt; this is the one that its own template falls back to."""

IGNORE = -100
"""The label of a token that carries no loss, as torch's cross entropy has it."""

_OPEN, _CLOSE = "\uf8f0", "\uf8f1"
_SENTINEL = re.compile(f"{_OPEN}(\\d+)(j?){_CLOSE}")


class TemplateError(ValueError):
    """The template can't be read, or can't render this conversation. A user's matter: exit code 2."""

    exit_code = 2


@dataclass(frozen=True)
class Segment:
    """A piece of a rendered conversation.

    ``kind`` is "literal" (written by the template, ``role`` None) or "content" (a message's text, with the
    ``role`` it has).
    """

    text: str
    kind: str
    role: str | None = None


# ----------------------------------------------------------------------------------------------- rendering


def with_system(messages: Iterable[Mapping[str, str]], system_prompt: str | None) -> list[dict[str, str]]:
    """The messages with stripped texts, and the system prompt in front where they have none."""
    plain = [{"role": m["role"], "content": m["content"].strip()} for m in messages]
    if system_prompt and system_prompt.strip() and not any(m["role"] == "system" for m in plain):
        plain.insert(0, {"role": "system", "content": system_prompt.strip()})
    return plain


def render(
    template: str,
    messages: Sequence[Mapping[str, str]],
    *,
    add_generation_prompt: bool = False,
    date: str = PINNED_DATE,
    bos_token: str | None = None,
    eos_token: str | None = None,
) -> list[Segment]:
    """Render a conversation into literal pieces and contents, in order; empty pieces are left out.

    ``messages`` have ``role`` and ``content``; contents are stripped, as most templates do themselves. A
    template without a system role gets the system text in front of the first user text, after a blank line.
    Raises TemplateError where the template is broken, refuses the conversation, or loses one of its texts.
    """
    plain = with_system(messages, None)
    values: dict[str, Any] = {
        "add_generation_prompt": add_generation_prompt,
        "bos_token": bos_token or "",
        "eos_token": eos_token or "",
        "date_string": date,
        "strftime_now": _Clock(date),
        "enable_thinking": False,  # Qwen3: the prompt in the chat is then the one that training saw
        "tools": None,
        "documents": None,
    }
    jinja = _compiled(template)
    try:
        return _pieces(jinja, plain, values)
    except TemplateError:
        folded = _folded(plain)
        if folded is None:
            raise
        try:
            return _pieces(jinja, folded, values)
        except TemplateError:
            pass
        raise


def _masked(messages: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{"role": m["role"], "content": f"{_OPEN}{place}{_CLOSE}"} for place, m in enumerate(messages)]


def _folded(messages: Sequence[Mapping[str, str]]) -> list[dict[str, str]] | None:
    """The system text put into the first user turn, for templates that know no system role (Gemma)."""
    if len(messages) < 2 or messages[0]["role"] != "system" or messages[1]["role"] != "user":
        return None
    text = f"{messages[0]['content']}\n\n{messages[1]['content']}"
    return [{"role": "user", "content": text}, *map(dict, messages[2:])]


def _pieces(
    jinja: jinja2.Template, messages: Sequence[Mapping[str, str]], values: Mapping[str, Any]
) -> list[Segment]:
    try:
        rendered = jinja.render(messages=_masked(messages), **values)
    except (jinja2.TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise TemplateError(f"the chat template refuses this conversation: {error}") from error
    segments: list[Segment] = []
    seen: set[int] = set()
    end = 0
    for match in _SENTINEL.finditer(rendered):
        segments.append(Segment(rendered[end : match.start()], "literal"))
        place, end = int(match[1]), match.end()
        text = messages[place]["content"]
        seen.add(place)
        segments.append(Segment(_json(text)[1:-1] if match[2] else text, "content", messages[place]["role"]))
    segments.append(Segment(rendered[end:], "literal"))
    for place, message in enumerate(messages):
        if place not in seen:
            raise TemplateError(f"the chat template leaves out message {place + 1} ({message['role']})")
    return [segment for segment in segments if segment.text or segment.kind == "content"]


# ---------------------------------------------------------------------------------------------- tokenising


def encode(tokenizer: Any, segments: Sequence[Segment], end_id: int | None) -> tuple[list[int], list[int]]:
    """Token ids and labels of one rendered conversation, two lists of equal length.

    ``end_id`` is what ``end_token`` found. Labels repeat the ids of each assistant text and of the end
    token after it, with what the template may write between the two; all others are ``IGNORE``.
    """
    return encode_many(tokenizer, [segments], end_id)[0]


def encode_many(
    tokenizer: Any, conversations: Sequence[Sequence[Segment]], end_id: int | None
) -> list[tuple[list[int], list[int]]]:
    """``encode`` for many conversations at once: the fast way, in two calls of the tokenizer."""
    literals = sorted({s.text for segments in conversations for s in segments if s.kind == "literal"})
    contents = sorted({s.text for segments in conversations for s in segments if s.kind == "content"})
    known = {
        "literal": dict(zip(literals, _ids(tokenizer, literals, parse_special=True), strict=True)),
        "content": dict(zip(contents, _ids(tokenizer, contents, parse_special=False), strict=True)),
    }
    encoded: list[tuple[list[int], list[int]]] = []
    for segments in conversations:
        ids: list[int] = []
        labels: list[int] = []
        answering = False
        for segment in segments:
            new = known[segment.kind][segment.text]
            ids.extend(new)
            if segment.kind == "content":
                answering = segment.role == "assistant"
                labels.extend(new if answering else [IGNORE] * len(new))
                continue
            taught = new.index(end_id) + 1 if answering and end_id in new else 0
            labels.extend([*new[:taught], *[IGNORE] * (len(new) - taught)])
            answering = False
        encoded.append((ids, labels))
    return encoded


def encode_prompt(
    tokenizer: Any,
    template: str,
    messages: Sequence[Mapping[str, str]],
    *,
    system_prompt: str | None = None,
    date: str = PINNED_DATE,
    bos_token: str | None = None,
    eos_token: str | None = None,
) -> list[int]:
    """The token ids that a model is given to answer these messages: the chat's side of the contract."""
    segments = render(
        template,
        with_system(messages, system_prompt),
        add_generation_prompt=True,
        date=date,
        bos_token=bos_token,
        eos_token=eos_token,
    )
    return encode(tokenizer, segments, None)[0]


def end_token(
    tokenizer: Any,
    template: str,
    *,
    date: str = PINNED_DATE,
    bos_token: str | None = None,
    eos_token: str | None = None,
) -> int | None:
    """The id of the special token that the template writes after an answer; None where it writes none.

    Found by rendering one question and one answer: the first special token behind the answer, where no
    further turn follows, can only be the end.
    """
    talk = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    last = render(template, talk, date=date, bos_token=bos_token, eos_token=eos_token)[-1]
    if last.kind == "content":
        return None
    special = {token_id for token_id, token in tokenizer.added_tokens_decoder.items() if token.special}
    special.update(tokenizer.all_special_ids)
    return next((i for i in _ids(tokenizer, [last.text], parse_special=True)[0] if i in special), None)


def _ids(tokenizer: Any, texts: list[str], *, parse_special: bool) -> list[list[int]]:
    if not texts:
        return []
    found: list[list[int]] = tokenizer(
        texts,
        add_special_tokens=False,
        split_special_tokens=not parse_special,
        padding=False,
        truncation=False,
        return_attention_mask=False,
        verbose=False,
    )["input_ids"]
    return found


# --------------------------------------------------------------------------------------------------- Jinja


class _Clock:
    """``strftime_now`` with the clock stopped at the pinned date."""

    def __init__(self, date: str) -> None:
        self.date = date

    def __call__(self, form: str) -> str:
        return datetime.strptime(self.date, "%d %b %Y").strftime(form)


class _GenerationTag(jinja2.ext.Extension):
    """``{% generation %}`` marks answers in some templates; here it only passes its body through."""

    tags = {"generation"}

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _json(value: Any, **options: Any) -> str:
    return json.dumps(value, ensure_ascii=False, **options)


def _tojson(value: Any, indent: int | None = None, separators: Any = None, sort_keys: bool = False) -> str:
    """``tojson`` as chat templates expect it; a text that goes through it is escaped when it is put back."""
    text = _json(value, indent=indent, separators=separators, sort_keys=sort_keys)
    return _SENTINEL.sub(lambda match: f"{_OPEN}{match[1]}j{_CLOSE}", text)


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


@lru_cache(maxsize=16)
def _compiled(template: str) -> jinja2.Template:
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _raise_exception
    try:
        return environment.from_string(template)
    except jinja2.TemplateError as error:
        raise TemplateError(f"the chat template can't be read: {error}") from error
