"""ZeroGPU: a Space's GPU that is there only while a decorated function runs.

The model is placed on cuda when it is loaded, as ZeroGPU wants it; each answer runs in a process of its
own that has the GPU for a while. Its prefix cache ends with it, so every turn reads the whole prompt again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from chatbot_space.engine import Engine, Piece
from chatbot_space.settings import Settings

SECONDS = 90
"""The longest an answer may hold the GPU."""

_inner: Engine | None = None


def on_zero() -> bool:
    """Whether this is a ZeroGPU Space."""
    return bool(os.environ.get("SPACES_ZERO_GPU"))


def prepare() -> None:
    """Import ``spaces`` before torch touches cuda, as it demands; nothing elsewhere."""
    if on_zero():
        import spaces  # noqa: F401


def _generate(ids: Sequence[int], settings: Settings, model: str) -> Iterator[Piece]:
    if _inner is None:
        raise RuntimeError("no engine was set")
    yield from _inner.stream(ids, settings, model)


class ZeroEngine:
    """An engine whose answers run under ``spaces.GPU``; one at a time, as a ZeroGPU call is."""

    at_once = 1

    def __init__(self, inner: Engine) -> None:
        import spaces

        global _inner
        _inner = inner  # a module's variable: the GPU process finds it there, nothing is pickled
        self.name, self.context, self.models = f"{inner.name} (ZeroGPU)", inner.context, inner.models
        self._generate = spaces.GPU(duration=SECONDS)(_generate)

    def stream(self, ids: Sequence[int], settings: Settings, model: str = "tuned") -> Iterator[Piece]:
        """See ``chatbot_space.engine.Engine``."""
        yield from self._generate(list(ids), settings, model)
