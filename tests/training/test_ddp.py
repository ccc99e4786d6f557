"""Two processes under torchrun, on CPUs with gloo, give the loss that one process gives at equal global batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import trainworld
import yaml

from curation.contract import Home, RunInfo
from training import checkpoints
from training.ranks import Ranks
from training.train import train


def test_one_process_needs_nobody() -> None:
    alone = Ranks()
    assert (alone.main, alone.same("x"), alone.any(False), alone.any(True)) == (True, "x", False, True)


@pytest.mark.slow
def test_two_processes_agree_with_one(home: Home, model: Path, tmp_path: Path) -> None:
    one = trainworld.config(model, batch=4, lora_dropout=0)
    train("small", one, home, name="one")
    (tmp_path / "c.yaml").write_text(
        yaml.safe_dump(json.loads(one.model_copy(update={"batch": 2}).model_dump_json()))
    )
    words = ["train", "small", "--config", str(tmp_path / "c.yaml"), "--name", "two", "--json"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--nproc_per_node=2",
            "--standalone",
            "-m",
            "tome",
            *words,
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "TOME_HOME": str(home.root), "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1])["steps"] == 6
    assert done.stdout.count('"run"') == 1
    left, right = (RunInfo.read(home.runs / name) for name in ("one", "two"))
    assert right.key_parts["processes"] == 2
    assert right.metrics["eval_base"]["loss"] == left.metrics["eval_base"]["loss"]
    assert right.metrics["eval"]["loss"] == pytest.approx(left.metrics["eval"]["loss"], rel=0.02)
    first = [trainworld.events(home.runs / name, "step")[0] for name in ("one", "two")]
    assert first[1]["loss"] == pytest.approx(first[0]["loss"], rel=0.02)
    assert all(checkpoints.is_whole(path) for path in checkpoints.listed(home.runs / "two" / "checkpoints"))
    assert len(list((home.runs / "two" / "checkpoints" / "checkpoint-6").glob("rng_state_*.pth"))) == 2
