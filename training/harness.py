"""Tasks of EleutherAI's lm-evaluation-harness by name, for the base and for the tuned model, after a run.

The harness is an extra (``lm-eval``). Its tasks load their own data, mostly from the Hub; own tasks, as YAML files in the
harness's format, are found in the folder ``lm_eval_folder``.
"""

from __future__ import annotations

from typing import Any

from curation.contract import nearest
from training.config import TrainConfig
from training.errors import ConfigError, MissingPackageError
from training.evaluate import evaluating
from training.quiet import quiet

Scores = dict[str, dict[str, float]]
"""Task -> metric -> value."""


def check_tasks(config: TrainConfig) -> None:
    """Raises MissingPackageError without lm-eval, ConfigError for a task that it doesn't know: before the training."""
    if not config.lm_eval:
        return
    known = _manager(config).all_tasks
    for task in config.lm_eval:
        if task not in known:
            raise ConfigError(
                f"the harness has no task {task!r}", where="lm_eval", mend=nearest(task, list(known))
            )


def run_tasks(model: Any, tokenizer: Any, config: TrainConfig) -> dict[str, Scores]:
    """The scores of the tuned model and, where LoRA was trained, of the base: ``{"base": ..., "tuned": ...}``."""
    scores = {"tuned": _scores(model, tokenizer, config)}
    if hasattr(model, "disable_adapter"):
        with model.disable_adapter():
            scores["base"] = _scores(model, tokenizer, config)
    return scores


def _scores(model: Any, tokenizer: Any, config: TrainConfig) -> Scores:
    import lm_eval
    from lm_eval.models.huggingface import HFLM

    with quiet(), evaluating(model):
        wrapped = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=config.eval_batch)
        found = lm_eval.simple_evaluate(
            model=wrapped,
            tasks=list(config.lm_eval),
            limit=config.lm_eval_limit,
            task_manager=_manager(config),
            log_samples=False,
            bootstrap_iters=0,
            random_seed=config.seed,
            fewshot_random_seed=config.seed,
        )
    return {
        task: {
            name.removesuffix(",none"): round(float(value), 6)
            for name, value in values.items()
            if isinstance(value, (int, float)) and "stderr" not in name
        }
        for task, values in (found["results"] if found else {}).items()
    }


def _manager(config: TrainConfig) -> Any:
    try:
        from lm_eval.tasks import TaskManager
    except ImportError:
        raise MissingPackageError(
            "lm-eval isn't installed", mend="Install it with: pip install 'tomewright[lm-eval]'."
        ) from None
    with quiet():
        return TaskManager(include_path=config.lm_eval_folder)
