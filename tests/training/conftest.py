"""Fixtures of the training tests: a home folder with a tiny model and a small export."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import trainworld

from curation.contract import Home


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with its tokenizer and a ChatML template."""
    return trainworld.make_model(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home folder that TOME_HOME points to, with an export called small."""
    root = tmp_path / "home"
    trainworld.make_export(root / "exports" / "small", trainworld.some_rows(24), trainworld.some_rows(9, "e"))
    monkeypatch.setenv("TOME_HOME", str(root))
    return Home(root)
