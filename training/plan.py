"""What a run will need: steps, tokens, memory, disk and time, from the real lengths, before it starts.

Memory is counted part by part: weights, LoRA with its gradients and optimizer states, activations that
are kept for the backward pass, and the head's share. Time is the arithmetic of the run (after Kaplan et al.
2020: 2 operations per weight and token forward, and as many again for each backward part that is needed)
over the speed of a matrix product measured here, times the share of it that training reaches.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from training.config import TrainConfig
from training.pack import bins
from training.shape import Shape

GIB = 2**30

SHARE = {"cpu": 0.65, "cuda": 0.25}
"""Share of a plain matrix product's speed that a training step reaches, LoRA with Unsloth; see docs/performance.md."""

PLAIN_SLOWER = 2.3
"""How much longer plain transformers + peft take than Unsloth on a GPU."""

KEPT = {"unsloth": (7.0, 2.25), "plain": (16.0, 5.0)}
"""Values kept for backward per token and layer, in widths of (hidden, intermediate), without checkpointing.

Unsloth's were fitted to one H200 and a 1B shape (19.04 GiB without checkpointing, 4.10 GiB with)."""

CHUNK = {"unsloth": 700, "plain": 2048}
"""Tokens whose logits are computed at once; both backends' fused losses bound them. Unsloth's as fitted, see above."""

OPTIMIZER_BYTES = {"adamw_8bit": 2, "paged_adamw_8bit": 2}
"""Bytes of optimizer state per trained weight; 8 (two float32) for all others."""


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
    lengths: list[int], shape: Shape, config: TrainConfig, device: str, speed: float | None = None
) -> Plan:
    """Predict a run over rows of these lengths (tokens).

    ``device`` is cpu or cuda; ``speed`` is the rate of a matrix product on it in operations per second, None
    where no time is to be predicted.
    """
    sequences, computed = _sequences(lengths, config)
    per_step = config.batch * config.accumulation
    steps = config.max_steps or math.ceil(math.ceil(sequences / per_step) * config.epochs)
    share = steps * per_step / max(sequences, 1)
    tokens = round(sum(lengths) * share)
    widest = _widest_batch(lengths, config)
    parts = memory(shape, config, device, widest)
    seconds = rate = None
    if speed:
        slower = PLAIN_SLOWER if config.backend == "plain" and device == "cuda" else 1.0
        work = operations(shape, config, computed / max(sequences, 1)) * computed * share
        seconds = work * slower / (speed * SHARE[device])
        rate = tokens / seconds if seconds else None
    trained = shape.parameters if config.precision == "full" else shape.lora
    state = 4 + (OPTIMIZER_BYTES.get(config.optimizer) or 8)
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


def memory(shape: Shape, config: TrainConfig, device: str, tokens: int) -> dict[str, int]:
    """Peak memory in bytes, part by part, for a micro-batch of so many tokens."""
    compute = 4 if (device == "cpu" and config.dtype == "auto") or config.dtype == "float32" else 2
    four_bit = config.precision == "4bit"
    # NF4 with double quantisation: 4 bit a weight and 0.127 bit for its block's scale (Dettmers et al. 2023)
    linear = shape.linear * (4.127 / 8 if four_bit else compute)
    weights = linear + (shape.parameters - shape.linear) * compute
    full = config.precision == "full"
    trained = shape.parameters if full else shape.lora
    state = OPTIMIZER_BYTES.get(config.optimizer, 8) + (compute if full else 4)  # states and gradient
    training = trained * state + (0 if full else trained * 4)
    hidden, inner = KEPT[config.backend]
    layer = (hidden * shape.hidden + inner * shape.intermediate) * compute * tokens
    if config.gradient_checkpointing:
        # only each layer's input is kept (Unsloth moves it to the host's memory), and one layer at a time
        inputs = 0 if config.backend == "unsloth" and device == "cuda" else shape.layers * shape.hidden
        activations = layer + inputs * compute * tokens
    else:
        activations = layer * shape.layers
    head = (
        min(tokens, CHUNK[config.backend]) * shape.vocabulary * (4 + compute)
        + 2 * shape.hidden * tokens * compute
    )
    return {
        "weights": round(weights),
        "lora and optimizer": round(training),
        "activations": round(activations),
        "head": round(head),
    }


def operations(shape: Shape, config: TrainConfig, length: float) -> float:
    """Floating point operations per token of a training step."""
    forward = 2 * (shape.linear + shape.head) + 2 * shape.layers * shape.attention * length
    passes = 3 if config.precision == "full" else 2  # frozen weights need no gradient of their own
    return forward * (passes + config.gradient_checkpointing)


def fitting_batch(
    lengths: list[int], shape: Shape, config: TrainConfig, device: str, room: int
) -> int | None:
    """The largest power of two for ``batch`` whose peak memory fits into ``room`` bytes; None where 1 doesn't."""
    best = None
    for power in range(11):
        trial = config.model_copy(update={"batch": 2**power})
        if sum(memory(shape, trial, device, _widest_batch(lengths, trial)).values()) > room:
            break
        best = 2**power
    return best


def measured_speed(device: str, dtype: str) -> float:
    """Operations per second of a matrix product on this machine, measured for a moment."""
    import time

    import torch

    size = 1024 if device == "cpu" else 8192
    left = torch.randn(size, size, dtype=getattr(torch, dtype), device=device)
    left @ left
    best = 0.0
    for _ in range(5):
        if device == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        left @ left
        if device == "cuda":
            torch.cuda.synchronize()
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def _sequences(lengths: list[int], config: TrainConfig) -> tuple[int, int]:
    """How many sequences there are, and how many tokens are computed, padding included."""
    if config.packing:
        return len(bins(lengths, config.max_length)), sum(lengths)
    ordered = sorted(lengths) if config.group_by_length else lengths
    batches = [ordered[start : start + config.batch] for start in range(0, len(ordered), config.batch)]
    return len(lengths), sum(max(batch) * len(batch) for batch in batches)


def _widest_batch(lengths: list[int], config: TrainConfig) -> int:
    """Tokens of the largest micro-batch that the run may meet."""
    if config.packing:
        return config.max_length * config.batch
    return max(lengths, default=0) * config.batch


def as_json(found: Plan) -> dict[str, Any]:
    """A plan as the command prints it."""
    values = dict(found.__dict__)
    values["memory_gib"] = round(found.memory / GIB, 2)
    values["disk_gib"] = round(found.disk / GIB, 2)
    return values
