"""Plan and preview: what they predict and show, held against the real thing where it can be had."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import trainworld
from trainworld import config

from curation.contract import Home, RunInfo
from training.memory import memory
from training.plan import Speed, fitting_batch, operations, plan
from training.preview import Preview, coloured, marked
from training.shape import Shape, shape_of

ONE_B = Shape(
    parameters=1_235_814_400,
    linear=973_078_528,
    head=262_668_288,
    lora=11_272_192,
    layers=16,
    hidden=2048,
    intermediate=8192,
    vocabulary=128_256,
    attention=2048,
    keys=512,
)


def ask(home: Home, capsys: pytest.CaptureFixture, *words: str) -> dict:
    import tome

    assert tome.run(["train", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_shape_is_counted_right(model: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    chosen = config(model)
    shape = shape_of(model, chosen)
    real = AutoModelForCausalLM.from_pretrained(model)
    assert shape.parameters == sum(p.numel() for p in real.parameters())
    lora = get_peft_model(
        real, LoraConfig(r=chosen.lora_rank, target_modules=chosen.lora_targets, task_type="CAUSAL_LM")
    )
    assert shape.lora == sum(p.numel() for p in lora.parameters() if p.requires_grad)
    assert (shape.layers, shape.hidden, shape.vocabulary) == (2, 32, 266)
    assert torch.__version__


@pytest.mark.parametrize("change", [{}, {"packing": True, "batch": 2}, {"epochs": 2, "accumulation": 3}])
def test_the_planned_steps_and_tokens_are_those_of_the_run(home: Home, model: Path, change: dict) -> None:
    from training.train import train

    chosen = config(model, **change)
    result = train("small", chosen, home, name="r")
    info = RunInfo.read(home.runs / "r")
    lengths = trainworld.prepared(home, model, max_length=128).table("train")["length"].to_pylist()
    found = plan(lengths, shape_of(model, chosen), chosen, "cpu")
    assert found.steps == result.total_steps == result.steps
    assert sum(lengths) == info.dataset["tokens"]["train"]
    assert found.tokens == pytest.approx(sum(lengths) * chosen.epochs, rel=0.15)
    on_disk = sum(p.stat().st_size for p in (home.runs / "r" / "checkpoints").rglob("*.safetensors"))
    assert found.disk > on_disk / 2


def test_four_bit_and_checkpointing_and_small_batches_need_less_memory() -> None:
    base = config(Path("m"), backend="unsloth", max_length=2048, batch=8, packing=True, dtype="bfloat16")
    peak = {
        name: sum(memory(ONE_B, base.model_copy(update=change), "cuda", 2048 * batch).values())
        for name, change, batch in [
            ("plain", {"backend": "plain"}, 8),
            ("base", {}, 8),
            ("small", {}, 2),
            ("checkpointed", {"gradient_checkpointing": True}, 8),
            ("four bit", {"precision": "4bit", "gradient_checkpointing": True}, 8),
            ("full", {"precision": "full"}, 8),
        ]
    }
    assert peak["four bit"] < peak["checkpointed"] < peak["base"] < peak["plain"]
    assert peak["small"] < peak["base"] < peak["full"]


def test_the_batch_that_fits_fits_and_twice_of_it_doesnt() -> None:
    chosen = config(Path("m"), backend="unsloth", max_length=2048, packing=True, dtype="bfloat16")
    lengths = [500] * 1000
    room = 40 * 2**30
    best = fitting_batch(lengths, ONE_B, chosen, "cuda", room)
    assert best is not None
    for batch, fits in ((best, True), (2 * best, False)):
        parts = memory(ONE_B, chosen.model_copy(update={"batch": batch}), "cuda", 2048 * batch)
        assert (sum(parts.values()) <= room) is fits
    assert fitting_batch(lengths, ONE_B, chosen, "cuda", 2**30) is None


def test_lora_costs_two_passes_full_training_three_and_checkpointing_one_more() -> None:
    one = config(Path("m"), lora_dropout=0)
    lora = operations(ONE_B, one, 0)
    assert lora == 4 * (ONE_B.linear + ONE_B.head)
    assert operations(ONE_B, one.model_copy(update={"precision": "full"}), 0) == lora * 1.5
    assert (
        operations(ONE_B, one.model_copy(update={"gradient_checkpointing": True}), 0)
        == lora + 2 * ONE_B.linear
    )


def test_padding_is_counted_as_it_comes() -> None:
    chosen = config(Path("m"), batch=2)
    found = plan([10, 30, 10, 30], ONE_B, chosen, "cpu")
    assert found.padding == round(1 - 80 / 120, 4)
    grouped = plan([10, 30, 10, 30], ONE_B, chosen.model_copy(update={"group_by_length": True}), "cpu")
    assert grouped.padding == 0
    assert math.isclose(sum(found.memory_parts.values()), found.memory)


def test_several_processes_share_the_steps_and_the_time() -> None:
    chosen, speed = config(Path("m"), batch=2), Speed(1e12, 1e-6)
    for device in ("cpu", "cuda"):
        alone, four = (plan([30] * 64, ONE_B, chosen, device, speed, count) for count in (1, 4))
        assert (alone.steps, four.steps) == (32, 8)
        assert four.seconds == pytest.approx((alone.seconds or 0) / 4, rel=0.1)
        assert (four.memory, four.tokens) == (alone.memory, alone.tokens)


def test_the_plan_command(home: Home, model: Path, capsys: pytest.CaptureFixture) -> None:
    words = ["--set", f"model={model}", "--set", "batch=4", "--set", "max_length=128", "--gpu-memory", "15"]
    found = ask(home, capsys, "plan", "small", "--config", "smollm2-135m-cpu", *words)
    one = found["plans"]["smollm2-135m-cpu"]
    assert (found["device"], one["rows"], one["steps"]) == ("cuda", 24, 6)
    assert one["fitting_batch"] == 1024
    assert sum(one["lengths"].values()) == 24
    two = ask(home, capsys, "plan", "small", "--config", "smollm2-135m-cpu", *words, "--processes", "2")
    both = two["plans"]["smollm2-135m-cpu"]
    assert (both["steps"], both["tokens"], both["memory"]) == (3, one["tokens"], one["memory"])


def test_the_preview_command_shows_the_counts_and_the_row(
    home: Home, model: Path, capsys: pytest.CaptureFixture
) -> None:
    words = ["--config", "smollm2-135m-cpu", "--set", f"model={model}", "--row", "r3"]
    found = ask(home, capsys, "preview", "small", *words)
    assert found["preflight"]["train"]["rows"] == 24
    row = found["row"]
    assert row["id"] == "r3"
    said = "".join(token for token, on in zip(row["tokens"], row["supervised"], strict=True) if on)
    assert said == "0 1 2 3<|im_end|>"


def test_a_broken_export_is_previewed_and_not_refused(
    home: Home, model: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = [("ok", trainworld.talk("a", "b"), "x"), ("bad", trainworld.talk("only"), "x")]
    trainworld.make_export(home.exports / "small", rows, rows[:1])
    found = ask(home, capsys, "preview", "small", "-c", "smollm2-135m-cpu", "--set", f"model={model}")
    assert found["preflight"]["train"]["errors"] == {"no supervised tokens": ["bad"]}


def test_a_row_is_shown_with_marks_or_colours_and_without_control_characters() -> None:
    row = Preview("r", ["a", "b", "\x1b[31m", "d"], [False, True, True, False])
    assert marked(row) == "a⟦b\x1b[31m⟧d"
    assert coloured(row) == "\x1b[2ma\x1b[0m\x1b[1;32mb\x1b[0m\x1b[1;32m\ufffd[31m\x1b[0m\x1b[2md\x1b[0m"
