"""The course of a run: load the model, look at it, run the steps, look again, and save what was learnt."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from training import checkpoints
from training.backends import Loaded, load_model
from training.collate import Packed, Padded
from training.config import TrainConfig
from training.evaluate import evaluate, pick_rows
from training.harness import run_tasks
from training.history import clock, evals
from training.models import Voice
from training.out_of_memory import out_of_memory
from training.pack import packed_table
from training.prepare import Prepared
from training.push import push_checkpoint
from training.quiet import quiet
from training.run import Run, Say
from training.samples import write_samples
from training.walk import Stop, make_trainer


def walk(run: Run, stop: Stop, resume: bool, say: Say) -> tuple[int, int]:
    """Load the model, run the steps, save the adapter; returns (steps done, steps planned)."""
    import torch

    config = run.config
    say(f"Loading {run.base.name} ({config.backend}).")
    run.emit("load", model=run.base.name, backend=config.backend)
    loaded = load_model(run.base, config)
    table = pick_rows(run.prepared.table("eval"), config.eval_rows, config.seed)

    def evaluation(step: int) -> bool:
        return bool(run.ranks.same(_evaluation(run, loaded, table, step, say)))

    last = _checkpoint(run, say) if resume else None
    trainer = None
    try:
        if last is None and not resume:
            evaluation(0)
        trainer = make_trainer(
            loaded,
            config,
            run.voice.tokenizer,
            dataset(run.prepared, config),
            collator(run.voice, config, loaded.device),
            run.folder,
            _shown(run, say),
            stop,
            evaluation,
            lambda step: bool(run.ranks.same(step not in dict(evals(run.folder)))),
            run.ranks,
        )
        with quiet():
            if last and (state := _ended(last)):
                trainer.state = state
                trainer._load_from_checkpoint(str(last))
                if run.ranks.same(state.global_step not in dict(evals(run.folder))):
                    evaluation(state.global_step)
            else:
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


def dataset(prepared: Prepared, config: TrainConfig) -> Any:
    """The rows to train on, packed or not, memory-mapped, as the ``datasets`` library has them."""
    import datasets

    table = prepared.table("train")
    if config.packing:
        table = packed_table(table, config.max_length, prepared.folder / "packed.arrow")
    return datasets.Dataset(datasets.table.InMemoryTable(table)).with_format("numpy")


def collator(voice: Voice, config: TrainConfig, device: str) -> Packed | Padded:
    """What makes batches of the rows."""
    if config.packing:
        return Packed(config.backend == "unsloth", voice.pad_id, 64 if device == "cuda" else 1)
    return Padded(voice.pad_id, 8 if device == "cuda" else 1)


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


def _ended(checkpoint: Path) -> Any:
    """The trainer's state in a checkpoint of the last step, None in any other: the library would run one step more."""
    from transformers import TrainerState

    state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
    return state if state.global_step >= state.max_steps else None


def _evaluation(run: Run, loaded: Loaded, table: Any, step: int, say: Say) -> bool:
    """Evaluate, all processes together; the main one writes the event and says whether to stop early."""
    began = time.monotonic()
    scores = evaluate(
        loaded.model, table, run.voice.pad_id, run.config.eval_batch, loaded.device, loaded.dtype, run.ranks
    )
    if not run.ranks.main:
        return False
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
