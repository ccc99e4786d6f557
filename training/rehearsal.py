"""A run rehearsed: a few of its own batches trained for real and thrown away, so that its time is measured, not guessed.

What holds a GPU up differs from layout to layout and from host to host: its arithmetic, its memory, or how fast the
host starts its work. So, as in the run, some rows are evaluated first, the longest ones; then the same trainer takes a step of
the longest rows, for the memory, and micro-batches such as the run draws, from the narrowest to the widest, in rounds: the
first to compile and to warm up, the others for the clock.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.backends import load_model
from training.config import TrainConfig
from training.course import collator, dataset
from training.errors import OutOfMemoryError
from training.evaluate import evaluate
from training.memory import GIB
from training.models import Base, Voice
from training.prepare import Prepared
from training.quiet import quiet
from training.ranks import Ranks
from training.walk import Stop, make_trainer

STEPS = 3
"""Steps of a round, at least."""

MICRO_BATCHES = 12
"""Micro-batches of a round, at least."""

EVALUATED = 4
"""Rows that are evaluated first: what a model computed before it trains can change how it is compiled."""

ROUNDS = 32
"""Rounds for the clock, at most."""

SECONDS = 20.0
"""For so long rounds are begun: a host that others use as well changes its speed from one second to the next."""


@dataclass(frozen=True)
class Rehearsal:
    """What was measured: seconds of a micro-batch in the mean, its share of the step included; peak bytes, None on a CPU."""

    steps: int
    micro_seconds: float
    peak: int | None


def rehearse(base: Base, voice: Voice, prepared: Prepared, config: TrainConfig) -> Rehearsal:
    """Train some steps of the run that this config and these rows make; nothing is kept of them.

    The config's layout must be filled in (``training.fit.fitted``), and the backend imported. Raises ModelError, and
    OutOfMemoryError where the GPU's memory is spent.
    """
    import torch

    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    loaded = load_model(base, config)
    per_step = config.step_rows // config.at_once
    steps = max(STEPS, -(-MICRO_BATCHES // per_step))
    rows = dataset(prepared, config)
    one_round = spread(rows["length"], config, steps * per_step)
    widest = [widest_of(rows["length"], config)] * per_step
    places = [place for batch in [*widest, *one_round * (1 + ROUNDS)] for place in batch]
    marks: list[float] = []
    stop = Stop()

    def emit(event: str, **_: Any) -> None:
        if event != "step" or stop.asked:
            return
        marks.append(time.perf_counter())  # the loss has been read: the GPU is done with the step
        timed = len(marks) - 1 - steps
        if timed > 0 and timed % steps == 0 and marks[-1] - marks[steps] > SECONDS:
            stop.asked = "the clock"

    changes = {"max_steps": 1 + (1 + ROUNDS) * steps, "log_every": 1, "report": "none", "save_every": 10**9}
    with tempfile.TemporaryDirectory(prefix="tome-rehearsal-") as folder, quiet():
        trainer = make_trainer(
            loaded,
            config.model_copy(update=changes),
            voice.tokenizer,
            rows.select(places),
            collator(voice, config, loaded.device),
            Path(folder),
            emit,
            stop,
            lambda _: False,
            lambda _: False,
            Ranks(),
        )
        trainer._get_train_sampler = lambda *_: torch.utils.data.SequentialSampler(places)
        trainer._save_checkpoint = lambda *_: None
        held_out = prepared.table("eval")
        held_out = held_out.sort_by([("length", "descending")]).slice(0, EVALUATED)
        try:
            evaluate(loaded.model, held_out, voice.pad_id, config.eval_batch, loaded.device, loaded.dtype)
            trainer.train()
        except torch.cuda.OutOfMemoryError as error:
            raise OutOfMemoryError(
                f"the GPU ran out of memory in rehearsal, with {config.at_once} at once",
                mend="Lower micro_batch or max_length, set gradient_checkpointing=true, or precision=4bit.",
            ) from error
    seconds = (marks[-1] - marks[steps]) / ((len(marks) - 1 - steps) * per_step)
    return Rehearsal(len(marks), seconds, torch.cuda.max_memory_allocated() if on_gpu else None)


def spread(lengths: list[int], config: TrainConfig, count: int) -> list[list[int]]:
    """So many micro-batches of the run, evenly spread from its narrowest to its widest, as places of rows; some twice where there are few."""
    drawn = micro_batches(lengths, config)
    sizes = np.array(lengths)[drawn]
    widths = sizes.sum(axis=1) if config.packing else sizes.max(axis=1)
    # the middles of equal parts: the ends, where the longest rows are, would count too much
    middles = ((np.arange(count) + 0.5) / count * len(drawn)).astype(int)
    return [list(map(int, batch)) for batch in drawn[np.argsort(widths, kind="stable")][middles]]


def micro_batches(lengths: list[int], config: TrainConfig) -> npt.NDArray[np.int64]:
    """An epoch as a run draws it, shape (micro-batches, rows at once); what is left over at its end is left out."""
    from training.order import ByLength

    if config.group_by_length:
        order = np.array(list(ByLength(lengths, config.step_rows, config.seed, lambda: 0.0)))
    else:
        order = np.random.default_rng(config.seed).permutation(len(lengths))
    size = config.at_once
    order = np.resize(order, max(size, len(order) // size * size))
    return order.reshape(-1, size)


def widest_of(lengths: list[int], config: TrainConfig) -> list[int]:
    """The micro-batch of the longest rows: the most memory that the run may meet."""
    order = np.argsort(lengths, kind="stable")
    return [int(place) for place in np.resize(order[::-1], config.at_once)]


def told(found: Rehearsal) -> dict[str, Any]:
    """A rehearsal as the plan prints it."""
    peak = round(found.peak / GIB, 2) if found.peak is not None else None
    return {"steps": found.steps, "micro_seconds": round(found.micro_seconds, 5), "peak_gib": peak}
