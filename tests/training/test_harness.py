"""Tasks of lm-evaluation-harness, with the real package and a task of our own that needs no network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from trainworld import config

from curation.contract import Home, RunInfo
from training.errors import ConfigError, MissingPackageError
from training.harness import check_tasks
from training.train import train

TASK = """task: counting
dataset_path: json
dataset_kwargs: {data_files: {test: %s}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: ["0 1 2", "zebra"]
doc_to_target: 0
metric_list: [{metric: acc}]
"""


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """A folder with one task of two choices over four items."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    items = folder / "items.jsonl"
    items.write_text("".join(json.dumps({"question": f"Count to {n}!"}) + "\n" for n in range(4)))
    (folder / "counting.yaml").write_text(TASK % items)
    return folder


def test_base_and_tuned_model_are_scored_and_the_card_says_how(home: Home, model: Path, tasks: Path) -> None:
    pytest.importorskip("lm_eval", reason="lm-eval isn't installed: the harness's tasks are not tested")
    chosen = config(model, lm_eval=["counting"], lm_eval_folder=str(tasks), epochs=4)
    train("small", chosen, home, name="r")
    scores = RunInfo.read(home.runs / "r").metrics["lm_eval"]
    assert set(scores) == {"base", "tuned"}
    assert scores["tuned"]["counting"]["acc"] == 1.0
    assert 0 <= scores["base"]["counting"]["acc"] <= 1
    assert "| counting | acc |" in (home.runs / "r" / "README.md").read_text()


def test_an_unknown_task_is_refused_before_the_training(model: Path, tasks: Path) -> None:
    pytest.importorskip("lm_eval", reason="lm-eval isn't installed: the harness's tasks are not tested")
    with pytest.raises(ConfigError, match=r"no task 'countin'. Did you mean 'counting'"):
        check_tasks(config(model, lm_eval=["countin"], lm_eval_folder=str(tasks)))


def test_without_the_package_the_error_names_the_extra(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "lm_eval.tasks", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'tomewright\[lm-eval\]'"):
        check_tasks(config(model, lm_eval=["counting"]))
    check_tasks(config(model))
