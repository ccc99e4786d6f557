"""Settings are checked once, wherever they come from."""

from __future__ import annotations

import dataclasses

import pytest

from chatbot_space.errors import ChatError
from chatbot_space.settings import LIMITS, Settings


def test_every_setting_has_limits_and_its_default_is_within() -> None:
    assert {f.name for f in dataclasses.fields(Settings)} == set(LIMITS)
    Settings()


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", -1), ("top_p", 0), ("max_tokens", 10**6), ("top_k", True)]
)
def test_out_of_limits_is_refused(name: str, value: float) -> None:
    with pytest.raises(ChatError, match=name):
        Settings(**{name: value})


def test_a_form_is_cast_or_refused() -> None:
    assert Settings.from_form({"top_k": 5.0, "temperature": 1, "else": "x"}) == Settings(
        top_k=5, temperature=1.0
    )
    for bad in ("many", None, float("nan"), float("inf")):
        with pytest.raises(ChatError):
            Settings.from_form({"max_tokens": bad})
    with pytest.raises(ChatError):
        Settings.from_form({"temperature": float("nan")})
