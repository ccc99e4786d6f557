"""nlpaug, loaded without what it seldom needs, which is most of its loading time; each worker process loads it too.

It imports torch, transformers, NLTK and scipy's statistics where it may need them, and goes on without them where they are missing: ``contextual`` has
the few modules that use them loaded once more, and WordNet is ours. Pandas and what downloads files it imports at
once and uses nowhere here: these are put off until somebody asks for something in them. NLTK itself goes on without scikit-learn.
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
from typing import Any

from curation.errors import MissingExtra

HEAVY = frozenset({"torch", "transformers", "scipy.stats", "sklearn", "nltk"})
LATER = frozenset({"pandas", "gdown", "requests"})
WITH_MODELS = (
    "nlpaug.util.selection.filtering", "nlpaug.util.selection.randomness", "nlpaug.model.lang_models.language_models",
    "nlpaug.model.lang_models.bert",
)  # fmt: skip
"""The modules of nlpaug that work with a masked language model, in the order in which they import one another."""


class _Missing(MetaPathFinder):
    """Says of some modules that they aren't here, to one thread."""

    def __init__(self, heavy: frozenset[str]) -> None:
        self.heavy, self.thread = heavy, threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Nothing of most modules, so that others look for them. Raises ModuleNotFoundError for the heavy ones."""
        del path, target
        if fullname in self.heavy and threading.get_ident() == self.thread:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


class _StandIn(ModuleType):
    """Stands for a module that is loaded when something in it is asked for."""

    def __getattr__(self, name: str) -> Any:
        _make_way(self)
        return getattr(importlib.import_module(self.__name__), name)


def _make_way(module: _StandIn) -> None:
    if sys.modules.get(module.__name__) is module:
        del sys.modules[module.__name__]


@contextmanager
def light(heavy: frozenset[str] = HEAVY, later: frozenset[str] = LATER) -> Iterator[None]:
    """Imports go on without the heavy modules, and with stand-ins for others, where these aren't loaded already."""
    finder = _Missing(heavy)
    stand_ins = [_StandIn(name) for name in later if name not in sys.modules]
    sys.meta_path.insert(0, finder)
    sys.modules.update({one.__name__: one for one in stand_ins})
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for one in stand_ins:
            _make_way(one)


def augmenters() -> tuple[ModuleType, ModuleType]:
    """The augmenters of characters and those of words. Raises MissingExtra without nlpaug."""
    try:
        with light():
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
