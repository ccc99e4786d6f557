"""One process of several that trains as ``tome train`` does, until something happens to it at its n-th evaluation.

torchrun --nproc_per_node 2 tests/training/ddp_mischief.py CONFIG NAME WHAT RANK CALL [resume]
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from curation.contract import Home, TomeError
from training import course
from training.config import load_config
from training.train import train


def happens(what: str, model: Any) -> None:
    """What befalls this process."""
    if what == "nan":
        import torch

        with torch.no_grad():
            next(p for p in model.parameters() if p.requires_grad).fill_(float("nan"))
    elif what == "lost":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "broken":
        raise ValueError("this card is broken")
    elif what == "term":  # as a scheduler does it: the process itself, and its launcher, which hands it on
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getppid(), signal.SIGTERM)
        signal.sigtimedwait([], 0.5)


def main() -> int:
    """Train; exit with 2 after a TomeError, told on stderr."""
    config, name, what, rank, call = sys.argv[1:6]
    evaluate, calls = course.evaluate, 0

    def watched(model: Any, *rest: Any) -> dict[str, Any]:
        nonlocal calls
        scores = evaluate(model, *rest)
        if os.environ["RANK"] == rank and calls == int(call):
            happens(what, model)
        calls += 1
        return scores

    course.evaluate = watched
    try:
        train("small", load_config(config), Home.find(), name=name, resume=sys.argv[6:] == ["resume"])
    except TomeError as error:
        print(f"rank {os.environ['RANK']}: {error}", file=sys.stderr, flush=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
