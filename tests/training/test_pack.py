"""Packing: every row once, none too long, and packed rows give the loss and gradient that they give alone."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import trainworld
from hypothesis import given
from hypothesis import strategies as st
from trainworld import config, prepared

from curation.contract import Home
from training.collate import Packed
from training.pack import bins, packed_table


@given(st.lists(st.integers(1, 50), max_size=80), st.integers(50, 90))
def test_every_row_is_in_one_sequence_and_none_is_too_long(lengths: list[int], room: int) -> None:
    packs = bins(lengths, room)
    assert sorted(place for pack in packs for place in pack) == list(range(len(lengths)))
    assert all(sum(lengths[place] for place in pack) <= room for pack in packs)
    fewest = -(-sum(lengths) // room)
    assert fewest <= len(packs) <= 11 / 9 * fewest * 2 + 1


def test_the_fullest_sequence_with_room_is_taken() -> None:
    assert bins([6, 5, 4, 3, 2], 10) == [[0, 2], [1, 3, 4]]
    with pytest.raises(ValueError, match="a row of 11 tokens doesn't fit into 10"):
        bins([3, 11], 10)


def test_a_packed_batch_starts_positions_again_and_masks_each_first_label() -> None:
    feature = {"input_ids": [5, 6, 7, 8, 9], "labels": [5, 6, 7, 8, 9], "seq_lengths": [3, 2]}
    batch = Packed(lengths_too=True)([feature, {**feature, "seq_lengths": [5]}])
    assert batch["position_ids"].tolist() == [[0, 1, 2, 0, 1, 0, 1, 2, 3, 4]]
    assert batch["labels"].tolist() == [[-100, 6, 7, -100, 9, -100, 6, 7, 8, 9]]
    assert batch["packed_seq_lengths"].tolist() == [3, 2, 5]
    assert "attention_mask" not in batch


def test_a_packed_batch_is_filled_up_by_a_row_without_loss() -> None:
    feature = {"input_ids": [5, 6, 7, 8, 9], "labels": [5, 6, 7, 8, 9], "seq_lengths": [3, 2]}
    batch = Packed(lengths_too=True, pad_id=1, multiple=8)([feature])
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 9, 1, 1, 1]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 0, 1, 0, 1, 2]]
    assert batch["labels"].tolist() == [[-100, 6, 7, -100, 9, -100, -100, -100]]
    assert batch["packed_seq_lengths"].tolist() == [3, 2, 3]
    whole = Packed(lengths_too=True, pad_id=1, multiple=5)([feature])
    assert whole["packed_seq_lengths"].tolist() == [3, 2]


def test_a_packed_table_holds_the_same_tokens(home: Home, model: Path, tmp_path: Path) -> None:
    table = prepared(home, model).table("train")
    packed = packed_table(table, 512, tmp_path / "packed.arrow")
    rows = {row["id"]: row for row in table.to_pylist()}
    seen = []
    for pack in packed.to_pylist():
        ids = pack["id"].split("\n")
        seen += ids
        assert pack["seq_lengths"] == [rows[name]["length"] for name in ids]
        assert pack["input_ids"] == [token for name in ids for token in rows[name]["input_ids"]]
        assert pack["labels"] == [label for name in ids for label in rows[name]["labels"]]
        assert pack["length"] == len(pack["input_ids"]) <= 512
    assert sorted(seen) == sorted(rows)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["plain", "unsloth"])
def test_a_packed_row_gives_the_same_loss_and_gradient_as_alone(backend: str, model: Path) -> None:
    if backend == "unsloth" and not importlib.util.find_spec("unsloth"):
        pytest.skip("unsloth isn't installed: see docs/install.md")
    script = Path(__file__).parent / "packing_proof.py"
    done = subprocess.run(
        [sys.executable, str(script), backend, str(model)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["packed"] == pytest.approx(sum(found["alone"]), rel=1e-5)
    assert abs(found["wrong"] - found["packed"]) > 1e-3  # rows that can see each other would be noticed
    assert found["gradient"] < 1e-4
    assert found["filled"] == pytest.approx(found["packed"], rel=1e-5)
    assert found["filled_gradient"] < 1e-4


@pytest.mark.parametrize("change", [{"packing": True, "batch": 1}, {"group_by_length": True}])
def test_training_runs_packed_and_grouped(home: Home, model: Path, change: dict) -> None:
    from training.train import train

    result = train("small", config(model, epochs=3, **change), home, name="r")
    assert result.state == "done"
    assert result.eval_loss < result.eval_loss_base
    done = trainworld.events(home.runs / "r", "step")[-1]
    if "packing" in change:
        table = next((home.root / "cache" / "tokens").glob("*/packed.arrow"))
        assert table.stat().st_size > 0
        assert done["total"] == 3 * 8  # 24 rows lie in 8 sequences
