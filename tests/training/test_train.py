"""Training on a tiny model, in this process with the plain backend: what lands in the run folder."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import trainworld
from trainworld import config

from curation.contract import Home, RunInfo, canonical_json, digest, file_sha256
from training import checkpoints
from training.errors import ConfigError, NotANumberError, ResumeError
from training.models import load_voice, resolve_base
from training.train import train


def adapter_sha(folder: Path) -> str:
    return file_sha256(folder / "adapter" / "adapter_model.safetensors")


@pytest.fixture(scope="module")
def finished(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run of 6 steps: 24 rows, batch 4, one epoch."""
    home = Home(tmp_path_factory.mktemp("home"))
    trainworld.make_export(
        home.exports / "small",
        trainworld.some_rows(24),
        trainworld.some_rows(9, "e"),
        system_prompt="Be brief.",
    )
    result = train("small", config(model), home, name="whole")
    assert (result.state, result.steps, result.total_steps) == ("done", 6, 6)
    assert result.eval_loss < result.eval_loss_base
    assert result.loss_last < result.loss_first
    return home.runs / "whole"


def test_run_json_hands_on_what_the_chat_needs(finished: Path, model: Path) -> None:
    info = RunInfo.read(finished)
    assert info.state == "done"
    assert (info.base_model, info.base_revision) == (str(model.resolve()), None)
    assert info.base_sha256 == file_sha256(model / "model.safetensors")
    assert (info.template, info.template_hash) == (trainworld.CHATML, digest(trainworld.CHATML))
    assert (info.template_date, info.system_prompt) == ("26 Jul 2024", "Be brief.")
    assert info.stop_tokens == ["<|im_end|>"]
    assert info.dataset["name"] == "small"
    assert info.key == digest(canonical_json(info.key_parts))
    assert info.adapter_files["adapter_model.safetensors"].sha256 == adapter_sha(finished)
    voice = load_voice(resolve_base(info.base_model, None, Home(finished.parent.parent)))
    assert len(info.probes) == 3
    for probe in info.probes:
        assert voice.prompt(probe.messages, info.system_prompt) == probe.input_ids


def test_events_tell_every_step_and_every_evaluation_by_category(finished: Path) -> None:
    steps = trainworld.events(finished, "step")
    assert [event["step"] for event in steps] == [1, 2, 3, 4, 5, 6]
    assert {"loss", "lr", "tokens_per_second", "left", "done", "total", "rate"} <= set(steps[0])
    evals = trainworld.events(finished, "eval")
    assert [event["step"] for event in evals] == [0, 3, 6]
    for event in evals:
        assert set(event["categories"]) == {"legal", "maths"}
        assert event["tokens"] == sum(part["tokens"] for part in event["categories"].values())
        weighted = sum(part["loss"] * part["tokens"] for part in event["categories"].values())
        assert weighted / event["tokens"] == pytest.approx(event["loss"], abs=1e-5)


def test_checkpoints_are_sealed_and_the_card_tells_the_run(finished: Path) -> None:
    found = checkpoints.listed(finished / "checkpoints")
    assert [path.name for path in found] == ["checkpoint-3", "checkpoint-6"]
    assert all(checkpoints.is_whole(path) for path in found)
    card = (finished / "README.md").read_text()
    assert "State: done" in card
    assert "| legal |" in card
    assert "Be brief." in card
    assert "apache-2.0" in card


def test_a_stopped_run_goes_on_to_the_very_same_weights(
    finished: Path, model: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainworld.make_export(
        home.exports / "small",
        trainworld.some_rows(24),
        trainworld.some_rows(9, "e"),
        system_prompt="Be brief.",
    )
    first = train("small", config(model), home, name="broken", say=_kill_at("step 3/"))
    assert (first.state, first.steps, first.signal) == ("stopped", 4, "SIGTERM")
    folder = home.runs / "broken"
    assert RunInfo.read(folder).state == "stopped"
    assert [path.name for path in checkpoints.listed(folder / "checkpoints")] == [
        "checkpoint-3",
        "checkpoint-4",
    ]
    result = train("small", config(model), home, name="broken", resume=True)
    assert (result.state, result.steps) == ("done", 6)
    assert adapter_sha(folder) == adapter_sha(finished)
    for kind in ("step", "eval"):
        losses = [
            {event["step"]: event["loss"] for event in trainworld.events(f, kind)} for f in (folder, finished)
        ]
        assert losses[0] == losses[1]


def test_a_run_that_is_done_is_not_trained_on(finished: Path, model: Path) -> None:
    before = adapter_sha(finished), (finished / "events.jsonl").read_bytes()
    with pytest.raises(ResumeError, match="the run 'whole' is done: nothing is left to resume"):
        train("small", config(model), Home(finished.parent.parent), name="whole", resume=True)
    assert (adapter_sha(finished), (finished / "events.jsonl").read_bytes()) == before


@pytest.mark.parametrize("evaluated", [True, False])
def test_a_run_killed_after_its_last_step_ends_as_if_it_hadnt_been(
    model: Path, home: Home, evaluated: bool
) -> None:
    train("small", config(model), home, name="r")
    folder = home.runs / "r"
    whole, evals = adapter_sha(folder), trainworld.events(folder, "eval")
    lines = (folder / "events.jsonl").read_text().splitlines(keepends=True)
    kinds = [json.loads(line)["event"] for line in lines]
    last = len(kinds) - kinds[::-1].index("eval") - 1
    (folder / "events.jsonl").write_text("".join(lines[: last + evaluated]))
    shutil.rmtree(folder / "adapter")
    info = RunInfo.read(folder)
    dataclasses.replace(info, state="stopped", adapter_files={}).write(folder)
    result = train("small", config(model), home, name="r", resume=True)
    assert (result.state, result.steps, result.total_steps) == ("done", 6, 6)
    assert adapter_sha(folder) == whole
    assert [(e["step"], e["loss"]) for e in trainworld.events(folder, "eval")] == [
        (e["step"], e["loss"]) for e in evals
    ]
    assert [e["step"] for e in trainworld.events(folder, "step")] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("cut", [9, 7])
def test_rows_of_like_length_come_in_the_same_order_after_a_resume(model: Path, home: Home, cut: int) -> None:
    """Stopped in the second of three epochs, and at the very end of the first (step 6)."""
    values = {"group_by_length": True, "epochs": 3, "save_every": 100}
    whole = train("small", config(model, **values), home, name=f"whole-{cut}")
    stopped = train(
        "small", config(model, **values), home, name=f"cut-{cut}", say=_kill_at(f"step {cut - 2}/")
    )
    assert (stopped.state, stopped.steps, whole.steps) == ("stopped", cut - 1, 18)
    train("small", config(model, **values), home, name=f"cut-{cut}", resume=True)
    folders = [home.runs / f"{name}-{cut}" for name in ("whole", "cut")]
    losses = [[e["loss"] for e in trainworld.events(folder, "step")] for folder in folders]
    assert losses[0] == losses[1]
    assert adapter_sha(folders[0]) == adapter_sha(folders[1])


def _kill_at(start: str):
    """Send SIGTERM when a step has been told; the step after it is the last."""

    def say(line: str) -> None:
        if line.startswith(start):
            os.kill(os.getpid(), signal.SIGTERM)

    return say


def test_a_torn_checkpoint_is_passed_over(finished: Path, model: Path, home: Home) -> None:
    trainworld.make_export(
        home.exports / "small",
        trainworld.some_rows(24),
        trainworld.some_rows(9, "e"),
        system_prompt="Be brief.",
    )
    train("small", config(model), home, name="torn", say=_kill_at("step 4/"))
    folder = home.runs / "torn"
    newest = folder / "checkpoints" / "checkpoint-5"
    optimizer = newest / "optimizer.pt"
    optimizer.write_bytes(optimizer.read_bytes()[:100])
    lines: list[str] = []
    train("small", config(model), home, name="torn", resume=True, say=lines.append)
    assert "checkpoint-5 is torn and was passed over." in lines
    assert "Going on from step 3." in lines
    assert adapter_sha(folder) == adapter_sha(finished)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 0.02}, "learning_rate was 0.01, is 0.02"),
        ({"accumulation": 2, "seed": 1}, "accumulation was 1, is 2; seed was 3407, is 1"),
    ],
)
def test_a_changed_hyperparameter_is_refused(finished: Path, model: Path, change: dict, message: str) -> None:
    before = (finished / "run.json").read_bytes()
    with pytest.raises(ResumeError, match=message):
        train("small", config(model, **change), Home(finished.parent.parent), name="whole", resume=True)
    assert (finished / "run.json").read_bytes() == before


def test_a_changed_row_template_or_model_is_refused(model: Path, home: Home, tmp_path: Path) -> None:
    train("small", config(model, max_steps=1), home, name="r")
    rows = trainworld.some_rows(24)
    rows[5][1][1]["content"] += "!"
    trainworld.make_export(home.exports / "small", rows, trainworld.some_rows(9, "e"))
    with pytest.raises(ResumeError, match="the rows changed"):
        train("small", config(model, max_steps=1), home, name="r", resume=True)
    trainworld.make_export(home.exports / "small", trainworld.some_rows(24), trainworld.some_rows(9, "e"))
    other = tmp_path / "other.jinja"
    other.write_text(trainworld.CHATML + " ")
    changed = config(model, max_steps=1, template=str(other))
    with pytest.raises(ResumeError, match="the template changed"):
        train("small", changed, home, name="r", resume=True)
    twin = trainworld.make_model(tmp_path / "tiny-llama", seed=1)
    with pytest.raises(ResumeError, match="the base changed"):
        train("small", config(twin, max_steps=1), home, name="r", resume=True)


def test_what_leaves_the_weights_alone_may_change_at_a_resume(model: Path, home: Home) -> None:
    train("small", config(model), home, name="r", say=_kill_at("step 2/"))
    assert train("small", config(model, save_every=5, keep=1), home, name="r", resume=True).state == "done"


def test_the_layout_leaves_the_mathematics_alone_even_when_it_changes_at_a_resume(
    model: Path, home: Home
) -> None:
    whole = config(model, lora_dropout=0, batch=2, accumulation=2)
    train("small", whole, home, name="whole")
    train("small", whole, home, name="other", say=_kill_at("step 3/"))
    smaller = whole.model_copy(update={"micro_batch": 1, "gradient_checkpointing": True})
    assert train("small", smaller, home, name="other", resume=True).state == "done"
    losses = [[e["loss"] for e in trainworld.events(home.runs / n, "eval")] for n in ("whole", "other")]
    assert losses[1] == pytest.approx(losses[0], abs=2e-4)
    assert "micro_batch: 1" in (home.runs / "other" / "config.yaml").read_text()
    rows = {n: [e["tokens"] for e in trainworld.events(home.runs / n, "step")] for n in ("whole", "other")}
    assert rows["whole"][:4] == rows["other"][:4]


def test_a_taken_name_is_refused_and_a_free_one_is_made_up(finished: Path, model: Path) -> None:
    home = Home(finished.parent.parent)
    with pytest.raises(ConfigError, match="there is a run 'whole' already"):
        train("small", config(model), home, name="whole")
    assert train("small", config(model, max_steps=1), home).run == "small-tiny-llama-1"


def test_a_layer_that_the_model_lacks_is_refused(model: Path, home: Home) -> None:
    with pytest.raises(ConfigError, match=r"no layer called 'q_prj'. Did you mean 'q_proj'"):
        train("small", config(model, lora_targets=["q_prj"]), home, name="r")
    info = RunInfo.read(home.runs / "r")
    assert (info.state, "q_prj" in (info.error or "")) == ("failed", True)
    # nothing was learnt: the name is free for the config that is mended
    assert train("small", config(model, max_steps=1), home, name="r").state == "done"
    assert len(trainworld.events(home.runs / "r", "start")) == 1


def test_nan_stops_the_run_names_the_rows_and_keeps_the_checkpoint(model: Path, home: Home) -> None:
    def poison(line: str) -> None:
        if line.startswith("step 4/"):
            import gc

            import torch
            from peft import PeftModel

            for thing in gc.get_objects():
                if isinstance(thing, PeftModel):
                    with torch.no_grad():
                        next(p for p in thing.parameters() if p.requires_grad).fill_(float("nan"))

    with pytest.raises(
        NotANumberError, match=r"rows r\d+, r\d+, r\d+, r\d+: the loss became NaN.* at step 5"
    ):
        train("small", config(model), home, name="r", say=poison)
    info = RunInfo.read(home.runs / "r")
    assert info.state == "failed"
    assert "step 5" in (info.error or "")
    assert checkpoints.newest_whole(home.runs / "r" / "checkpoints")[0].name == "checkpoint-3"


def test_a_full_disk_leaves_the_last_good_checkpoint(
    model: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curation.contract import TomeError

    seal = checkpoints.seal

    def full(folder: Path) -> None:
        if folder.name == "checkpoint-6":
            raise OSError(28, "No space left on device", str(folder))
        seal(folder)

    monkeypatch.setattr(checkpoints, "seal", full)
    with pytest.raises(TomeError, match="the disk is full; the last whole checkpoint is checkpoint-3"):
        train("small", config(model), home, name="r")
    assert [path.name for path in checkpoints.listed(home.runs / "r" / "checkpoints")] == ["checkpoint-3"]
    assert RunInfo.read(home.runs / "r").state == "failed"
    monkeypatch.undo()
    monkeypatch.setenv("TOME_HOME", str(home.root))
    assert train("small", config(model), home, name="r", resume=True).state == "done"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full here")
@pytest.mark.parametrize("size", [1, 1000, 3_000_000])
def test_a_full_disk_is_known_by_what_torch_says(size: int) -> None:
    import torch

    with pytest.raises(RuntimeError) as failed:
        torch.save({"weights": torch.zeros(size)}, "/dev/full")
    assert checkpoints.disk_is_full(failed.value)
    assert not checkpoints.disk_is_full(RuntimeError("shapes differ"))


def test_the_end_token_keeps_its_loss_when_it_is_the_padding_token_too(home: Home, tmp_path: Path) -> None:
    from training.collate import Padded

    batch = Padded(2)(
        [{"input_ids": [5, 2], "labels": [-100, 2]}, {"input_ids": [5, 6, 2], "labels": [-100, 6, 2]}]
    )
    assert batch["labels"].tolist() == [[-100, 2, -100], [-100, 6, 2]]
    assert batch["input_ids"].tolist() == [[5, 2, 2], [5, 6, 2]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]


def test_early_stopping_stops_and_counts_as_done(model: Path, home: Home) -> None:
    stuck = config(model, learning_rate=1e-12, evaluate_every=1, early_stopping=2, epochs=5)
    result = train("small", stuck, home, name="r")
    assert result.state == "done"
    assert result.steps < result.total_steps == 30
    assert [event["step"] for event in trainworld.events(home.runs / "r", "early_stop")] == [result.steps]
    assert json.loads((home.runs / "r" / "run.json").read_text())["state"] == "done"


def test_after_the_run_both_models_answer_the_same_questions(home: Home, model: Path) -> None:
    train("small", config(model, samples=2, sample_tokens=5, epochs=4), home, name="r")
    samples = json.loads((home.runs / "r" / "samples.json").read_text())
    assert [sample["category"] for sample in samples] == ["legal", "maths"]
    for sample in samples:
        assert sample["question"].startswith("Count to ")
        assert sample["reference"].startswith("0")
        assert sample["base"] != sample["tuned"]
    assert "**Tuned:**" in (home.runs / "r" / "README.md").read_text()


def test_a_run_whose_process_was_killed_is_not_called_running(home: Home, model: Path) -> None:
    import dataclasses

    from training.folders import locked, mark_killed

    train("small", config(model, max_steps=1), home, name="r")
    info = dataclasses.replace(RunInfo.read(home.runs / "r"), state="running")
    info.write(home.runs / "r")
    with locked(home.runs / "r"):
        assert mark_killed(home) == []
    assert mark_killed(home) == ["r"]
    assert (RunInfo.read(home.runs / "r").state, mark_killed(home)) == ("stopped", [])


def test_running_out_of_memory_tells_the_plan_and_what_to_lower(
    home: Home, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from training import course as module
    from training.errors import OutOfMemoryError

    def spent(*_: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(module, "evaluate", spent)
    with pytest.raises(
        OutOfMemoryError, match=r"after step 0: .* the plan counts .* To mend: .* precision=4bit"
    ):
        train("small", config(model), home, name="r")
    assert RunInfo.read(home.runs / "r").state == "failed"
