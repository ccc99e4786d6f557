"""Which versions of the packages a run was made with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

NAMES = (
    "tomewright",
    "torch",
    "transformers",
    "trl",
    "peft",
    "unsloth",
    "unsloth_zoo",
    "datasets",
    "accelerate",
    "tokenizers",
    "bitsandbytes",
)


def package_versions() -> dict[str, str]:
    """Name to version of what is installed, with Python's own."""
    found = {"python": platform.python_version()}
    for name in NAMES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
