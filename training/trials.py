"""One run of a sweep's trial, in its own process: started, watched, stopped where it is pruned."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from curation.contract import Home, RunInfo, canonical_json, digest, read_events
from training.config import TrainConfig


@dataclass(frozen=True)
class Outcome:
    """How one run ended. ``error`` is null where it is done."""

    run: str
    loss: float | None
    tokens_per_second: float | None
    error: str | None


Watch = Callable[[int, float], bool]
"""Called with the step and eval loss of each evaluation; True stops the run."""


def run_one(
    sweep: str, export: str, config: TrainConfig, home: Home, watch: Watch = lambda *_: False
) -> Outcome:
    """Train one config on one export, or take the result where an earlier start of the sweep got it.

    The run's name comes from the sweep, the export and the config, so a run that was stopped is resumed.
    """
    key = digest(canonical_json([export, json.loads(config.model_dump_json())]))[:10]
    name = f"{sweep}-{key}"
    folder: Path = home.runs / name
    state = RunInfo.read(folder).state if (folder / "run.json").is_file() else None
    if state == "done":
        return _outcome(folder)
    place = home.root / "sweeps" / sweep / "configs" / f"{key}.yaml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(yaml.safe_dump(json.loads(config.model_dump_json()), sort_keys=False), encoding="utf-8")
    words = [
        "train",
        "start",
        export,
        "--config",
        str(place),
        "--name",
        name,
        *(["--resume"] if state else []),
    ]
    log = place.with_suffix(".log")
    with log.open("a", encoding="utf-8") as handle:
        child = subprocess.Popen(
            [sys.executable, "-m", "tome", "--home", str(home.root), *words],
            stdout=handle,
            stderr=subprocess.STDOUT,
        )
        try:
            pruned = _watched(child, folder, watch)
        except BaseException:
            child.terminate()
            child.wait()
            raise
    if pruned:
        return Outcome(name, None, None, "pruned")
    if child.returncode != 0:
        return Outcome(name, None, None, _last_line(log))
    return _outcome(folder)


def _watched(child: subprocess.Popen[bytes], folder: Path, watch: Watch) -> bool:
    seen = 0
    while True:
        ended = child.poll() is not None
        evals = [e for e in read_events(folder / "events.jsonl") if e["event"] == "eval" and e["step"] > 0]
        for event in evals[seen:]:
            if watch(event["step"], event["loss"]) and not ended:
                child.terminate()
                child.wait()
                return True
        seen = len(evals)
        if ended:
            return False
        time.sleep(0.5)


def _outcome(folder: Path) -> Outcome:
    info = RunInfo.read(folder)
    metrics = info.metrics
    return Outcome(folder.name, metrics["eval"]["loss"], metrics.get("tokens_per_second"), info.error)


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].removeprefix("tome: ") if lines else "it ended without a word"
