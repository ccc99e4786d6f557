"""``tome step``: one step on a version, its settings as a recipe has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tome
from curation.cli_step import parsed
from curation.errors import InputError
from curation.store import Store

Tome = Callable[..., dict[str, Any]]


def test_a_step_alone_makes_a_version(tome_json: Tome, source_file: Path, store: Store) -> None:
    read = tome_json("ingest", str(source_file), "--name", "s", "--map", "category=source")
    done = tome_json("step", "s", "filter", "where=score >= 0.2", "--name", "good")
    assert (done["from"], done["name"]) == (read["version"], "good")
    assert {key: done["step"][key] for key in ("op", "in", "dropped", "out")} == {
        "op": "filter",
        "in": 36,
        "dropped": 2,
        "out": 34,
    }
    assert store.get("good").manifest.parents == [read["version"]]
    assert tome_json("step", "s", "stats")["name"] == "s-stats"
    balanced = tome_json(
        "step", tome_json("step", "s", "split")["version"], "balance", "to={temperature: 0.0}"
    )
    plan = balanced["step"]["summary"]["plan"]
    assert plan["before"]["imbalance"] > 5
    assert plan["after"]["imbalance"] == 1.111  # 10, 10 and 9: three times each of the three rows of art


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["near_dupp"], "tome: there is no step 'near_dupp'. Did you mean 'near_dup'?"),
        (
            ["near_dup", "treshold=0.8"],
            "tome: treshold: there is no field 'treshold'. Did you mean 'threshold'?",
        ),
        (["near_dup", "threshold"], "'threshold' is no setting. Write KEY=VALUE, such as threshold=0.8."),
        (["filter", "where=stats.words > 3"], "there is no column 'stats.words'. Put a stats step before."),
        (["dedup", "keep={max: score"], "keep={max: score: not YAML"),
    ],
)
def test_mistakes_are_told_in_one_line(
    tome_json: Tome,
    source_file: Path,
    store: Store,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    says: str,
) -> None:
    tome_json("ingest", str(source_file), "--name", "s")
    capsys.readouterr()
    assert tome.run(["step", "s", *command, "--home", str(store.home.root)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert says in said[-1]


def test_values_are_what_a_recipe_would_have() -> None:
    assert parsed(["a=1", "b=true", "c=null", "d=x: y", "e=[p, q]", "f=2020-01-01", "g=", "h=a = b"]) == {
        "a": 1,
        "b": True,
        "c": None,
        "d": "x: y",
        "e": ["p", "q"],
        "f": "2020-01-01",
        "g": None,
        "h": "a = b",
    }
    with pytest.raises(InputError, match="set twice"):
        parsed(["a=1", "a=2"])
