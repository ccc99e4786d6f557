"""Fixtures that all tests of curation share: small rows, a store, a recipe's outcome, an export."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from talks import talk

from curation.contract import Home
from curation.recipe import parse_recipe
from curation.rows import make_rows
from curation.run import run_recipe
from curation.store import Store, Version

settings.register_profile(
    "tome", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("tome")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No test writes into the checkout's data folder, whatever it forgets to set."""
    monkeypatch.setenv("TOME_HOME", str(tmp_path / "home"))
    yield


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def store(home: Home) -> Store:
    return Store(home)


@pytest.fixture
def small() -> pl.DataFrame:
    """Six rows of source ``s``: two equal (0 and 1), one without a category, scores with a null."""
    return make_rows(
        [
            talk("What is two and two?", "Four."),
            talk("What is two and two?", "Four."),
            talk("Name a colour", "Blue is a colour that many like."),
            talk("¿Qué hora es?", "Son las tres."),
            talk("Hi", "Hello!", "Bye", "Goodbye!", system="Be brief."),
            talk("你好吗", "我很好,谢谢"),
        ],
        source="s",
        categories=["math", "math", "art", "talk", "talk", None],
        extra={"score": [4.0, 4.5, 3.0, None, 5.0, 2.0]},
    )


CATEGORIES = ("math",) * 24 + ("law",) * 8 + ("art",) * 4


@pytest.fixture
def source_file(tmp_path: Path) -> Path:
    """36 conversations in FineTome's schema: 24 math, 8 law, 4 art."""
    path = tmp_path / "rows.jsonl"
    lines = [
        {
            "conversations": [
                {"from": "human", "value": f"Question {n} about {topic}?"},
                {"from": "gpt", "value": f"Answer {n}: " + "word " * (n % 5 + 1)},
            ],
            "source": topic,
            "score": n / 10,
        }
        for n, topic in enumerate(CATEGORIES)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


STEPS = """\
  - normalize
  - stats
  - {op: filter, where: "score >= 0.2"}
  - dedup
  - {op: split, eval: 0.2, stratify: category}
  - {op: balance, to: uniform, max_repeats: 2}
"""


@pytest.fixture
def recipe_text(source_file: Path) -> Callable[..., str]:
    """The text of a recipe over ``source_file`` with the given steps (YAML list items)."""

    def text(steps: str = STEPS, name: str = "tiny", **more: Any) -> str:
        head = {"name": name, "seed": 7, **more}
        lines = [f"{key}: {json.dumps(value)}" for key, value in head.items()]
        uri = f"{{uri: {json.dumps(str(source_file))}, name: s, map: {{category: source}}, licence: MIT}}"
        return "\n".join([*lines, "sources:", f"  - {uri}", "steps:" if steps else "steps: []", steps])

    return text


@pytest.fixture
def ran(store: Store, recipe_text: Callable[..., str]) -> Version:
    """The version that the tiny recipe makes."""
    return run_recipe(parse_recipe(recipe_text()), store, workers=1)
