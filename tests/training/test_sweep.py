"""Sweeps of a tiny model: a grid of four with one that fails, resumed, and the table that comes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trainworld
import yaml

from curation.contract import Home, RunInfo
from training.config import load_config
from training.errors import ConfigError
from training.grid import Range, check_space, parse_grid, trial_config

optuna = pytest.importorskip("optuna", reason="optuna isn't installed: pip install 'tomewright[sweep]'")


def base(model: Path, **changes):
    return trainworld.config(model, max_steps=2, save_every=10, **changes)


def test_a_grid_is_parsed_with_short_names_and_true_types() -> None:
    assert parse_grid(["lr=1e-4,2e-4", "batch=8,16", "data=v1,v2"]) == {
        "learning_rate": [1e-4, 2e-4],
        "batch": [8, 16],
        "data": ["v1", "v2"],
    }
    assert parse_grid(["lr=1e-5..1e-3"]) == {"learning_rate": Range(1e-5, 1e-3)}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the grid is empty"),
        (["lr="], "'lr' has no values"),
        (["lr=1", "learning_rate=2"], "'learning_rate' is there twice"),
        (["lernrate=1"], "unknown key 'lernrate'. Did you mean"),
        (["lr=2..1"], "goes the wrong way"),
    ],
)
def test_a_wrong_grid_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_grid(words)
    assert message in str(caught.value)


def test_every_point_is_checked_before_anything_runs() -> None:
    config = load_config("smollm2-135m-cpu")
    assert check_space(config, {"batch": [1, 2], "lora_dropout": [0, 0.1]}) == 4
    with pytest.raises(ConfigError, match="batch: Input should be greater than or equal to 1"):
        check_space(config, {"batch": [1, 0]})


def test_every_trial_gets_the_same_budget() -> None:
    config = load_config("smollm2-135m-cpu", ["batch=4", "max_steps=100"])
    assert trial_config(config, {"batch": 8}, 1, 1.0)[0].max_steps == 50
    assert trial_config(config, {"accumulation": 2, "batch": 2}, 1, 1.0)[0].max_steps == 100
    whole = load_config("smollm2-135m-cpu")
    assert trial_config(whole, {"data": "v2"}, 7, 0.25)[0].epochs == 0.25
    assert trial_config(whole, {"data": "v2"}, 7, 0.25)[1] == "v2"
    assert trial_config(whole, {}, 7, 1.0)[0].seed == 7


@pytest.mark.slow
def test_a_sweep_of_four_records_the_failed_trial_goes_on_and_can_be_resumed(
    home: Home, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    import tome

    config = tmp_path / "c.yaml"
    config.write_text(yaml.safe_dump(json.loads(base(model).model_dump_json())))
    words = ["sweep", "small", "--config", str(config), "--name", "s", "--json"]
    grid = ["--grid", "lr=1e-12,0.01", "lora_targets=q_proj+v_proj,nothing"]
    assert tome.run([*words, *grid, "--trials", "1"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(first["lines"]) == 1
    assert tome.run([*words, *grid]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    lines = found["lines"]
    assert len(lines) == 4
    states = sorted((line["params"]["lora_targets"] == "q_proj+v_proj", line["state"]) for line in lines)
    assert states == [(False, "fail"), (False, "fail"), (True, "complete"), (True, "complete")]
    assert all("no layer called 'nothing'" in line["error"] for line in lines if line["state"] == "fail")
    assert found["best"]["learning_rate"] == 0.01
    assert lines[0]["mean"] < lines[1]["mean"]
    assert lines[0]["mean"] == RunInfo.read(home.runs / lines[0]["runs"][0]).metrics["eval"]["loss"]
    best = load_config(found["best_config"])
    assert (best.learning_rate, best.lora_targets, best.max_steps) == (0.01, ["q_proj", "v_proj"], None)
    assert len(list(home.runs.iterdir())) == 4
    assert tome.run([*words, "--grid", "lr=1e-3"]) == 2
    assert "was begun with another export, config, grid or seeds" in capsys.readouterr().err


def test_the_table_says_what_a_dropout_costs_in_speed() -> None:
    from training.cli_sweep import _table
    from training.sweep import Line, Sweep

    lines = [
        Line(0, {"lora_dropout": 0, "batch": 2}, "complete", 2.0, None, 1000.0, ["a"], None),
        Line(1, {"lora_dropout": 0.05, "batch": 2}, "complete", 2.1, None, 800.0, ["b"], None),
        Line(2, {"lora_dropout": 0.05, "batch": 4}, "failed", None, None, None, ["c"], "it failed"),
        Line(3, {"lora_dropout": 0, "batch": 4}, "complete", 2.2, None, 3000.0, ["d"], None),
        Line(4, {"lora_dropout": 0.1, "batch": 2}, "complete", 2.1, None, 900.0, ["e"], None),
        Line(5, {"lora_dropout": 0.1, "batch": 4}, "complete", 2.1, None, 2100.0, ["f"], None),
        Line(6, {"lora_dropout": 0.1, "batch": 8}, "complete", 2.1, None, 10.0, ["g"], None),
    ]
    told = _table(Sweep("s", "f", lines, lines[0].params, "best.yaml"))
    assert "Dropout 0.05 ran at 80% of the speed without (1 pair of trials)." in told
    assert "Dropout 0.1 ran at 80% of the speed without (2 pairs of trials)." in told
    assert "failed: it failed" in told
