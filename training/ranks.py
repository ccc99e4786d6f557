"""Several processes that train one model together (DDP under torchrun or accelerate launch), or just this one.

The first process alone writes and speaks; what must be the same everywhere is decided there and told to the others.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ranks:
    """This process's place among all of them."""

    rank: int = 0
    world: int = 1

    @property
    def main(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def same(self, value: Any) -> Any:
        """The main process's value, everywhere. All processes must call it; it waits for them."""
        if self.world == 1:
            return value
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process. All must call it."""
        if self.world == 1:
            return flag
        import torch
        import torch.distributed as dist

        device = "cuda" if dist.get_backend() == "nccl" else "cpu"
        found = torch.tensor([int(flag)], device=device)
        dist.all_reduce(found, op=dist.ReduceOp.MAX)
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


def join() -> Ranks:
    """Join the group that torchrun or accelerate set up, if there is one."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return Ranks()
    import torch
    from accelerate import PartialState

    cpu = not torch.cuda.is_available()
    PartialState(cpu=cpu, **({"backend": "gloo"} if cpu else {}))
    return Ranks(int(os.environ["RANK"]), world)
