"""How a run is laid out in memory: rows at once and layers recomputed, chosen from the plan where the config says auto.

The rows of a step stay the same whatever is chosen, so the mathematics do too. Of all layouts that fit, the fastest one
by the plan is taken; among those as fast as it (within two per cent) the one that recomputes least, then the smallest.
"""

from __future__ import annotations

from collections.abc import Iterator

from training.config import TrainConfig
from training.memory import GIB, memory, recomputed
from training.plan import Speed, micro_seconds, widest
from training.shape import Shape

SPARE = 0.9
"""Share of a GPU's memory that a run may fill: the rest is for the driver and for gaps between tensors."""

AS_FAST = 1.02

TYPICAL = Speed(product=7e14, call=2.4e-5)
"""A large GPU and its host, where none can be measured. Only comparisons between layouts depend on it."""


def room_of(config: TrainConfig) -> int | None:
    """Bytes of GPU memory that the run may take; None without a GPU."""
    import torch

    if not torch.cuda.is_available():
        return None
    if config.gpu_memory:
        return int(config.gpu_memory * GIB)
    return int(SPARE * torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory)


def fitted(
    config: TrainConfig, lengths: list[int], shape: Shape, room: int | None, speed: Speed = TYPICAL
) -> TrainConfig:
    """The config with ``micro_batch``, ``gradient_checkpointing`` and ``checkpoint_layers`` filled in.

    ``room`` is the GPU's memory in bytes, None on a CPU, where all of ``batch`` is computed at once; ``speed`` is what
    ``training.plan.measured_speed`` found. Where nothing fits, the smallest is taken.
    """
    if room is None:
        return config.model_copy(
            update={"micro_batch": config.at_once, "gradient_checkpointing": config.recomputes}
        )
    mean = sum(lengths) / max(len(lengths), 1)
    costs: list[tuple[float, int, TrainConfig]] = []
    for trial in layouts(config, shape):
        tokens = widest(lengths, trial)
        need = sum(memory(shape, trial, "cuda", tokens).values())
        costs.append((micro_seconds(shape, trial, tokens, mean, speed) / tokens, need, trial))
    fitting = [cost for cost in costs if cost[1] <= room]
    if not fitting:
        return min(costs, key=lambda cost: cost[1])[2]
    limit = AS_FAST * min(cost[0] for cost in fitting)
    return min(
        (cost for cost in fitting if cost[0] <= limit),
        key=lambda cost: (recomputed(shape, cost[2]), cost[1]),
    )[2]


def layouts(config: TrainConfig, shape: Shape) -> Iterator[TrainConfig]:
    """All layouts that the config leaves open."""
    rows = config.step_rows
    sizes = [config.micro_batch] if config.micro_batch else [n for n in range(1, rows + 1) if rows % n == 0]
    for size in sizes:
        for layers in _recomputable(config, shape):
            yield config.model_copy(
                update={
                    "micro_batch": size,
                    "gradient_checkpointing": layers > 0,
                    "checkpoint_layers": layers if 0 < layers < shape.layers else None,
                }
            )


def _recomputable(config: TrainConfig, shape: Shape) -> list[int]:
    """How many layers may be recomputed: a said number, or none, or any number under auto."""
    if config.gradient_checkpointing == "auto":
        partly = config.backend == "unsloth" and config.precision != "full"
        return list(range(shape.layers + 1)) if partly else [0, shape.layers]
    if not config.gradient_checkpointing:
        return [0]
    return [min(config.checkpoint_layers or shape.layers, shape.layers)]
