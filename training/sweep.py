"""Sweeps: many configs, same seeds, same token budget, one table. Optuna (Akiba et al. 2019) picks and keeps.

Each run is a run like any other, in its own process, so one that fails is recorded and the sweep goes on.
The study lies in SQLite, so a sweep that was stopped goes on, and optuna-dashboard can read it.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from curation.contract import Home, write_atomic
from training.config import TrainConfig
from training.data import open_export
from training.errors import ConfigError, MissingPackageError
from training.grid import Range, Space, check_space, trial_config
from training.trials import Outcome, run_one


@dataclass(frozen=True)
class Line:
    """One trial: its values, the mean and spread (standard deviation) of the eval loss over seeds."""

    trial: int
    params: dict[str, Any]
    state: str
    mean: float | None
    spread: float | None
    tokens_per_second: float | None
    runs: list[str]
    error: str | None


@dataclass(frozen=True)
class Sweep:
    """A finished sweep; ``lines`` are sorted, best first, the failed ones last."""

    name: str
    folder: str
    lines: list[Line]
    best: dict[str, Any] | None
    best_config: str | None


def sweep(
    source: str,
    base: TrainConfig,
    space: Space,
    home: Home,
    *,
    name: str,
    seeds: list[int],
    sampler: str = "grid",
    trials: int | None = None,
    prune: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Sweep:
    """Run a sweep, or go on with one of that name.

    Raises ConfigError where the grid doesn't fit, MissingPackageError without optuna. A failed trial raises
    nothing; its line says why.
    """
    try:
        import optuna
    except ImportError:
        raise MissingPackageError("optuna isn't installed", mend="pip install 'tomewright[train]'.") from None
    points = check_space(base, space)
    ranges = [key for key, values in space.items() if isinstance(values, Range)]
    if sampler == "grid" and ranges:
        raise ConfigError(
            f"{ranges[0]} is a range", where="--grid", mend="List values, or use --sampler tpe."
        )
    folder = home.root / "sweeps" / name
    folder.mkdir(parents=True, exist_ok=True)
    _same_sweep(folder, source, base, space, seeds)
    shares = _shares(source, space, home, say)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    lists = {key: values for key, values in space.items() if not isinstance(values, Range)}
    study = optuna.create_study(
        study_name=name,
        storage=f"sqlite:///{folder / 'study.db'}",
        load_if_exists=True,
        direction="minimize",
        sampler=optuna.samplers.GridSampler(lists, seed=base.seed)
        if sampler == "grid"
        else optuna.samplers.TPESampler(seed=base.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3) if prune else optuna.pruners.NopPruner(),
    )

    def watched(study: Any, _: Any) -> None:
        _table(study, folder)

    def objective(trial: Any) -> float:
        params = {
            key: trial.suggest_float(key, values.low, values.high, log=values.high > 10 * values.low > 0)
            if isinstance(values, Range)
            else trial.suggest_categorical(key, values)
            for key, values in space.items()
        }
        say(f"trial {trial.number}: " + ", ".join(f"{key}={value}" for key, value in params.items()))
        outcomes: list[Outcome] = []
        for place, seed in enumerate(seeds):
            config, data = trial_config(base, params, seed, shares[str(params.get("data", source))])

            def watch(step: int, loss: float, place: int = place) -> bool:
                if place == 0 and prune:
                    trial.report(loss, step)
                    return bool(trial.should_prune())
                return False

            outcomes.append(run_one(name, data or source, config, home, watch))
            trial.set_user_attr("outcomes", [asdict(outcome) for outcome in outcomes])
            if outcomes[-1].error == "pruned":
                raise optuna.TrialPruned
            if outcomes[-1].loss is None:
                say(f"trial {trial.number} failed: {outcomes[-1].error}")
                raise _FailedError(str(outcomes[-1].error))
        mean = statistics.fmean(outcome.loss for outcome in outcomes if outcome.loss is not None)
        say(f"trial {trial.number}: eval loss {mean:.4f}")
        return mean

    wanted = trials or points
    finished = sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
    if finished < wanted:
        study.optimize(
            objective,
            n_trials=wanted - finished,
            catch=(_FailedError,),
            callbacks=[watched],
        )
    return _result(study, name, folder, base, say)


class _FailedError(Exception):
    """A run of a trial failed; Optuna records it and goes on."""


def _same_sweep(folder: Path, source: str, base: TrainConfig, space: Space, seeds: list[int]) -> None:
    """Raises ConfigError where a sweep of this name was begun with something else."""
    plain = {
        "export": source,
        "config": json.loads(base.model_dump_json()),
        "grid": {key: asdict(v) if isinstance(v, Range) else v for key, v in space.items()},
        "seeds": seeds,
    }
    path = folder / "sweep.json"
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != plain:
        raise ConfigError(
            "a sweep of this name was begun with another export, config, grid or seeds",
            where=str(folder),
            mend="Use the same ones to go on with it, or another --name.",
        )
    write_atomic(path, json.dumps(plain, indent=1) + "\n")


def _shares(source: str, space: Space, home: Home, say: Callable[[str], None]) -> dict[str, float]:
    """For each export the smallest one's text over its own, so that all trials see as much text."""
    data = space.get("data")
    names = [str(value) for value in data] if isinstance(data, list) else [source]
    exports = {name: open_export(name, home) for name in names}
    if len({export.info.files["eval.parquet"].sha256 for export in exports.values()}) > 1:
        say("The data versions have different eval splits: their losses can't be compared row by row.")
    sizes = {
        name: sum(
            len(message["content"])
            for rows in export.read("train")
            for row in rows
            for message in row.messages
        )
        for name, export in exports.items()
    }
    return {name: min(sizes.values()) / size for name, size in sizes.items()}


def _result(study: Any, name: str, folder: Path, base: TrainConfig, say: Callable[[str], None]) -> Sweep:
    lines = _table(study, folder)
    best = lines[0] if lines and lines[0].mean is not None else None
    path = folder / "best.yaml"
    if best:
        config, _ = trial_config(base.model_copy(update={"max_steps": None}), best.params, base.seed, 1.0)
        text = yaml.safe_dump(json.loads(config.model_dump_json()), sort_keys=False)
        write_atomic(path, f"# The best of sweep {name}: eval loss {best.mean:.4f}.\n{text}")
    else:
        say("Every trial failed; there is no best config.")
    return Sweep(name, str(folder), lines, best.params if best else None, str(path) if best else None)


def _table(study: Any, folder: Path) -> list[Line]:
    """The trials so far, best first, also as ``table.json``."""
    lines = [_line(trial) for trial in study.get_trials(deepcopy=False)]
    lines.sort(key=lambda line: (line.mean is None, line.mean, line.trial))
    write_atomic(folder / "table.json", json.dumps([asdict(line) for line in lines], indent=1) + "\n")
    return lines


def _line(trial: Any) -> Line:
    outcomes = trial.user_attrs.get("outcomes", [])
    losses = [outcome["loss"] for outcome in outcomes if outcome["loss"] is not None]
    speeds = [outcome["tokens_per_second"] for outcome in outcomes if outcome["tokens_per_second"]]
    state = trial.state.name.lower()
    done = state == "complete"
    return Line(
        trial=trial.number,
        params=dict(trial.params),
        state=state,
        mean=round(statistics.fmean(losses), 6) if done and losses else None,
        spread=round(statistics.stdev(losses), 6) if done and len(losses) > 1 else None,
        tokens_per_second=round(statistics.fmean(speeds), 1) if speeds else None,
        runs=[outcome["run"] for outcome in outcomes],
        error=next((outcome["error"] for outcome in outcomes if outcome["error"]), None),
    )
