"""The rehearsal: which rows it takes, what it measures, that it leaves nothing, and when the plan holds one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trainworld
from hypothesis import given
from hypothesis import strategies as st
from trainworld import config

from curation.contract import Home
from training import rehearsal
from training.config import TrainConfig, build
from training.errors import OutOfMemoryError
from training.models import load_voice, resolve_base
from training.plan import plan
from training.shape import shape_of


def taking(at_once: int, **changes: object) -> TrainConfig:
    return build({"model": "m", "batch": at_once, **changes}, "test")


def test_micro_batches_come_from_all_over_the_rows() -> None:
    lengths = [5, 1, 4, 2, 3, 9, 7, 8]
    grouped = rehearsal.spread(lengths, taking(2, group_by_length=True), 4)
    assert sorted(lengths[place] for batch in grouped for place in batch) == sorted(lengths)
    widths = [max(lengths[place] for place in batch) for batch in grouped]
    assert widths == sorted(widths)
    assert rehearsal.widest_of(lengths, taking(2)) == [5, 7]


@pytest.mark.parametrize("packing", [False, True])
def test_rows_that_run_together_by_chance_are_rehearsed_together_by_chance(packing: bool) -> None:
    lengths = list(range(1, 401))
    chosen = taking(2, packing=packing)
    drawn = rehearsal.micro_batches(lengths, chosen)
    assert sorted(drawn.ravel()) == list(range(400))
    apart = [abs(lengths[one] - lengths[other]) for one, other in drawn]
    assert 100 < sum(apart) / len(apart) < 170  # a third of the range in the mean, not neighbours
    found = rehearsal.spread(lengths, chosen, 12)
    assert all(batch in drawn.tolist() for batch in found)


def test_grouped_rows_are_drawn_as_the_run_draws_them() -> None:
    from training.order import ByLength

    lengths = [7 * place % 101 for place in range(100)]
    chosen = taking(2, accumulation=2, group_by_length=True)
    drawn = rehearsal.micro_batches(lengths, chosen)
    assert drawn.ravel().tolist() == list(ByLength(lengths, 4, chosen.seed, lambda: 0.0))


def test_their_mean_length_is_that_of_all_rows_where_a_few_are_very_long() -> None:
    lengths = [int(100 * 1.004**place) for place in range(1000)]
    found = rehearsal.spread(lengths, taking(2, group_by_length=True), 12)
    taken = [lengths[place] for batch in found for place in batch]
    assert sum(taken) / len(taken) == pytest.approx(sum(lengths) / len(lengths), rel=0.02)


def test_few_rows_are_taken_again() -> None:
    for batch in rehearsal.spread([3, 1], taking(4), 2):
        assert sorted(batch) == [0, 0, 1, 1]
    assert rehearsal.widest_of([3, 1], taking(4)) == [0, 1, 0, 1]


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.integers(1, 8), st.integers(1, 20))
def test_every_micro_batch_is_whole_and_of_real_rows(lengths: list[int], size: int, count: int) -> None:
    for grouped in (False, True):
        found = rehearsal.spread(lengths, taking(size, group_by_length=grouped), count)
        assert [len(batch) for batch in found] == [size] * count
        assert all(0 <= place < len(lengths) for batch in found for place in batch)
    widest = [lengths[place] for place in rehearsal.widest_of(lengths, taking(size))]
    assert max(widest) == max(lengths)


@pytest.mark.parametrize(
    "change", [{}, {"packing": True, "batch": 2, "accumulation": 2, "micro_batch": 1}, {"precision": "full"}]
)
def test_a_rehearsal_trains_real_steps_and_leaves_nothing(
    home: Home, model: Path, monkeypatch: pytest.MonkeyPatch, change: dict
) -> None:
    monkeypatch.setattr(rehearsal, "SECONDS", 0.0)
    chosen = config(model, lora_dropout=0, gradient_checkpointing=False, **change)
    base = resolve_base(chosen.model, None, home)
    prepared = trainworld.prepared(home, model, max_length=128)
    before = {path: path.stat().st_mtime_ns for path in [*home.root.rglob("*"), *model.rglob("*")]}
    found = rehearsal.rehearse(base, load_voice(base), prepared, chosen)
    per_step = chosen.step_rows // chosen.at_once
    steps = max(3, 12 // per_step)
    assert (found.steps, found.peak) == (1 + 2 * steps, None)
    assert found.micro_seconds > 0
    after = {path: path.stat().st_mtime_ns for path in [*home.root.rglob("*"), *model.rglob("*")]}
    new = {path.name for path in after.keys() - before.keys()}
    assert new <= {"packed.arrow"}  # the run will want it too
    assert not home.runs.exists()


def test_the_plan_takes_the_time_of_the_rehearsal(model: Path) -> None:
    chosen = config(model, accumulation=2, micro_batch=2)  # 12 micro-batches of 2 rows, 3 steps of 8
    lengths = [30] * 24
    found = plan(lengths, shape_of(model, chosen), chosen, "cuda", rehearsed=0.5)
    assert (found.steps, found.seconds, found.tokens_per_second) == (3, 6.0, 120.0)
    shared = plan(lengths, shape_of(model, chosen), chosen, "cuda", rehearsed=0.5, processes=3)
    assert (shared.steps, shared.seconds) == (1, 2.0)


def words(model: Path, *more: str) -> list[str]:
    return ["train", "plan", "small", "--set", f"model={model}", "--set", "max_length=128", *more]


def test_the_command_rehearses_when_asked(
    home: Home, model: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tome

    monkeypatch.setattr(rehearsal, "SECONDS", 0.0)
    asked = words(model, "--config", "smollm2-135m-cpu", "--set", "backend=plain", "--rehearse")
    assert tome.run([*asked, "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out.splitlines()[-1])["plans"]["smollm2-135m-cpu"]
    seen = found["rehearsed"]
    assert (seen["steps"], seen["peak_gib"]) == (25, None)
    assert found["seconds"] == pytest.approx(seen["micro_seconds"] * 6, abs=0.06)
    assert "trained and thrown away" in err
    assert tome.run(asked) == 0
    assert "tokens/s, measured in 25 steps)" in capsys.readouterr().out


def test_on_a_cpu_nothing_is_rehearsed_unasked(
    home: Home, model: Path, capsys: pytest.CaptureFixture
) -> None:
    import tome

    assert tome.run(words(model, "--config", "smollm2-135m-cpu")) == 0
    out, err = capsys.readouterr()
    assert "tokens/s, estimated)" in out
    assert "Rehears" not in err


@pytest.mark.parametrize("more", [[], ["--config", "smollm2-135m-cpu", "--gpu-memory", "15"]])
def test_a_rehearsal_of_what_is_not_here_is_refused(
    home: Home, model: Path, capsys: pytest.CaptureFixture, more: list[str]
) -> None:
    import tome

    assert tome.run(words(model, *more, "--rehearse")) == 2
    assert "a rehearsal is of one config, on the machine that it runs on" in capsys.readouterr().err


def test_out_of_memory_in_rehearsal_says_what_to_lower(
    home: Home, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    class Full:
        def train(self) -> None:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(rehearsal, "make_trainer", lambda *_: Full())
    chosen = config(model, lora_dropout=0, gradient_checkpointing=False)
    base = resolve_base(chosen.model, None, home)
    prepared = trainworld.prepared(home, model, max_length=128)
    with pytest.raises(OutOfMemoryError, match="in rehearsal, with 4 at once") as caught:
        rehearsal.rehearse(base, load_voice(base), prepared, chosen)
    assert "Lower micro_batch" in str(caught.value)


def test_unasked_a_rehearsal_that_fails_or_disturbs_gives_way_to_the_estimate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    import torch

    from training import cli_look

    def full(*_: object) -> None:
        raise OutOfMemoryError("the GPU ran out of memory in rehearsal, with 4 at once")

    monkeypatch.setattr(rehearsal, "rehearse", full)
    given_up = (None, None, None, None, 2**30)
    assert cli_look._rehearsed(*given_up, None) is None  # type: ignore[arg-type]
    assert "with 4 at once The time is estimated." in capsys.readouterr().err.replace(". The", " The")
    with pytest.raises(OutOfMemoryError):
        cli_look._rehearsed(*given_up, True)  # type: ignore[arg-type]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (2**29, 2**34))
    assert cli_look._rehearsed(*given_up, None) is None  # type: ignore[arg-type]
    assert "No rehearsal: 0.5 GiB of this GPU are free, and it takes 1.0" in capsys.readouterr().err
