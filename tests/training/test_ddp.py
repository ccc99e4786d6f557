"""Several processes under torchrun, on CPUs with gloo: the loss of one process, and what befalls one of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import trainworld
import yaml

from curation.contract import Home, RunInfo
from training import checkpoints
from training.ranks import Ranks, lost_ones_named
from training.signals import listening
from training.train import train
from training.walk import Stop

MISCHIEF = Path(__file__).with_name("ddp_mischief.py")


def torchrun(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    """Two processes of a command, with one thread each."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone"]
    return subprocess.run(
        [*launcher, *words],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "TOME_HOME": str(home.root), "OMP_NUM_THREADS": "1"},
        cwd=home.root,
    )


def written(home: Home, model: Path, **changes: object) -> str:
    """A config file for two processes that evaluates at every second step."""
    values = {"batch": 2, "lora_dropout": 0, "evaluate_every": 2, "save_every": 2, **changes}
    path = home.root / "c.yaml"
    path.write_text(yaml.safe_dump(json.loads(trainworld.config(model, **values).model_dump_json())))
    return str(path)


def test_one_process_needs_nobody() -> None:
    alone = Ranks()
    assert (alone.main, alone.same("x"), alone.any(False), alone.any(True)) == (True, "x", False, True)
    assert alone.gathered(7) == [7]


def test_a_closed_connection_is_told_as_a_lost_process_and_other_errors_are_left_alone() -> None:
    from training.errors import LostProcessError

    for text in (
        "[/x/third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:1",
    ):
        with pytest.raises(LostProcessError, match="another process of this run ended"), lost_ones_named():
            raise RuntimeError(text)
    with pytest.raises(RuntimeError, match=r"^shape$"), lost_ones_named():
        raise RuntimeError("shape")


def test_an_echo_of_a_signal_is_the_same_wish_only_among_several() -> None:
    assert threading.current_thread() is threading.main_thread()
    for alone in (False, True):
        stop = Stop()
        stop.steps_run = True
        with listening(stop, alone=alone):
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.asked == "SIGTERM"
            if alone:
                with pytest.raises(KeyboardInterrupt):
                    os.kill(os.getpid(), signal.SIGTERM)
            else:
                os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.slow
def test_two_processes_agree_with_one(home: Home, model: Path) -> None:
    one = trainworld.config(model, batch=4, lora_dropout=0, group_by_length=True)
    train("small", one, home, name="one")
    config = written(home, model, group_by_length=True, save_every=3, evaluate_every=None)
    done = torchrun(home, "-m", "tome", "train", "small", "--config", config, "--name", "two", "--json")
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1])["steps"] == 6
    assert done.stdout.count('"run"') == 1
    left, right = (RunInfo.read(home.runs / name) for name in ("one", "two"))
    assert right.key_parts["processes"] == 2
    assert right.metrics["eval_base"] == left.metrics["eval_base"]  # the same batches, whoever takes them
    assert right.metrics["eval"]["loss"] == pytest.approx(left.metrics["eval"]["loss"], rel=1e-4)
    steps = [trainworld.events(home.runs / name, "step") for name in ("one", "two")]
    for alone, together in zip(*steps, strict=True):
        assert together["loss"] == pytest.approx(alone["loss"], rel=1e-4)
        assert together["grad_norm"] == pytest.approx(alone["grad_norm"], rel=1e-3)
    assert all(checkpoints.is_whole(path) for path in checkpoints.listed(home.runs / "two" / "checkpoints"))
    assert len(list((home.runs / "two" / "checkpoints" / "checkpoint-6").glob("rng_state_*.pth"))) == 2


@pytest.mark.slow
def test_a_scheduler_that_signals_all_gets_a_checkpoint_and_the_run_goes_on_to_the_same_weights(
    home: Home, model: Path
) -> None:
    config = written(home, model, epochs=2, group_by_length=True, lora_dropout=0.1)
    torchrun(home, str(MISCHIEF), config, "cut", "term", "0", "4")
    info = RunInfo.read(home.runs / "cut")
    assert (info.state, info.metrics["steps"]) == ("stopped", 9)
    assert checkpoints.newest_whole(home.runs / "cut" / "checkpoints")[0].name == "checkpoint-9"
    for name, extra in (("cut", ["resume"]), ("whole", [])):
        done = torchrun(home, str(MISCHIEF), config, name, "nothing", "0", "0", *extra)
        assert done.returncode == 0, done.stderr[-3000:]
    adapters = [RunInfo.read(home.runs / name).adapter_files for name in ("cut", "whole")]
    assert adapters[0]["adapter_model.safetensors"] == adapters[1]["adapter_model.safetensors"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "call", "state", "told"),
    [
        ("nan", 1, "failed", "the loss became NaN or infinite at step 3"),
        ("lost", 1, "failed", "another process of this run ended before its time"),
        ("broken", 1, "failed", "process 2 of 2: this card is broken"),
        ("term", 0, "stopped", "stopped by SIGTERM before a checkpoint was due"),
    ],
)
def test_what_befalls_one_process_ends_the_run_for_all_with_its_reason(
    home: Home, model: Path, what: str, call: int, state: str, told: str
) -> None:
    done = torchrun(home, str(MISCHIEF), written(home, model), "r", what, "1", str(call))
    assert (done.returncode == 0) == (state == "stopped")
    info = RunInfo.read(home.runs / "r")
    assert (info.state, info.error is not None and told in info.error) == (state, True), (
        info.error,
        done.stderr,
    )
    if call:
        assert checkpoints.newest_whole(home.runs / "r" / "checkpoints")[0].name == "checkpoint-2"
        assert what == "broken" or "training/train.py" not in done.stderr  # no traceback of ours
    if what == "nan":
        named = done.stderr.split("rows ")[1].split(":")[0].split(", ")
        assert len(named) == 2  # those of the process whose loss it was


@pytest.mark.slow
def test_the_benchmark_of_several_processes_runs_and_finds_the_same_losses(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "bench_ddp.py"
    words = [
        "--shape",
        "tiny",
        "--backend",
        "plain",
        "--length",
        "256",
        "--batch",
        "4",
        "--steps",
        "6",
        "--rows",
        "200",
        "--cut",
        "3",
    ]
    done = subprocess.run(
        [sys.executable, str(script), *words, "--root", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["steps"] == 6
    assert found["loss_apart"] < 1e-4
    assert found["resumed_loss_apart"] == 0
    assert found["speed_up"] > 0
