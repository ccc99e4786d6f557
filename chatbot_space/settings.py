"""How an answer is sampled: one small frozen value, checked once, the same for every engine."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from chatbot_space.errors import ChatError


@dataclass(frozen=True)
class Settings:
    """Sampling settings. ``temperature`` 0 is greedy; ``top_k`` 0, ``top_p`` 1, ``min_p`` 0 and
    ``repetition_penalty`` 1 are off. ``seed`` makes an answer repeatable on the same machine and engine.
    """

    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 50
    min_p: float = 0.0
    repetition_penalty: float = 1.1
    max_tokens: int = 512
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ChatError(f"{name} is {value!r}, it should lie between {low} and {high}")

    @classmethod
    def from_form(cls, values: dict[str, Any]) -> Settings:
        """Settings from what a form or a browser sent: numbers cast, anything else refused.

        Raises ChatError for a value out of its limits or of another kind.
        """
        known = {f.name: int if f.name in WHOLE else float for f in dataclasses.fields(cls)}
        try:
            cast = {name: known[name](value) for name, value in values.items() if name in known}
        except (TypeError, ValueError, OverflowError):
            raise ChatError("a setting isn't a number", mend="Reset the settings and try again.") from None
        return cls(**cast)


WHOLE = ("top_k", "max_tokens", "seed")
LIMITS: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0.01, 1),
    "top_k": (0, 1000),
    "min_p": (0, 1),
    "repetition_penalty": (0.5, 2),
    "max_tokens": (1, 8192),
    "seed": (0, 2**31 - 1),
}
