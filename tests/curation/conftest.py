"""A small version with known texts, for what reads versions; a command through the front door."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import tome
from curation.contract import Home
from curation.rows import make_rows
from curation.step import LEDGER
from curation.store import Store, Version

TALKS = [
    ("math", "What is 2+2?", "FOUR, of course"),
    ("math", "And 3+3?", "Six"),
    ("legal", "May I (really)?", "No"),
    (None, "Hi", "Hello there, you"),
]


@pytest.fixture
def shelf(tmp_path: Path) -> tuple[Store, Version]:
    rows = make_rows(
        [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for _, q, a in TALKS],
        source="s",
        categories=[c for c, _, _ in TALKS],
        extra={"score": [4.0, 3.0, None, 5.0]},
    )
    store = Store(Home(tmp_path))
    with store.lock():
        return store, store.put(rows, pl.DataFrame(schema=LEDGER), kind="ingest", name="talks")


@pytest.fixture
def talks(shelf: tuple[Store, Version]) -> Version:
    """Four conversations: two of math, one legal, one of no category."""
    return shelf[1]


@pytest.fixture
def tome_json(capsys: pytest.CaptureFixture[str], store: Store) -> Callable[..., dict[str, Any]]:
    """Run a command with --json and give its object; everything else must be on stderr."""

    def run(*argv: str) -> dict[str, Any]:
        capsys.readouterr()
        code = tome.run([*argv, "--json", "--home", str(store.home.root)])
        said = capsys.readouterr()
        assert code == 0, said.err
        assert said.out.count("\n") == 1
        assert "\x1b" not in said.err
        found = json.loads(said.out)
        assert isinstance(found, dict)
        return found

    return run
