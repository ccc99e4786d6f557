"""A language model behind a cache and an account.

Replies are cached by the hash of their request, so an interrupted run and a second one cost nothing twice, and come out the same.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from curation.augment.llm import LlmSpec, Model, Reply, Request, cost, key_of
from curation.augment.store import Lines
from curation.contract import canonical_json, digest
from curation.errors import InputError
from curation.step import Context


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


def _model(spec: LlmSpec) -> Model:
    if spec.endpoint is None:
        from curation.augment.llm_local import LocalModel

        return LocalModel(spec)
    from curation.augment.llm_http import Endpoint

    return Endpoint(spec, key_of(spec))
