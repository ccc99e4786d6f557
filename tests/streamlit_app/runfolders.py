"""Run folders and ratings as training and the chatbot write them, small enough to make in a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from curation.contract import RunInfo, append_event
from curation.store import Version


def write_run(
    home: Path,
    name: str,
    version: Version,
    *,
    losses: tuple[float, ...] = (3.0, 2.5),
    evals: dict[int, dict[str, float]] | None = None,
    **changes: Any,
) -> Path:
    """A run with one step a loss, and evaluations: step to category to loss (``all`` is the whole)."""
    folder = home / "runs" / name
    folder.mkdir(parents=True)
    evals = (
        {0: {"all": 3.2, "math": 3.0, "legal": 3.6}, len(losses): {"all": 2.6, "math": 2.4, "legal": 3.0}}
        if evals is None
        else evals
    )
    last = evals[max(evals)] if evals else {}
    fields: dict[str, Any] = {
        "run_id": name, "state": "done", "base_model": "tiny", "base_revision": None, "template": "", "template_hash": "", "template_date": "",
        "bos_token": None, "stop_tokens": [], "stop_token_ids": [], "system_prompt": None, "max_length": 8, "probes": [],
        "dataset": {"name": "first", "dataset_id": version.id, "path": str(home / "exports" / "first")}, "key": "", "key_parts": {},
        "config": {"batch": 2, "learning_rate": 1e-3}, "packages": {}, "command": f"tome train first --name {name}",
        "metrics": {"steps": len(losses), "total_steps": len(losses), "loss_last": losses[-1], "eval": {"loss": last.get("all")}, "tokens_per_second": 90.0},
    }  # fmt: skip
    RunInfo(**{**fields, **changes}).write(folder)
    if changes.get("state", "done") == "done":
        (folder / "adapter").mkdir()
    for place, loss in enumerate(losses):
        append_event(
            folder / "events.jsonl",
            "step",
            step=place + 1,
            done=place + 1,
            total=len(losses),
            loss=loss,
            lr=1e-3,
            tokens_per_second=90.0,
            left=0.0,
        )
    for step, held in evals.items():
        parts = {key: {"loss": value, "rows": 2} for key, value in held.items() if key != "all"}
        append_event(folder / "events.jsonl", "eval", step=step, loss=held["all"], rows=4, categories=parts)
    return folder


def write_sweep(home: Path, name: str, version: Version) -> None:
    """A sweep of two learning rates with two seeds each, and a trial that failed."""
    lines = []
    for place, (rate, losses) in enumerate([(1e-3, (2.50, 2.54)), (3e-4, (2.70, 2.72))]):
        runs = [f"{name}-{rate}-{seed}" for seed in (1, 2)]
        for run, loss in zip(runs, losses, strict=True):
            write_run(home, run, version, evals={2: {"all": loss}})
        lines.append(
            {
                "trial": place,
                "params": {"learning_rate": rate, "lora_rank": 8},
                "state": "complete",
                "mean": sum(losses) / 2,
                "spread": 0.0283,
                "tokens_per_second": 90.0 + place,
                "runs": runs,
                "error": None,
            }
        )
    lines.append(
        {
            "trial": 2,
            "params": {"learning_rate": 9.0, "lora_rank": 8},
            "state": "fail",
            "mean": None,
            "spread": None,
            "tokens_per_second": None,
            "runs": [],
            "error": "the loss became NaN",
        }
    )
    folder = home / "sweeps" / name
    folder.mkdir(parents=True)
    (folder / "table.json").write_text(json.dumps(lines))
    (folder / "best.yaml").write_text("learning_rate: 0.001\n")


def write_rating(run: Path, number: int, kind: str, asked: str, answer: str, **more: Any) -> str:
    """One rating as the chatbot writes it; returns its id."""
    line = {
        "schema_version": 1, "id": f"{number:032x}"[::-1], "time": f"2026-01-0{number}T00:00:00+00:00", "run_id": run.name, "model": "tuned", "base_model": "tiny",
        "dataset": "first", "dataset_id": "d", "kind": kind, "complaint": None, "correction": None, "remark": None, "consent": "I agree.",
        "messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}], **more,
    }  # fmt: skip
    path = run / "feedback" / "feedback-1.jsonl"
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(line) + "\n")
    return str(line["id"])
