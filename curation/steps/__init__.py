"""All steps, handed on from the registry in ``union.py`` when they are asked for: a step alone loads itself alone."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curation.steps.union import *  # noqa: F403


def __getattr__(name: str) -> Any:
    """Load the registry when one of its names is first asked for."""
    if name[:1].isupper():
        return getattr(importlib.import_module("curation.steps.union"), name)
    raise AttributeError(f"module 'curation.steps' has no attribute {name!r}")
