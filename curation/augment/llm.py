"""One protocol for language models: which one is asked, requests in, replies out.

A model is an OpenAI-compatible endpoint (``llm_http.py``), a transformers model on this machine (``llm_local.py``), or an
object injected as ``ctx.models["llm"]``; ``llm_client.py`` puts the cache and the account before it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from curation.contract import canonical_json
from curation.errors import TomeError


class LlmError(TomeError):
    """A language model that can't be reached, says no, or answers nonsense again and again."""


class LlmSpec(BaseModel):
    """Which model answers, and how it is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: Annotated[str, Field(min_length=1)]
    """The model's name at the endpoint; without an endpoint a folder or Hub id for transformers."""
    endpoint: str | None = None
    """The base URL of an OpenAI-compatible server, such as ``http://localhost:8000/v1``."""
    key_env: str | None = "OPENAI_API_KEY"
    """The environment variable that holds the key; null for a server that wants none."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8
    """Sampling temperature; 0 takes the likeliest token."""
    max_tokens: Annotated[int, Field(ge=1)] = 1024
    """Most tokens of a reply."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Requests under way at once."""
    retries: Annotated[int, Field(ge=0, le=20)] = 5
    """Tries after the first, for 429, 5xx, time-outs and malformed replies."""
    backoff: Annotated[float, Field(ge=0, le=60)] = 1.0
    """Seconds before the first retry, doubled each time; a server's Retry-After counts instead."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """Seconds that a reply may take."""
    price_in: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million prompt tokens, for the account."""
    price_out: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million tokens of replies, for the account."""

    @model_validator(mode="after")
    def _http(self) -> LlmSpec:
        if self.endpoint is not None and not self.endpoint.startswith(("http://", "https://")):
            raise ValueError("the endpoint is a URL that starts with http:// or https://")
        parts = urlsplit(self.endpoint or "")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError(
                "the endpoint holds more than an address, maybe a key, which would be stored: give the key by key_env"
            )
        return self


@dataclass(frozen=True)
class Request:
    """What is asked: the messages, and the seed of this request."""

    messages: tuple[tuple[str, str], ...]
    seed: int


@dataclass(frozen=True)
class Reply:
    """The text, and the tokens that it took."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0


class Model(Protocol):
    """What answers. ``done(place, reply)`` is called as soon as each reply is there."""

    identity: str

    def answer(self, requests: Sequence[Request], done: Callable[[int, Reply], None]) -> None:
        """Answer all requests. Raises LlmError; what was reported before that is kept."""
        ...


def cost(tokens_in: int, tokens_out: int, price_in: float, price_out: float) -> float:
    """What so many tokens cost at prices of a million of them."""
    return (tokens_in * price_in + tokens_out * price_out) / 1_000_000


def key_of(spec: LlmSpec) -> str | None:
    """The key from the environment. Raises LlmError where it isn't set; its value is never shown or kept."""
    if spec.key_env is None:
        return None
    key = os.environ.get(spec.key_env, "").strip()
    if not key:
        raise LlmError(
            f"the environment variable {spec.key_env} isn't set",
            where=spec.endpoint,
            mend="Set it to the server's key, or say key_env: null for a server that wants none.",
        )
    if not (key.isascii() and key.isprintable()):
        raise LlmError(
            f"the environment variable {spec.key_env} holds something that no key has (a line end, an accent, a curly quote)",
            where=spec.endpoint,
            mend="Set it to the server's key alone.",
        )
    return key


def model_identity(spec: LlmSpec) -> str:
    """What decides a reply besides the request: never the key."""
    return canonical_json([spec.endpoint, spec.model, spec.temperature, spec.max_tokens])


def said(reply: Reply) -> str:
    """What a reply says: without the thoughts that some models put before it, without NUL and lone surrogates."""
    from curation.ingest.text import clean

    before, thought, after = reply.text.partition("</think>")
    text = after if thought else before
    return "" if text.lstrip().startswith("<think>") else clean(text).strip()


def parsed(text: str) -> Any:
    """The first JSON value in a reply, fenced or not, or None."""
    import json
    import re

    for match in list(re.finditer(r"[\[{]", text))[:50]:
        try:
            return json.JSONDecoder().raw_decode(text, match.start())[0]
        except (ValueError, RecursionError):
            continue
    return None
