"""nlpaug, loaded without what it seldom needs: torch, transformers and scipy's statistics, four fifths of its loading time.

It imports them where its modules for language models are loaded, and goes on without them where they are missing. Only
``contextual`` needs them: it has the few modules that use them loaded once more.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from curation.errors import MissingExtra

HEAVY = frozenset({"torch", "transformers", "scipy.stats"})
WITH_MODELS = (
    "nlpaug.util.selection.filtering", "nlpaug.util.selection.randomness", "nlpaug.model.lang_models.language_models",
    "nlpaug.model.lang_models.bert",
)  # fmt: skip
"""The modules of nlpaug that work with a masked language model, in the order in which they import one another."""


class _Missing(MetaPathFinder):
    """Says of some modules that they aren't here, to one thread."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Nothing of most modules, so that others look for them. Raises ModuleNotFoundError for the heavy ones."""
        del path, target
        if fullname in HEAVY and threading.get_ident() == self.thread:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


@contextmanager
def _light() -> Iterator[None]:
    finder = _Missing()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def augmenters() -> tuple[ModuleType, ModuleType]:
    """The augmenters of characters and those of words. Raises MissingExtra without nlpaug."""
    try:
        with _light():
            return importlib.import_module("nlpaug.augmenter.char"), importlib.import_module(
                "nlpaug.augmenter.word"
            )
    except ModuleNotFoundError as error:
        raise MissingExtra.of(str(error.name).split(".")[0], "augment") from None


@functools.cache
def with_models() -> ModuleType:
    """The augmenters of words, with torch and transformers. Raises MissingExtra without one of them."""
    _, by_word = augmenters()
    try:
        for name in ("torch", "transformers"):
            importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtra.of(str(error.name).split(".")[0], "augment") from None
    for name in WITH_MODELS:
        importlib.reload(importlib.import_module(name))
    return by_word
