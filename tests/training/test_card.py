"""The model card carries the data's lineage: sources, rows in and out by reason, recipe, licences, evaluation."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import trainworld
from trainworld import config

from curation.contract import ExportInfo, Home, RunInfo
from training.train import train

LINEAGE = [
    {
        "id": "b" * 16,
        "kind": "run",
        "name": "demo",
        "parents": ["a" * 16],
        "rows": 38,
        "sources": [],
        "steps": [
            {"op": "normalize", "in": 46, "out": 46, "dropped": 0, "made": 0, "edited": 3, "reasons": {}},
            {"op": "filter", "in": 46, "out": 38, "dropped": 8, "made": 0, "edited": 0,
             "reasons": {"not words >= 3": 6, "not a | b": 2}},
        ],
    },
    {
        "id": "a" * 16,
        "kind": "ingest",
        "name": "tickets",
        "parents": [],
        "rows": 46,
        "sources": [{"name": "tickets", "uri": "tickets.csv", "licence": "MIT", "rows": 46, "rejects": 2}],
        "steps": [],
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def card(model: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The card of a run on an export with a lineage."""
    home = Home(tmp_path_factory.mktemp("home"))
    folder = trainworld.make_export(
        home.exports / "small", trainworld.some_rows(8), trainworld.some_rows(6, "e")
    )
    recipe = {"name": "demo", "seed": 7, "steps": [{"op": "normalize"}]}
    dataclasses.replace(ExportInfo.read(folder), lineage=LINEAGE, recipe=recipe).write(folder)
    train("small", config(model, max_steps=1), home, name="r")
    assert RunInfo.read(home.runs / "r").state == "done"
    return (home.runs / "r" / "README.md").read_text()


@pytest.mark.parametrize(
    "line",
    [
        "| tickets | tickets.csv | 46 | 2 |",
        "| normalize | 46 | 46 | 3 edited |",
        r"| filter | 46 | 38 | 2 dropped: not a \| b; 6 dropped: not words >= 3 |",
        "| test | apache-2.0 |",
        "| legal | 2 | 3 |",
        "name: demo",
    ],
)
def test_the_card_tells_where_the_rows_came_from_and_what_became_of_them(card: str, line: str) -> None:
    assert line in card


def test_the_card_tells_evaluation_command_and_versions(card: str) -> None:
    assert "| category | rows | loss, base | loss, tuned |" in card
    assert "| transformers | 5." in card
    assert "```sh\ntome" in card
