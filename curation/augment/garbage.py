"""When not to look for garbage, which takes a quarter of WordNet's loading time and a twentieth of that of noise.

Nearly nothing here is garbage that only a search would find.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Garbage isn't looked for inside: what comes and goes meanwhile is many objects."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


@contextmanager
def lasting() -> Iterator[None]:
    """What is loaded inside stays: garbage isn't looked for meanwhile, and in what there is then never again."""
    with paused():
        try:
            yield
        finally:
            gc.freeze()
