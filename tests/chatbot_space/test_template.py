"""Training and chat share one file that renders and tokenises."""

from __future__ import annotations

from pathlib import Path

import chatbot_space.template
import training.template


def test_the_two_copies_are_identical() -> None:
    ours, theirs = Path(chatbot_space.template.__file__), Path(training.template.__file__)
    assert ours.resolve() != theirs.resolve()
    assert ours.read_bytes() == theirs.read_bytes()
