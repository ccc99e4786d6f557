"""Several processes that train one model together (DDP under torchrun or accelerate launch), or just this one.

The first process alone writes and speaks; what must be the same everywhere is decided there and told to the others.
They wait for one another over gloo, without a time limit: the cards' own group (NCCL) gives up after ten minutes, and an
evaluation, samples or a push may take longer. A process that is lost is noticed at once all the same, since its
connections close.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from training.errors import ConfigError, LostProcessError

PATIENCE = timedelta(days=30)
"""How long processes wait for one another before they give up: longer than any run's evaluation."""


@dataclass(frozen=True)
class Ranks:
    """This process's place among all of them, and the group in which they wait for one another."""

    rank: int = 0
    world: int = 1
    group: Any = None

    @property
    def main(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def same(self, value: Any) -> Any:
        """The main process's value, everywhere. All processes must call it; it waits for them."""
        if self.world == 1:
            return value
        import torch.distributed as dist

        values = [value]
        with lost_ones_named():
            dist.broadcast_object_list(values, src=0, group=self.group)
        return values[0]

    def gathered(self, value: Any) -> list[Any]:
        """Each process's value, in order of ranks, everywhere. All must call it."""
        if self.world == 1:
            return [value]
        import torch.distributed as dist

        values: list[Any] = [None] * self.world
        with lost_ones_named():
            dist.all_gather_object(values, value, group=self.group)
        return values

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process. All must call it."""
        if self.world == 1:
            return flag
        import torch
        import torch.distributed as dist

        found = torch.tensor([int(flag)])
        with lost_ones_named():
            dist.all_reduce(found, op=dist.ReduceOp.MAX, group=self.group)
        return bool(found.item())

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.same(None)

    def leave(self) -> None:
        """Leave the group; without it a process may wait for the others for ever when it ends."""
        if self.world > 1:
            import torch.distributed as dist

            self.wait()
            dist.destroy_process_group()


def take_card() -> None:
    """Make this process's own GPU its current one; before any library that would take the first one.

    Raises ConfigError where there are more processes than GPUs.
    """
    import torch

    place = int(os.environ.get("LOCAL_RANK", "0"))
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or not torch.cuda.is_available():
        return
    cards = torch.cuda.device_count()
    if place >= cards:
        raise ConfigError(
            f"there is no GPU for process {place + 1}: {cards} can be seen here",
            mend=f"Start as many processes as there are GPUs: torchrun --nproc_per_node {cards} ...",
        )
    torch.cuda.set_device(place)


def join() -> Ranks:
    """Join the group that torchrun or accelerate set up, if there is one."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return Ranks()
    import torch
    import torch.distributed as dist
    from accelerate import PartialState

    cpu = not torch.cuda.is_available()
    PartialState(cpu=cpu, **({"backend": "gloo"} if cpu else {}))
    return Ranks(int(os.environ["RANK"]), world, dist.new_group(backend="gloo", timeout=PATIENCE))


@contextmanager
def lost_ones_named() -> Iterator[None]:
    """Turn the error of a closed connection into LostProcessError; other errors pass as they are."""
    try:
        yield
    except RuntimeError as error:
        if not _of_a_closed_connection(error):
            raise
        raise LostProcessError(
            "another process of this run ended before its time",
            mend="Its own message, above or below, says why. Then go on with --resume.",
        ) from error


def _of_a_closed_connection(error: RuntimeError) -> bool:
    import torch.distributed as dist

    text = str(error)
    return isinstance(error, dist.DistError) or "gloo" in text or "Connection closed by peer" in text
