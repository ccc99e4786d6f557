"""Training itself: set up, load, walk, save, and leave a folder that says truly how it ended."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curation.contract import Home
from training import checkpoints
from training.backends import Loaded, check_reporter, import_backend, load_model
from training.card import write_card
from training.collate import Packed, Padded
from training.config import TrainConfig
from training.evaluate import evaluate, pick_rows
from training.harness import check_tasks, run_tasks
from training.history import clock, evals, metrics_of
from training.out_of_memory import out_of_memory
from training.pack import packed_table
from training.push import check_token, push, push_checkpoint
from training.quiet import quiet
from training.ranks import Ranks, join
from training.run import Run, Say, begin, finish, locked, mark_killed, set_up
from training.samples import write_samples
from training.signals import listening
from training.walk import Stop, make_trainer


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
    import_backend(config.backend)
    ranks = join()
    if not ranks.main:
        say = _silent
    else:
        for killed in mark_killed(home):
            say(f"The process of run {killed} was killed; go on with it: tome train --resume --name {killed}")
    run = _set_up(source, config, home, name, resume, say, ranks)
    stop = Stop()
    with locked(run.folder) if ranks.main else nullcontext(), listening(stop):
        begin(run)
        began = time.monotonic()
        try:
            steps = _walk(run, stop, resume, say)
        except KeyboardInterrupt:
            stop.asked = stop.asked or "SIGINT"
            steps = (_last_step(run), _last_step(run))
            finish(
                run, "stopped", metrics_of(run.folder), f"stopped by {stop.asked} before a checkpoint was due"
            )
        except BaseException as error:
            finish(run, "failed", metrics_of(run.folder), str(error) or type(error).__name__)
            raise
        else:
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
    ranks.leave()
    return _result(run, steps, stop)


def _silent(_: str) -> None:
    """What the other processes say."""


def _set_up(
    source: str, config: TrainConfig, home: Home, name: str | None, resume: bool, say: Say, ranks: Ranks
) -> Run:
    """Set up in the main process first: it tokenises and names the run, the others find it done."""
    run = None
    if ranks.main:
        run = set_up(source, config, home, name=name, resume=resume, say=say, ranks=ranks)
    chosen = ranks.same(run.folder.name if run else None)
    run = run or set_up(source, config, home, name=chosen, resume=resume, say=say, ranks=ranks)
    run.config = ranks.same(run.config)  # the same layout everywhere
    return run


def _walk(run: Run, stop: Stop, resume: bool, say: Say) -> tuple[int, int]:
    """Run the steps; returns (steps done, steps planned)."""
    import torch

    config = run.config
    say(f"Loading {run.base.name} ({config.backend}).")
    run.emit("load", model=run.base.name, backend=config.backend)
    loaded = load_model(run.base, config)
    table = pick_rows(run.prepared.table("eval"), config.eval_rows, config.seed)

    def evaluation(step: int) -> bool:
        enough = _evaluation(run, loaded, table, step, say) if run.ranks.main else False
        return bool(run.ranks.same(enough))

    last = _checkpoint(run, say) if resume else None
    trainer = None
    try:
        if last is None and not resume:
            evaluation(0)
        trainer = make_trainer(
            loaded,
            config,
            run.voice.tokenizer,
            dataset(run),
            collator(run, loaded.device),
            run.folder,
            _shown(run, say),
            stop,
            evaluation,
            lambda step: bool(run.ranks.same(step not in dict(evals(run.folder)))),
            run.ranks,
        )
        with quiet():
            trainer.train(resume_from_checkpoint=str(last) if last else None)
    except torch.cuda.OutOfMemoryError as error:
        raise out_of_memory(run, trainer.state.global_step if trainer else 0) from error
    ended = not stop.asked or trainer.state.global_step >= trainer.state.max_steps
    if ended and run.ranks.main:
        with quiet():
            loaded.model.save_pretrained(run.folder / run.info.adapter, safe_serialization=True)
            run.voice.tokenizer.save_pretrained(run.folder / run.info.adapter)
        if config.samples:
            _samples(run, loaded.model, loaded.device, table, say)
        if config.lm_eval:
            say(f"Running {', '.join(config.lm_eval)}.")
            run.emit("lm_eval", scores=run_tasks(loaded.model, run.voice.tokenizer, config))
    return trainer.state.global_step, trainer.state.max_steps


def dataset(run: Run) -> Any:
    """The rows to train on, packed or not, memory-mapped, as the ``datasets`` library has them."""
    import datasets

    table = run.prepared.table("train")
    if run.config.packing:
        table = packed_table(table, run.config.max_length, run.prepared.folder / "packed.arrow")
    return datasets.Dataset(datasets.table.InMemoryTable(table)).with_format("numpy")


def collator(run: Run, device: str) -> Packed | Padded:
    """What makes batches of the rows."""
    if run.config.packing:
        return Packed(lengths_too=run.config.backend == "unsloth")
    return Padded(run.voice.pad_id, 8 if device == "cuda" else 1)


def _checkpoint(run: Run, say: Say) -> Path | None:
    last, torn = checkpoints.newest_whole(run.folder / "checkpoints")
    for path in torn:
        run.emit("torn", checkpoint=path.name)
        say(f"{path.name} is torn and was passed over.")
    say(
        f"Going on from step {checkpoints.step_of(last)}." if last else "No whole checkpoint: from the start."
    )
    run.emit("resume", step=checkpoints.step_of(last) if last else 0)
    return last


def _evaluation(run: Run, loaded: Loaded, table: Any, step: int, say: Say) -> bool:
    """Evaluate, write the event, and say whether to stop early."""
    began = time.monotonic()
    scores = evaluate(
        loaded.model, table, run.voice.pad_id, run.config.eval_batch, loaded.device, loaded.dtype
    )
    run.emit("eval", step=step, seconds=round(time.monotonic() - began, 2), **scores)
    say(f"step {step}: eval loss {scores['loss']:.4f} on {scores['rows']} rows")
    patience = run.config.early_stopping
    losses = [loss for at, loss in evals(run.folder) if at > 0]
    if patience and len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience]):
        run.emit("early_stop", step=step, best=min(losses))
        say(f"step {step}: no better eval loss in {patience} evaluations; stopping early.")
        return True
    return False


def _samples(run: Run, model: Any, device: str, table: Any, say: Say) -> None:
    """Ask base and tuned model the same questions, the shortest ones first, one per category at first."""
    say("Asking the base and the tuned model the same questions.")
    rows = sorted(
        zip(
            table["length"].to_pylist(),
            [name or "" for name in table["category"].to_pylist()],
            table["id"].to_pylist(),
            strict=True,
        )
    )
    firsts = {row[1]: row for row in reversed(rows)}  # the shortest of each category
    chosen = [row[2] for row in dict.fromkeys([*sorted(firsts.values()), *rows])][: run.config.samples]
    longest = run.config.sample_tokens
    samples = write_samples(run.folder, model, run.export, run.voice, chosen, device, longest)
    run.emit("samples", count=len(samples))


def _last_step(run: Run) -> int:
    return int(metrics_of(run.folder)["steps"])


def _shown(run: Run, say: Say) -> Any:
    """Writes an event and says a line about it."""

    def emit(event: str, **fields: Any) -> None:
        run.emit(event, **fields)
        if event == "step":
            left = f", {clock(fields['left'])} left" if fields["left"] is not None else ""
            say(
                f"step {fields['step']}/{fields['total']}  loss {fields['loss']}  "
                f"{fields['tokens_per_second']:.0f} tokens/s{left}"
            )
        elif event == "checkpoint":
            say(f"step {fields['step']}: checkpoint written")
            _to_hub(run, fields["checkpoint"], say)

    return emit


def _to_hub(run: Run, checkpoint: str, say: Say) -> None:
    """Store a checkpoint on the Hub where the config names a repo; a Hub that fails doesn't end the run."""
    if run.config.hub_repo:
        path = run.folder / "checkpoints" / checkpoint
        error = push_checkpoint(path, run.config.hub_repo, run.config.hub_private)
        run.emit("push", checkpoint=checkpoint, repo=run.config.hub_repo, error=error)
        if error:
            say(f"{checkpoint} didn't get to the Hub ({error}); it is kept here, and training goes on.")


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
