"""Conversations in one line, for tests."""

from __future__ import annotations


def talk(*texts: str, system: str | None = None) -> list[dict[str, str]]:
    """A conversation of turns, user first."""
    turns = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]
    return [{"role": "system", "content": system}, *turns] if system is not None else turns
