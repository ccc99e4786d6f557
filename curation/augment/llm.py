"""One protocol for language models: requests in, replies out, each paid for once and on account.

A model is an OpenAI-compatible endpoint (``llm_http.py``), a transformers model on this machine (``llm_local.py``), or an
object injected as ``ctx.models["llm"]``. Replies are cached by the hash of their request, so an interrupted run and a
second one cost nothing twice, and come out the same.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator

from curation.augment.store import Lines
from curation.contract import canonical_json, digest
from curation.errors import InputError, TomeError
from curation.step import Context


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


@dataclass
class Account:
    """What was asked: requests that were sent and paid for, those that the cache answered, and the tokens of the sent ones."""

    sent: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


@dataclass
class Client:
    """A model behind the cache and the account."""

    model: Model
    lines: Lines
    prices: tuple[float, float] = (0.0, 0.0)
    account: Account = field(default_factory=Account)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, spec: LlmSpec | None, ctx: Context) -> Client:
        """The client of a spec, or of the injected model. Raises InputError where there is neither."""
        model: Model | None = ctx.models.get("llm")
        if model is None:
            if spec is None:
                raise InputError(
                    "this generator needs a language model", where="augment: generators",
                    mend="Give it one: llm: {endpoint: http://localhost:8000/v1, model: NAME}, or llm: {model: FOLDER}.",
                )  # fmt: skip
            model = _model(spec)
        folder = None if ctx.cache is None else ctx.cache / "llm"
        prices = (spec.price_in, spec.price_out) if spec else (0.0, 0.0)
        return cls(model, Lines(folder, f"{model.identity} replies 2"), prices)

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """The replies in order; known ones come from the cache. Raises LlmError."""
        keys = [digest(canonical_json([self.model.identity, asdict(one)])) for one in requests]
        fresh: dict[str, Request] = {
            key: one for key, one in zip(keys, requests, strict=True) if key not in self.lines.known
        }
        self.account.cached += len(keys) - len(fresh)
        names = list(fresh)

        def done(place: int, reply: Reply) -> None:
            with self._lock:
                self.lines.put([(names[place], asdict(reply))])
                self.account.sent += 1
                self.account.tokens_in += reply.tokens_in
                self.account.tokens_out += reply.tokens_out
                self.account.cost += cost(reply.tokens_in, reply.tokens_out, *self.prices)

        if fresh:
            self.model.answer(list(fresh.values()), done)
        return [Reply(**self.lines.known[key]) for key in keys]


def cost(tokens_in: int, tokens_out: int, price_in: float, price_out: float) -> float:
    """What so many tokens cost at prices of a million of them."""
    return (tokens_in * price_in + tokens_out * price_out) / 1_000_000


def _model(spec: LlmSpec) -> Model:
    if spec.endpoint is None:
        from curation.augment.llm_local import LocalModel

        return LocalModel(spec)
    from curation.augment.llm_http import Endpoint

    return Endpoint(spec, key_of(spec))


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
    return key


def model_identity(spec: LlmSpec) -> str:
    """What decides a reply besides the request: never the key."""
    return canonical_json([spec.endpoint, spec.model, spec.temperature, spec.max_tokens])


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
