"""The training loop's own parts: trl's SFTTrainer with our batches, our checkpoints and our events."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curation.contract import TomeError
from training import checkpoints
from training.backends import Loaded
from training.config import TrainConfig
from training.errors import NotANumberError
from training.ranks import Ranks

Emit = Callable[..., None]
"""Called with an event's name and its fields."""


class Stop:
    """Whether somebody asked the run to stop, and how (the signal's name); whether steps are being run."""

    asked: str | None = None
    steps_run = False


def arguments(config: TrainConfig, loaded: Loaded, folder: Path, ranks: Ranks) -> Any:
    """Trl's arguments for a config. Saving, evaluating and reporting of progress are done by us."""
    import torch
    from trl import SFTConfig

    warmup = config.warmup if config.warmup < 1 else int(config.warmup)
    made = SFTConfig(
        output_dir=str(folder / "checkpoints"),
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        per_device_train_batch_size=config.at_once,
        gradient_accumulation_steps=config.step_rows // config.at_once,
        optim=config.optimizer,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        lr_scheduler_type=config.schedule,
        warmup_steps=warmup,
        max_grad_norm=config.max_grad_norm,
        seed=config.seed,
        data_seed=config.seed,
        bf16=loaded.dtype == "bfloat16" and loaded.device != "cpu",
        fp16=loaded.dtype == "float16" and loaded.device != "cpu",
        use_cpu=loaded.device == "cpu",
        gradient_checkpointing=config.recomputes,
        train_sampling_strategy="group_by_length" if config.group_by_length else "random",
        length_column_name="length",
        logging_steps=config.log_every,
        logging_first_step=True,
        logging_nan_inf_filter=False,
        save_strategy="steps",
        save_steps=config.save_every,
        save_total_limit=None,
        eval_strategy="no",
        report_to=config.report,
        run_name=folder.name,
        disable_tqdm=True,
        ddp_backend="gloo" if ranks.world > 1 and loaded.device == "cpu" else None,
        ddp_find_unused_parameters=False if ranks.world > 1 else None,
        remove_unused_columns=False,
        dataloader_pin_memory=loaded.device != "cpu",
        max_length=None,
        packing=False,
        padding_free=False,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    if loaded.device == "cpu" and ranks.world > 1:
        # what it keeps as its device is cpu:0 among several, a name that torch can't load a checkpoint to
        made.__dict__["_setup_devices"] = torch.device("cpu")
    return made


def make_trainer(
    loaded: Loaded,
    config: TrainConfig,
    tokenizer: Any,
    dataset: Any,
    collator: Callable[[Any], dict[str, Any]],
    folder: Path,
    emit: Emit,
    stop: Stop,
    evaluation: Callable[[int], bool],
    missed: Callable[[int], bool],
    ranks: Ranks,
) -> Any:
    """A trainer ready to run. Must be called after the backend was imported."""
    from transformers import Trainer
    from trl import SFTTrainer

    from training.order import ByLength

    class Walker(SFTTrainer):  # type: ignore[misc]
        """SFTTrainer that names the rows of a bad batch and seals its checkpoints."""

        batch_rows: list[str]
        batch_losses: list[Any]

        def compute_loss(self, model: Any, inputs: Any, *rest: Any, **options: Any) -> Any:
            if loaded.backend == "plain" and loaded.device == "cpu":
                # trl's fused head is a Triton kernel, which a CPU hasn't: the loss of transformers itself
                return Trainer.compute_loss(self, model, inputs, *rest, **options)
            return super().compute_loss(model, inputs, *rest, **options)

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            if not config.group_by_length:
                return super()._get_train_sampler(train_dataset)
            # by seed and epoch alone: the library's own draws on a state that a resume and several processes don't share
            lengths = [int(length) for length in dataset["length"]]
            rows = config.step_rows * ranks.world
            return ByLength(lengths, rows, config.seed, lambda: self.state.epoch or 0.0)

        def training_step(self, model: Any, inputs: Any, *rest: Any, **options: Any) -> Any:
            watch.rows += inputs.pop("rows")
            watch.tokens += inputs.pop("tokens")
            loss = super().training_step(model, inputs, *rest, **options)
            watch.losses.append(loss)
            return loss

        def _save_checkpoint(self, model: Any, trial: Any) -> None:
            target = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            if ranks.main:
                shutil.rmtree(target, ignore_errors=True)
            ranks.wait()
            try:
                Trainer._save_checkpoint(self, model, trial)
                ranks.wait()  # each process has written its own random state
                if not ranks.main:
                    return
                checkpoints.seal(target)
            except Exception as error:
                shutil.rmtree(target, ignore_errors=True)
                if checkpoints.disk_is_full(error):
                    last, _ = checkpoints.newest_whole(target.parent)
                    kept = (
                        f"the last whole checkpoint is {last.name}" if last else "there is no checkpoint yet"
                    )
                    raise TomeError(
                        f"the disk is full; {kept}",
                        where=str(target),
                        mend="Free some space, then go on with --resume.",
                    ) from error
                raise
            checkpoints.prune(target.parent, config.keep)
            emit("checkpoint", step=self.state.global_step, checkpoint=target.name)

    watch = watcher(config, emit, stop, evaluation, missed, ranks)
    trainer = Walker(
        model=loaded.model,
        args=arguments(config, loaded, folder, ranks),
        train_dataset=dataset,
        data_collator=_Naming(collator),
        processing_class=tokenizer,
        callbacks=[watch],
    )
    from transformers.trainer_callback import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    return trainer


class _Naming:
    """A collator that also hands on which rows are in the batch, and how many tokens."""

    def __init__(self, collator: Callable[[Any], dict[str, Any]]) -> None:
        self.collator = collator

    def __call__(self, features: Any) -> dict[str, Any]:
        rows = [name for feature in features for name in feature["id"].split("\n")]
        return {
            **self.collator(features),
            "rows": rows,
            "tokens": sum(len(feature["input_ids"]) for feature in features),
        }


def watcher(
    config: TrainConfig,
    emit: Emit,
    stop: Stop,
    evaluation: Callable[[int], bool],
    missed: Callable[[int], bool],
    ranks: Ranks,
) -> Any:
    """The callback that writes events, stops on request and on NaN, evaluates, and stops early.

    ``evaluation`` gets the step and says whether to stop early; ``missed`` says whether a run that goes on
    from a step was stopped before that step was evaluated.
    """
    from transformers import TrainerCallback

    class Watch(TrainerCallback):  # type: ignore[misc]
        rows: list[str]
        losses: list[Any]
        tokens: int

        def __init__(self) -> None:
            self.rows, self.losses, self.tokens = [], [], 0
            self.began = self.mark = time.monotonic()
            self.first_step = 0
            self.marked_tokens = 0
            self.evaluated = 0
            self.stopping = False

        def on_train_begin(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
            self.began = self.mark = time.monotonic()
            self.first_step = state.global_step
            stop.steps_run = True
            emit("train", step=state.global_step, total=state.max_steps)
            if state.global_step and missed(state.global_step):
                self._evaluate_if_due(state, control)

        def on_pre_optimizer_step(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            import torch

            bad = not bool(torch.isfinite(torch.stack([loss.detach() for loss in self.losses])).all())
            if ranks.any(bad):  # the gradients of all are summed: no process may take this step
                rows = [row for part in ranks.gathered(self.rows if bad else []) for row in part]
                raise NotANumberError(
                    f"the loss became NaN or infinite at step {state.global_step + 1}",
                    where=f"rows {', '.join(rows)}",
                    mend="Look at these rows; lower learning_rate; or use dtype float32. The weights of this "
                    "step were not used, and the last checkpoint is whole.",
                )
            self.rows, self.losses = [], []

        def on_log(self, _args: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
            if not logs or "loss" not in logs:
                return
            now = time.monotonic()
            done = state.global_step - self.first_step
            rate = done / max(now - self.began, 1e-9)
            speed = ranks.world * (self.tokens - self.marked_tokens) / max(now - self.mark, 1e-9)
            self.mark, self.marked_tokens = now, self.tokens
            emit(
                "step",
                step=state.global_step,
                done=state.global_step,
                total=state.max_steps,
                loss=_number(logs["loss"]),
                lr=logs.get("learning_rate"),
                grad_norm=_number(logs.get("grad_norm")),
                epoch=round(state.epoch or 0.0, 4),
                tokens=self.tokens * ranks.world,
                tokens_per_second=round(speed, 1),
                rate=round(rate, 4),
                left=round((state.max_steps - state.global_step) / rate, 1) if rate else None,
            )

        def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> Any:
            step = state.global_step
            if ranks.any(stop.asked is not None):
                stop.asked = stop.asked or "SIGTERM"
            if step >= state.max_steps:
                control.should_save = True
            elif stop.asked:
                self.stopping = control.should_save = control.should_training_stop = True
            if not control.should_save:
                self._evaluate_if_due(state, control)
            return control

        def on_save(self, _args: Any, state: Any, control: Any, **_: Any) -> Any:
            self._evaluate_if_due(state, control)  # after saving: an evaluation that fails loses nothing
            return control

        def _evaluate_if_due(self, state: Any, control: Any) -> None:
            step = state.global_step
            due = step >= state.max_steps or step % config.evaluation_steps == 0
            if not due or self.stopping or self.evaluated == step:
                return
            self.evaluated = step
            pause = time.monotonic()
            if evaluation(state.global_step):
                control.should_save = control.should_training_stop = True
            self.began += time.monotonic() - pause  # evaluation isn't training time
            self.mark += time.monotonic() - pause

    return Watch()


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return round(number, 6) if math.isfinite(number) else None
