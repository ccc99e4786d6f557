"""Columns that came with the data: names, types and nothing lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation.errors import InputError
from curation.ingest import ingest
from curation.ingest.extras import Extras, one_type


def extras_of(tmp_path: Path, *rows: dict[str, Any]) -> pl.DataFrame:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"question": "q", "answer": "a", **row}) + "\n" for row in rows))
    return ingest(str(path), name="s").rows[:, 10:]


def test_finetome_columns_survive(tmp_path: Path) -> None:
    frame = extras_of(tmp_path, {"source": "infini", "score": 5.2}, {"source": None, "score": None})
    assert frame.to_dict(as_series=False) == {"original_source": ["infini", None], "score": [5.2, None]}
    assert frame.schema == {"original_source": pl.String, "score": pl.Float64}


def test_types_nested_values_and_missing_columns(tmp_path: Path) -> None:
    frame = extras_of(
        tmp_path,
        {"n": 1, "mixed": 1, "tags": ["b", "a"], "flag": True, "whole": 1},
        {"n": 2.5, "mixed": "x", "tags": {"k": None}, "late": 9},
    )
    assert frame.to_dict(as_series=False) == {
        "n": [1.0, 2.5],
        "mixed": ["1", "x"],
        "tags": ['["b","a"]', '{"k":null}'],
        "flag": [True, None],
        "whole": [1, None],
        "late": [None, 9],
    }


def test_numbers_too_big_become_text_and_nan_becomes_null(tmp_path: Path) -> None:
    frame = extras_of(
        tmp_path, {"big": 2**70, "bad": float("nan"), "deep": [float("inf")]}, {"big": 1, "bad": 1.5}
    )
    assert frame["big"].to_list() == [str(2**70), "1"]
    assert frame["bad"].to_list() == [None, 1.5]
    assert frame["deep"].to_list() == ["[null]", None]


def test_names_that_would_clash_stay_apart(tmp_path: Path) -> None:
    frame = extras_of(tmp_path, {"original_source": "one", "source": "two", "id": "x", "": "e"})
    assert frame.to_dict(as_series=False) == {
        "original_source": ["one"],
        "source_2": ["two"],
        "original_id": ["x"],
        "unnamed": ["e"],
    }


def test_a_column_for_every_row_is_refused() -> None:
    extras = Extras()
    with pytest.raises(InputError, match="more than 1000 different columns"):
        for number in range(1001):
            extras.add({f"key{number}": 1}, frozenset())


@pytest.mark.parametrize(
    ("values", "made"),
    [
        ([None, None], [None, None]),
        ([1, None, 2], [1, None, 2]),
        ([True, 1], ["true", "1"]),
        ([1, 2.0], [1.0, 2.0]),
        (["a", 1.5, None], ["a", "1.5", None]),
        ([True, False], [True, False]),
    ],
)
def test_one_type(values: list[Any], made: list[Any]) -> None:
    assert one_type(values) == made
    assert [type(value) for value in one_type(values)] == [type(value) for value in made]
