"""A limit: which rows it takes, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from curation.ingest import ingest
from curation.ingest.sample import choose


def test_a_random_sample_keeps_file_order_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"question": f"q{n}", "answer": "a"}) + "\n" for n in range(100)))
    got = ingest(str(path), name="s", limit=5, seed=7)
    places = got.rows["source_row"].to_list()
    assert places == sorted(places) == choose(range(100), 5, "random", 7) == [38, 52, 56, 81, 86]
    assert [m[0]["content"] for m in got.rows["messages"]] == [f"q{place}" for place in places]
    assert got.info["sampled"] == "random 5 of 100, seed 7"
    assert (got.info["input_rows"], got.info["total_rows"]) == (5, 100)
    assert ingest(str(path), name="s", limit=5, seed=8).rows["source_row"].to_list() != places
    first = ingest(str(path), name="s", limit=5, sample="head")
    assert first.rows["source_row"].to_list() == [0, 1, 2, 3, 4]
    assert first.info["sampled"] == "first 5 of 100"
    assert ingest(str(path), name="s", limit=100).info["sampled"] is None


def test_a_row_has_the_same_id_in_a_sample_and_in_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"question": f"q{n}", "answer": "a"}) + "\n" for n in range(50)))
    whole = dict(ingest(str(path), name="s").rows.select("source_row", "id").rows())
    for place, row_id in ingest(str(path), name="s", limit=9).rows.select("source_row", "id").rows():
        assert whole[place] == row_id


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"question": f"q{n}", "answer": "a"}) + "\n" for n in range(2500)))
    told: list[tuple[int, int | None]] = []
    ingest(str(path), name="s", progress=lambda done, total: told.append((done, total)))
    assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 10**9))
def test_a_larger_limit_holds_a_smaller_one(one: int, other: int, seed: int) -> None:
    small, large = sorted((one, other))
    assert set(choose(range(50), small, "random", seed)) <= set(choose(range(50), large, "random", seed))
    assert len(choose(range(50), large, "random", seed)) == min(large, 50)


@given(st.integers(0, 10**6))
def test_every_place_has_its_chance(seed: int) -> None:
    """Over 200 seeds, each of ten places is taken about 100 times by a limit of 5; 40 would be 8 sigma off."""
    taken = [0] * 10
    for number in range(200):
        for place in choose(range(10), 5, "random", seed * 200 + number):
            taken[place] += 1
    assert sum(taken) == 1000
    assert all(40 < count < 160 for count in taken)


@pytest.mark.parametrize(("limit", "sample"), [(0, "random"), (-1, "head"), (5, "tail")])
def test_a_wrong_limit_is_refused(limit: int, sample: str) -> None:
    with pytest.raises(InputError):
        choose(range(10), limit, sample, 0)
