"""Training from start to end: set up, walk, and leave a folder that says truly how it ended."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from curation.contract import Home
from training.backends import check_reporter, import_backend
from training.card import write_card
from training.config import TrainConfig
from training.course import walk
from training.errors import LostProcessError
from training.fit import room_of
from training.folders import locked, mark_killed
from training.harness import check_tasks
from training.history import metrics_of
from training.push import check_token, push
from training.ranks import Ranks, join, lost_ones_named, take_card
from training.run import Run, Say, begin, end, ended_elsewhere, finish, set_up
from training.signals import listening
from training.walk import Stop


@dataclass
class Result:
    """How a run ended. ``steps`` counts all steps of the run, those before a resume too."""

    run: str
    state: str
    folder: str
    steps: int
    total_steps: int
    loss_first: float | None
    loss_last: float | None
    eval_loss: float | None
    eval_loss_base: float | None
    eval_by_category: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    tokens_per_second: float | None = None
    warnings: dict[str, Any] = field(default_factory=dict)
    signal: str | None = None


def train(
    source: str,
    config: TrainConfig,
    home: Home,
    *,
    name: str | None = None,
    resume: bool = False,
    say: Say = lambda _: None,
) -> Result:
    """Train on an export and write the run folder. The state of a stopped run is "stopped", not an error.

    Raises the errors in ``training.errors``; ``run.json`` then says "failed" and why.
    """
    if config.hub_repo:
        check_token()
    check_reporter(config.report)
    check_tasks(config)
    take_card()
    import_backend(config.backend)
    ranks = join()
    if not ranks.main:
        say = _silent
    else:
        for killed in mark_killed(home):
            say(f"The process of run {killed} was killed; go on with it: tome train --resume --name {killed}")
    run = _set_up(source, config, home, name, resume, say, ranks)
    stop = Stop()
    orderly = False
    with locked(run.folder) if ranks.main else nullcontext(), listening(stop, alone=ranks.world == 1):
        begin(run)
        ranks.wait()
        began = time.monotonic()
        try:
            with lost_ones_named():
                steps = walk(run, stop, resume, say)
        except KeyboardInterrupt:
            stop.asked = stop.asked or "SIGINT"
            steps = (_last_step(run), _last_step(run))
            end(run, "stopped", f"stopped by {stop.asked} before a checkpoint was due")
        except LostProcessError as error:
            told = ended_elsewhere(run)
            if told is None or told.state != "stopped":
                end(run, "failed", str(error))
                if told and told.error:
                    raise LostProcessError(told.error, mend=error.mend) from error
                raise
            run.info, stop.asked = told, stop.asked or "SIGTERM"
            steps = (_last_step(run), _last_step(run))
        except BaseException as error:
            end(run, "failed", str(error) or type(error).__name__)
            raise
        else:
            orderly = True
            metrics = {**metrics_of(run.folder), "seconds": round(time.monotonic() - began, 1)}
            if steps[0] >= steps[1]:
                stop.asked = None  # the wish came with the last step: nothing was left to stop
            stopped = f"stopped by {stop.asked}; a checkpoint was written" if stop.asked else None
            finish(run, "stopped" if stop.asked else "done", metrics, stopped)
        if ranks.main:
            write_card(run.folder, run.info)
            if config.hub_repo and run.info.state == "done":
                say(f"Pushing the adapter to {config.hub_repo}.")
                push(
                    run.folder,
                    run.info,
                    config.hub_repo,
                    what=run.folder / run.info.adapter,
                    private=config.hub_private,
                )
    if orderly:
        ranks.leave()
    return _result(run, steps, stop)


def _silent(_: str) -> None:
    """What the other processes say."""


def _set_up(
    source: str, config: TrainConfig, home: Home, name: str | None, resume: bool, say: Say, ranks: Ranks
) -> Run:
    """Set up in the main process first: it tokenises and names the run, the others find it done."""
    rooms = [room for room in ranks.gathered(room_of(config)) if room is not None]
    room = min(rooms, default=None)  # the same layout everywhere: that of the smallest card
    run = None
    if ranks.main:
        run = set_up(source, config, home, name=name, resume=resume, say=say, ranks=ranks, room=room)
    chosen = ranks.same(run.folder.name if run else None)
    run = run or set_up(source, config, home, name=chosen, resume=resume, say=say, ranks=ranks, room=room)
    run.config = ranks.same(run.config)  # the same layout everywhere
    return run


def _last_step(run: Run) -> int:
    return int(metrics_of(run.folder)["steps"])


def _result(run: Run, steps: tuple[int, int], stop: Stop) -> Result:
    metrics = run.info.metrics
    last, base = metrics.get("eval", {}), metrics.get("eval_base", {})
    return Result(
        run=run.folder.name,
        state=run.info.state,
        folder=str(run.folder),
        steps=steps[0],
        total_steps=steps[1],
        loss_first=metrics.get("loss_first"),
        loss_last=metrics.get("loss_last"),
        eval_loss=last.get("loss"),
        eval_loss_base=base.get("loss"),
        eval_by_category={name: part["loss"] for name, part in last.get("categories", {}).items()},
        seconds=metrics.get("seconds", 0.0),
        tokens_per_second=metrics.get("tokens_per_second"),
        warnings=run.info.warnings,
        signal=stop.asked,
    )
