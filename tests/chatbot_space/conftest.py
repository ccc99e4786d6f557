"""A whole run made in a second, for every test of the chatbot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tinyrun import make_adapter, make_base, make_run


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A base model's folder and its tokenizer."""
    folder = tmp_path_factory.mktemp("base") / "tiny-llama"
    folder.mkdir()
    return folder, make_base(folder)


@pytest.fixture(scope="session")
def tiny_run(tiny_base: tuple[Path, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run in <home>/runs/tiny; read only."""
    base, tokenizer = tiny_base
    folder = tmp_path_factory.mktemp("home") / "runs" / "tiny"
    make_adapter(base, folder / "adapter")
    return make_run(folder, base, tokenizer)


@pytest.fixture
def own_run(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the tiny run that a test may damage."""
    import shutil

    return Path(shutil.copytree(tiny_run, tmp_path / "runs" / "mine"))


@pytest.fixture
def edit_run() -> Callable[..., None]:
    """Change fields of a run.json on disk; a value of ``...`` takes the field out."""

    def edit(folder: Path, **changes: Any) -> None:
        path = folder / "run.json"
        raw = json.loads(path.read_text())
        raw.update({name: value for name, value in changes.items() if value is not ...})
        for name in [name for name, value in changes.items() if value is ...]:
            del raw[name]
        path.write_text(json.dumps(raw))

    return edit


@pytest.fixture(scope="session")
def tiny_chat(tiny_run: Path) -> Any:
    """The tiny run, loaded."""
    from chatbot_space.load import load
    from chatbot_space.run import read_run

    return load(read_run(tiny_run))
