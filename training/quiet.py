"""Keeps the libraries' bars, banners and advice off the screen, so that our own lines can be read."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path


def set_environment() -> None:
    """What must be set before the first import of unsloth, transformers or tokenizers."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    for name, value in {
        "UNSLOTH_DISABLE_STATISTICS": "1",
        "UNSLOTH_COMPILE_LOCATION": str(Path(cache).expanduser() / "tomewright" / "unsloth"),
        "TRANSFORMERS_VERBOSITY": "error",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "true",
        # which kernel suits a product is looked up for each new length of a batch, and kept for 8,192 kinds of products only
        "CUBLASLT_HEURISTICS_CACHE_CAPACITY": "131072",
        "OMP_WAIT_POLICY": "PASSIVE",  # waiting threads that spin slow a shared CPU down threefold
    }.items():
        os.environ.setdefault(name, value)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Swallow what libraries print, warn and draw inside the block; errors pass as they are."""
    set_environment()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        _bars_off(),
    ):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def no_bars() -> Iterator[None]:
    """Swallow what is drawn on stderr as well: bars that no switch turns off."""
    with contextlib.redirect_stderr(io.StringIO()):
        yield


@contextlib.contextmanager
def _bars_off() -> Iterator[None]:
    from transformers.utils import logging as hf_logging

    level = hf_logging.get_verbosity()
    hf_logging.set_verbosity_error()
    hf_logging.disable_progress_bar()
    logging.getLogger("accelerate").setLevel(logging.ERROR)
    try:
        yield
    finally:
        hf_logging.set_verbosity(level)
