"""What a run will need: steps, tokens, memory, disk and time, from the real lengths, before it starts.

Memory is counted in ``training.memory``. Time is the arithmetic of the run (after Kaplan et al.
2020: 2 operations per weight and token forward, and as many again for each backward part that is needed)
over the speed of a matrix product measured here, times the share of it that training reaches. That is an estimate;
``training.rehearsal`` measures the time instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from training.config import TrainConfig
from training.memory import GIB, STATE, memory, recomputed
from training.pack import bins
from training.shape import Shape

SHARE = {"cpu": 0.65, "unsloth": 0.48, "plain": 0.18}
"""Share of a plain matrix product's speed that the arithmetic of a step reaches: on a CPU, and on a GPU by backend."""

CALLS = {"unsloth": 310, "plain": 620}
"""How many small operations' time the host takes to start one layer's work, forward and backward, on a micro-batch."""

RECOMPUTED_CALLS = 0.29
"""How many more of them for a layer that is recomputed."""

FOUR_BIT_CALLS = 0.26
"""How many more of them for a layer in 4 bit, whose weights are unpacked for each product."""


@dataclass(frozen=True)
class Speed:
    """What a machine does: operations per second in a matrix product, seconds per small operation started."""

    product: float
    call: float = 0.0


@dataclass(frozen=True)
class Plan:
    """A prediction. Memory and disk in bytes, time in seconds; ``memory_parts`` sum to ``memory``."""

    rows: int
    sequences: int
    tokens: int
    padding: float
    """Share of the computed tokens that is padding."""
    steps: int
    memory: int
    memory_parts: dict[str, int]
    disk: int
    seconds: float | None
    tokens_per_second: float | None


def plan(
    lengths: list[int],
    shape: Shape,
    config: TrainConfig,
    device: str,
    speed: Speed | None = None,
    processes: int = 1,
    rehearsed: float | None = None,
) -> Plan:
    """Predict a run over rows of these lengths (tokens).

    ``device`` is cpu or cuda; ``speed`` is what ``measured_speed`` found on it, None where no time is to be
    predicted; ``rehearsed`` are the seconds of a micro-batch that ``training.rehearsal`` measured, which are taken instead.
    Memory is that of each of the ``processes``; their talk among themselves is not counted in the time.
    """
    sequences, computed = _sequences(lengths, config)
    micro_batches = math.ceil(sequences / config.at_once)
    per_step = config.step_rows * processes
    steps = config.max_steps or math.ceil(math.ceil(sequences / per_step) * config.epochs)
    share = steps * per_step / max(sequences, 1)
    tokens = round(sum(lengths) * share)
    parts = memory(shape, config, device, widest(lengths, config))
    seconds = rate = None
    if rehearsed:
        seconds = rehearsed * micro_batches * share
    elif speed:
        each = computed / max(sequences, 1)
        if device == "cuda":
            one = micro_seconds(shape, config, computed / max(micro_batches, 1), each, speed)
            seconds = one * micro_batches * share
        else:
            seconds = operations(shape, config, each) * computed * share / (speed.product * SHARE["cpu"])
    if seconds:
        seconds /= processes
        rate = tokens / seconds
    trained = shape.parameters if config.precision == "full" else shape.lora
    state = 4 + (STATE.get(config.optimizer) or 8)
    saved = min(config.keep, steps // config.save_every + 1)
    disk = trained * (state * saved + 4) + sum(lengths) * 8 * (2 if config.packing else 1)
    return Plan(
        rows=len(lengths),
        sequences=sequences,
        tokens=tokens,
        padding=round(1 - sum(lengths) / max(computed, 1), 4),
        steps=steps,
        memory=sum(parts.values()),
        memory_parts=parts,
        disk=disk,
        seconds=round(seconds, 1) if seconds is not None else None,
        tokens_per_second=round(rate, 1) if rate is not None else None,
    )


def operations(shape: Shape, config: TrainConfig, length: float) -> float:
    """Floating point operations per token of a training step."""
    forward = 2 * (shape.linear + shape.head) + 2 * shape.layers * shape.attention * length
    passes = 3 if config.precision == "full" else 2  # frozen weights need no gradient of their own
    again = (forward - 2 * shape.head) * recomputed(shape, config) / shape.layers
    return forward * passes + again


def micro_seconds(shape: Shape, config: TrainConfig, tokens: float, length: float, speed: Speed) -> float:
    """Seconds on a GPU for one micro-batch of so many tokens, in rows of ``length``.

    The host starts the work while the GPU computes, so the longer of the two counts, and a little of the other: they
    are added as cubes, which meets the runs in docs/performance.md.
    """
    if config.backend == "plain" and config.packing:
        length = 2 * tokens  # one mask over all of it, and no kernel that skips what it hides
    computing = operations(shape, config, length) * tokens / (speed.product * SHARE[config.backend])
    layers = shape.layers + RECOMPUTED_CALLS * recomputed(shape, config)
    if config.precision == "4bit":
        layers += FOUR_BIT_CALLS * shape.layers
    starting = CALLS[config.backend] * layers * speed.call
    return float((computing**3 + starting**3) ** (1 / 3))


def fitting_batch(
    lengths: list[int], shape: Shape, config: TrainConfig, device: str, room: int
) -> int | None:
    """The largest power of two for ``batch`` whose peak memory fits into ``room`` bytes; None where 1 doesn't."""
    best = None
    for power in range(11):
        trial = config.model_copy(update={"batch": 2**power, "micro_batch": 2**power})
        if sum(memory(shape, trial, device, widest(lengths, trial)).values()) > room:
            break
        best = 2**power
    return best


def measured_speed(device: str, dtype: str) -> Speed:
    """The speed of this machine, measured for a moment: a large matrix product, and many small operations."""
    import time

    import torch

    def wait() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    size = 1024 if device == "cpu" else 8192
    left = torch.randn(size, size, dtype=getattr(torch, dtype), device=device)
    left @ left
    best = 0.0
    for _ in range(5):
        wait()
        began = time.perf_counter()
        left @ left
        wait()
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    del left
    small = torch.ones(8, 8, device=device, requires_grad=True)
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        total = small
        for _ in range(200):
            total = total * small
        total.sum().backward()
        wait()
        taken.append((time.perf_counter() - began) / 400)
    return Speed(best, min(taken))


def _sequences(lengths: list[int], config: TrainConfig) -> tuple[int, int]:
    """How many sequences there are, and how many tokens are computed, padding included."""
    if config.packing:
        return len(bins(lengths, config.max_length)), sum(lengths)
    ordered = sorted(lengths) if config.group_by_length else lengths
    size = config.at_once
    batches = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return len(lengths), sum(max(batch) * len(batch) for batch in batches)


def widest(lengths: list[int], config: TrainConfig) -> int:
    """Tokens of the largest micro-batch that the run may meet."""
    if config.packing:
        return config.max_length * config.at_once
    return max(lengths, default=0) * config.at_once


def as_json(found: Plan) -> dict[str, Any]:
    """A plan as the command prints it."""
    values = dict(found.__dict__)
    values["memory_gib"] = round(found.memory / GIB, 2)
    values["disk_gib"] = round(found.disk / GIB, 2)
    return values
