"""``tome train`` as a person types it, in its own process, with Unsloth: train, kill, resume, refuse."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trainworld

from curation.contract import Home, RunInfo, file_sha256
from training import cli_look
from training.cli_common import flags, parsed
from training.errors import ConfigError

ROOT = Path(__file__).parents[2]


def tome(home: Home, *words: str) -> subprocess.Popen:
    """Start ``tome`` with these words."""
    env = {**os.environ, "TOME_HOME": str(home.root), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "tome", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        cwd=home.root,
    )


def options(model: Path) -> list[str]:
    (model.parent / "c.yaml").write_text(
        f"model: {model}\nlora_dropout: 0.1\nlora_rank: 4\nmax_length: 128\nbatch: 2\n"
        "learning_rate: 0.01\nsave_every: 100\nsamples: 0\n"
    )
    return ["--config", str(model.parent / "c.yaml")]


@pytest.mark.slow
@pytest.mark.skipif(
    not __import__("importlib.util").util.find_spec("unsloth"),
    reason="unsloth isn't installed: see docs/install.md",
)
def test_a_run_with_unsloth_that_is_killed_and_resumed_ends_in_the_same_weights(
    home: Home, model: Path
) -> None:
    trainworld.make_export(home.exports / "small", trainworld.some_rows(48), trainworld.some_rows(6, "e"))
    whole = tome(home, "train", "small", *options(model), "--name", "whole", "--json")
    out, err = whole.communicate(timeout=400)
    assert whole.returncode == 0, err
    answer = json.loads(out.splitlines()[-1])
    assert (answer["run"], answer["state"], answer["steps"]) == ("whole", "done", 24)
    assert answer["loss_last"] < answer["loss_first"]
    assert answer["eval_loss"] < answer["eval_loss_base"]
    assert "step 24/24" in err

    broken = tome(home, "train", "small", *options(model), "--name", "broken")
    log = home.runs / "broken" / "events.jsonl"
    until = time.monotonic() + 300
    while not (log.exists() and '"event": "step", "step": 3' in log.read_text()):
        assert broken.poll() is None, broken.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.02)
    broken.send_signal(signal.SIGTERM)
    out, err = broken.communicate(timeout=300)
    info = RunInfo.read(home.runs / "broken")
    assert (broken.returncode, info.state) == (143, "stopped"), err
    assert "Go on with: tome train --resume --name broken" in out
    assert 3 <= info.metrics["steps"] < 24

    resumed = tome(home, "train", "--resume", "--name", "broken", "--json")
    out, err = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["steps"] == 24
    shas = {
        file_sha256(home.runs / name / "adapter" / "adapter_model.safetensors")
        for name in ("whole", "broken")
    }
    assert len(shas) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["small"], "no config was given. Write --config with a YAML file or a preset"),
        (["small", "--config", "nope"], "there is no config file or preset 'nope'"),
        (["smal", "--config", "smollm2-135m-cpu"], "there is no export 'smal'. Did you mean 'small'"),
        (
            ["small", "--config", "smollm2-135m-cpu", "--batchsize", "3"],
            "unknown key 'batchsize'. Did you mean",
        ),
        (["small", "--config", "smollm2-135m-cpu", "--set", "batch"], "'batch' is no override"),
        (["--resume", "--name", "gone"], "there is no run 'gone'. There is none yet"),
        (["small", "--config", "smollm2-135m-cpu", "--name", "../x"], "'../x' can't be a run's name"),
    ],
)
def test_a_mistake_gets_one_line_and_exit_code_2(home: Home, capsys, words: list[str], message: str) -> None:
    import tome as front

    assert front.run(["train", *words, *([] if "--resume" in words else ["--backend", "plain"])]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not home.runs.exists()


def test_any_field_is_an_option() -> None:
    words = ["--lora-rank", "4", "batch=2,4", "--packing=true", "--lr", "1e-3"]
    assert flags(words) == (["lora-rank=4", "packing=true", "lr=1e-3"], ["batch=2,4"])
    assert parsed("demo", ["seed=1"], ["--batch=4"]) == ("demo", ["seed=1", "batch=4"])
    with pytest.raises(ConfigError, match="one word too many"):
        parsed("demo", None, ["extra"])


def test_options_may_stand_before_the_export_or_without_it() -> None:
    assert parsed("--batch", None, ["4", "demo"]) == ("demo", ["batch=4"])
    assert parsed("--keep", None, ["2"]) == (None, ["keep=2"])


def test_any_field_is_an_option_of_plan_preview_and_sweep_too(
    home: Home, model: Path, capsys: pytest.CaptureFixture
) -> None:
    import tome as front

    trainworld.make_export(home.exports / "demo", trainworld.some_rows(4), trainworld.some_rows(2, "e"))
    for verb in ("plan", "preview"):
        words = ["train", verb, "demo", "--config", "smollm2-135m-cpu", "--backend", "plain"]
        assert front.run([*words, "--model", str(model), "--max-length=64"]) == 0, capsys.readouterr().err
        assert front.run([*words, "--max-lenth=64"]) == 2
        assert "Did you mean 'max_length'?" in capsys.readouterr().err
    words = ["sweep", "demo", "--config", "smollm2-135m-cpu", "--grid", "batch=1,2", "--max-lenth", "64"]
    assert front.run(words) == 2
    assert "Did you mean 'max_length'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "1 seconds"), (45, "45 seconds"), (780, "13 minutes"), (94_000, "26.1 hours")]
)
def test_the_plan_tells_a_time_in_the_unit_that_suits_it(seconds: float, told: str) -> None:
    assert cli_look._about(seconds) == told


def test_a_second_process_on_the_same_run_is_refused(home: Home, model: Path) -> None:
    from training.errors import ResumeError
    from training.folders import locked

    (home.runs / "r").mkdir(parents=True)
    with (
        locked(home.runs / "r"),
        pytest.raises(ResumeError, match="another process"),
        locked(home.runs / "r"),
    ):
        pass
