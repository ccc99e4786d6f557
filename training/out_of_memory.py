"""What to say when the memory of the GPU is spent: what the plan had foreseen, and what to lower."""

from __future__ import annotations

from training.errors import OutOfMemoryError
from training.memory import GIB, memory
from training.plan import fitting_batch, widest
from training.run import Run
from training.shape import shape_of


def out_of_memory(run: Run, step: int) -> OutOfMemoryError:
    """The error for a run that ran out of memory after this step, with the plan's numbers."""
    import torch

    config = run.config
    room = (
        torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory
        if torch.cuda.is_available()
        else 0
    )
    shape = shape_of(run.base.path, config)
    lengths = run.prepared.table("train")["length"].to_pylist()
    parts = memory(shape, config, "cuda", widest(lengths, config))
    told = ", ".join(f"{part} {size / GIB:.1f}" for part, size in parts.items())
    fits = fitting_batch(lengths, shape, config, "cuda", room)
    if fits and fits < config.at_once:
        lower = f"micro_batch={fits} should fit"
    else:
        lower = "lower micro_batch or max_length"
    if not config.recomputes:
        lower += ", or set gradient_checkpointing=true"
    if config.precision == "16bit":
        lower += ", or precision=4bit"
    return OutOfMemoryError(
        f"the GPU ran out of memory after step {step}: it has {room / GIB:.1f} GiB, the plan counts "
        f"{sum(parts.values()) / GIB:.1f} GiB ({told})",
        where=str(run.folder),
        mend=f"To mend: {lower}. The last checkpoint is whole.",
    )
