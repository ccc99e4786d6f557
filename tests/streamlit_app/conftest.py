"""Stores of every kind for the workbench's pages: empty, the sample, several versions, a broken one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curation.contract import Home
from curation.recipe import parse_recipe
from curation.run import run_recipe
from curation.store import Store, Version

ROOT = Path(__file__).resolve().parents[2]
APP = str(ROOT / "streamlit_app" / "app.py")
TURNS = [
    ("math", "What is 2 + 2?", "It is $2 + 2 = 4$."),
    ("math", "What is 3 + 3?", "Six, since 3 and 3 make 6."),
    ("math", "And 5 + 5?", "That makes ten."),
    ("math", "And 6 + 6?", "That makes twelve."),
    ("math", "And 7 + 7?", "That makes fourteen."),
    ("legal", "May I cross here?", "Only where the sign allows it."),
    ("code", "Print hi.", "```python\nprint('hi')\n```"),
    ("code", "Say no.", "No"),
]


def write_source(folder: Path) -> Path:
    """Eight conversations in three uneven categories; one answer is of one word."""
    path = folder / "turns.jsonl"
    path.write_text(
        "".join(json.dumps({"category": c, "question": q, "answer": a}) + "\n" for c, q, a in TURNS)
    )
    return path


RECIPE = """
name: {name}
seed: 3
sources:
  - {{uri: "{uri}", name: turns}}
steps:
  - stats
  - {{op: filter, where: "stats.assistant_words >= {least}"}}
  - {{op: split, eval: 0}}
  - {{op: balance, to: {{temperature: 0.0}}, max_repeats: 2}}
"""


def make_version(home: Path, name: str = "first", least: int = 2) -> Version:
    """Run a small recipe into the store under ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    recipe = parse_recipe(RECIPE.format(name=name, uri=write_source(home), least=least))
    return run_recipe(recipe, Store(Home(home)), workers=1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home that the workbench reads."""
    import streamlit as st

    monkeypatch.setenv("TOME_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(ROOT)
    st.cache_data.clear()
    st.cache_resource.clear()
    return tmp_path / "home"


@pytest.fixture
def one(home: Path) -> Version:
    """A store with one recipe's version (and its source)."""
    return make_version(home)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A chromium for the tests of one file. Skips where Playwright isn't installed."""
    from tests.streamlit_app.browsing import chromium

    with chromium() as one:
        yield one
