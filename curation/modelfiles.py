"""The files that a model in a folder consists of; needs no package, since cache keys ask for them."""

from __future__ import annotations

from pathlib import Path

PATTERNS = ("*.safetensors", "*.json", "*.txt", "*/config.json", "*/*.safetensors")


def model_files(model: str) -> list[Path]:
    """Weights, tokenizer and configuration of a sentence-transformers folder; none for a named model."""
    folder = Path(model)
    if not (folder / "modules.json").is_file():
        return []
    return sorted({file for pattern in PATTERNS for file in folder.glob(pattern)})
