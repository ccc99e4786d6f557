"""What a run's events tell about it so far."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from curation.contract import read_events


def evals(folder: Path) -> list[tuple[int, float]]:
    """(step, loss) of each evaluation, in order of steps; after a resume the newest of a step counts."""
    found = {e["step"]: e["loss"] for e in read_events(folder / "events.jsonl") if e["event"] == "eval"}
    return sorted(found.items())


def metrics_of(folder: Path) -> dict[str, Any]:
    """What the events tell about the run so far."""
    events = read_events(folder / "events.jsonl")
    steps = {e["step"]: e for e in events if e["event"] == "step"}
    evals = {e["step"]: e for e in events if e["event"] == "eval"}
    metrics: dict[str, Any] = {"steps": max(steps, default=0)}
    if steps:
        ordered = [steps[step] for step in sorted(steps)]
        speeds = sorted(e["tokens_per_second"] for e in ordered)
        metrics.update(
            total_steps=ordered[-1]["total"],
            loss_first=ordered[0]["loss"],
            loss_last=ordered[-1]["loss"],
            tokens_per_second=speeds[len(speeds) // 2],
        )
    if evals:
        first, last = evals[min(evals)], evals[max(evals)]
        keys = ("step", "loss", "perplexity", "rows", "tokens", "categories")
        metrics["eval"] = {key: last[key] for key in keys}
        if first["step"] == 0:
            metrics["eval_base"] = {key: first[key] for key in keys}
    tasks = [e["scores"] for e in events if e["event"] == "lm_eval"]
    if tasks:
        metrics["lm_eval"] = tasks[-1]
    return metrics


def clock(seconds: float) -> str:
    """Seconds as 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
