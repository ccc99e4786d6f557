"""The cache's bound: what goes first, what stays, and what the command says."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

import tome
from curation import cache_bound
from curation.contract import Home
from curation.errors import InputError
from curation.recipe import parse_recipe
from curation.run import run_recipe
from curation.store import Store


def lay(cache: Path, name: str, size: int, used: float) -> Path:
    path = cache / name
    if name.startswith("steps"):
        path.mkdir(parents=True)
        (path / "rows.parquet").write_bytes(b"x" * size)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    os.utime(path, (used, used))
    return path


def test_the_longest_unused_goes_first_and_no_more_than_must(tmp_path: Path) -> None:
    old = lay(tmp_path, "steps/a", 100, 10)
    middle = lay(tmp_path, "vectors/static/b.parquet", 100, 20)
    new = lay(tmp_path, "texts/c.arrow", 100, 30)
    found = [(one.kind, one.bytes, one.used) for one in cache_bound.entries(tmp_path)]
    assert found == [("steps", 100, 10.0), ("vectors", 100, 20.0), ("texts", 100, 30.0)]
    assert cache_bound.prune(tmp_path, 300) == 0
    assert cache_bound.prune(tmp_path, 250) == 100
    assert [old.exists(), middle.exists(), new.exists()] == [False, True, True]
    cache_bound.touch(middle)
    assert cache_bound.prune(tmp_path, 150) == 100
    assert [middle.exists(), new.exists()] == [True, False]


def test_what_a_killed_process_left_half_written_goes_after_a_day(tmp_path: Path) -> None:
    left = [
        lay(tmp_path, name, 100, 10)
        for name in (
            "steps/.a.7.partial",
            "vectors/static/.b.parquet.7.partial",
            "texts/.c.arrow.7.8.partial",
        )
    ]
    whole = lay(tmp_path, "texts/c.arrow", 100, 10)
    writing = lay(tmp_path, "texts/.d.arrow.9.9.partial", 100, time.time() - 3600)
    assert cache_bound.prune(tmp_path, 1000) == 300
    assert [one.exists() for one in left] == [False, False, False]
    assert whole.exists()
    assert writing.exists()


def test_the_bound_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOME_CACHE_GB", raising=False)
    assert cache_bound.bound() == 20_000_000_000
    monkeypatch.setenv("TOME_CACHE_GB", "0.5")
    assert cache_bound.bound() == 500_000_000
    for text in ("much", "-1", "nan", "inf"):
        monkeypatch.setenv("TOME_CACHE_GB", text)
        with pytest.raises(InputError, match="TOME_CACHE_GB"):
            cache_bound.bound()


RECIPE = "name: r\nsources: [{uri: ROWS, name: s}]\nsteps: [normalize, stats]"


def test_a_run_keeps_the_bound_and_the_command_clears(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"messages": [{"role": "user", "content": "hello"}]}) + "\n")
    store, recipe = Store(home), parse_recipe(RECIPE.replace("ROWS", str(rows)))
    version = run_recipe(recipe, store)
    assert len(cache_bound.entries(store.root / "cache")) == 2
    assert tome.run(["cache", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kinds"] == {"steps": 2}
    assert told["freed"] == 0
    monkeypatch.setenv("TOME_CACHE_GB", "0")
    events: list[str] = []
    assert run_recipe(recipe, store, report=lambda event, **_: events.append(event)).id == version.id
    assert events[-1] == "pruned"
    assert cache_bound.entries(store.root / "cache") == []
    monkeypatch.delenv("TOME_CACHE_GB")
    run_recipe(recipe, store)
    assert tome.run(["cache", "--clear"]) == 0
    assert "Cleared" in capsys.readouterr().out
    assert cache_bound.entries(store.root / "cache") == []
