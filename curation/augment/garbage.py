"""Large things that are loaded once and stay needn't be searched for garbage, which takes a quarter of WordNet's loading time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """What is loaded inside stays: garbage isn't looked for meanwhile, and in what there is then never again."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if on:
            gc.enable()
