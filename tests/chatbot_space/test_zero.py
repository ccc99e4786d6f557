"""On ZeroGPU every answer runs inside ``spaces.GPU``; elsewhere nothing of it is touched."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from chatbot_space import zero
from chatbot_space.settings import Settings


def test_each_answer_runs_under_the_decorator(tiny_chat: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def gpu(duration: int) -> Any:
        def decorate(function: Any) -> Any:
            def call(*arguments: Any) -> Any:
                calls.append(duration)
                return function(*arguments)

            return call

        return decorate

    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=gpu))
    engine = zero.ZeroEngine(tiny_chat.engine)
    ids = tiny_chat.prompter.ids([{"role": "user", "content": "Hi"}])
    settings = Settings(temperature=0, max_tokens=6)
    assert [p.text for p in engine.stream(ids, settings)] == [
        p.text for p in tiny_chat.engine.stream(ids, settings)
    ]
    assert calls == [zero.SECONDS]
    assert (engine.at_once, engine.models) == (1, ("tuned", "base"))


def test_elsewhere_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert not zero.on_zero()
    zero.prepare()
    assert "spaces" not in sys.modules
