"""Training runs as their folders tell them: events as frames, live curves, evaluation by category, starting one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from curation import jobs
from curation.contract import RunInfo, read_events
from curation.findings import count
from curation.views import ago
from streamlit_app.components import cards, charts, data, run_charts, shell, tables
from streamlit_app.components.run_control import state


@st.cache_data(max_entries=40, show_spinner=False)
def _events(path: str, size: int) -> list[dict[str, Any]]:  # noqa: ARG001 - in the key
    return read_events(Path(path))


def events(folder: Path) -> list[dict[str, Any]]:
    """A run's events; read again only when the file grew."""
    path = folder / "events.jsonl"
    return _events(str(path), path.stat().st_size) if path.is_file() else []


def runs() -> dict[str, tuple[Path, RunInfo]]:
    """The runs that can be read, newest first, by name."""
    return {
        folder.name: (folder, info) for folder, info in cards.runs(data.home()) if isinstance(info, RunInfo)
    }


def steps(folder: Path) -> pl.DataFrame:
    """One line a step: step, total, loss, lr, tokens_per_second; after a resume the newest of a step counts."""
    found = {e["step"]: e for e in events(folder) if e["event"] == "step"}
    schema = {
        "step": pl.Int64,
        "total": pl.Int64,
        "loss": pl.Float64,
        "lr": pl.Float64,
        "tokens_per_second": pl.Float64,
    }
    rows = [{name: found[step].get(name) for name in schema} for step in sorted(found)]
    return pl.DataFrame(rows, schema=schema, strict=False)


def evaluations(folder: Path) -> pl.DataFrame:
    """One line an evaluation and category: step, category, loss, rows."""
    found = {e["step"]: e for e in events(folder) if e["event"] == "eval"}
    lines = [
        {"step": step, "category": name, "loss": float(held["loss"]), "rows": int(held["rows"])}
        for step, event in sorted(found.items())
        for name, held in {"all": event, **event.get("categories", {})}.items()
    ]
    return pl.DataFrame(
        lines, schema={"step": pl.Int64, "category": pl.String, "loss": pl.Float64, "rows": pl.Int64}
    )


def sentence(info: RunInfo, done: pl.DataFrame, evaluated: pl.DataFrame) -> str:
    """What a run has come to: by its evaluations, or by its training loss while there is only one."""
    now = state(info)
    verb = "was" if now == "killed" else "is"
    if done.is_empty():
        return f"{info.run_id} {verb} {now}; no step is finished yet."
    every = evaluated.filter(pl.col("category") == "all")["loss"]
    what, losses = ("evaluation loss", every) if every.len() > 1 else ("training loss", done["loss"])
    first, last = losses[0], losses[-1]
    way = "fell" if last < first else "rose"
    total = info.metrics.get("total_steps") or done["total"][-1]
    at = f"{done['step'][-1]:,} of {total:,} steps" if total else count(int(done["step"][-1]), "step")
    return f"{info.run_id} {verb} {now} after {at}; its {what} {way} from {first:.2f} to {last:.2f}."


def by_category(found: pl.DataFrame) -> pl.DataFrame:
    """The first and the last evaluation by category: category, before, after, change, rows."""
    if found.is_empty():
        return pl.DataFrame()
    first, last = found["step"].min(), found["step"].max()
    before = found.filter(pl.col("step") == first).select("category", before="loss")
    after = found.filter(pl.col("step") == last).select("category", "rows", after="loss")
    return (
        before.join(after, on="category")
        .with_columns(change=pl.col("after") - pl.col("before"))
        .sort("before", descending=True)
    )


def table_of_runs(found: dict[str, tuple[Path, RunInfo]]) -> None:
    """All runs in one table."""
    rows = []
    for folder, info in found.values():
        evals = by_category(evaluations(folder))
        overall = evals.filter(pl.col("category") == "all").to_dicts() if evals.height else []
        metrics = info.metrics
        if info.state == "running" and (done := steps(folder)).height:
            metrics = {
                "steps": done["step"][-1],
                "loss_last": done["loss"][-1],
                "tokens_per_second": done["tokens_per_second"][-1],
            }
        rows.append({
            "run": info.run_id, "state": state(info), "model": Path(info.base_model).name, "data": str(info.dataset.get("name", "")),
            "steps": metrics.get("steps"), "loss": _loss(metrics.get("loss_last")), "eval": _loss(overall[0]["after"] if overall else None),
            "speed": metrics.get("tokens_per_second"), "made": ago((folder / "run.json").stat().st_mtime),
        })  # fmt: skip
    tables.table(
        [("run", "Run", "text"), ("state", "State", "text"), ("model", "Base model", "text"), ("data", "Export", "text"), ("steps", "Steps", "figure"),
         ("loss", "Last loss", "figure"), ("eval", "Eval loss", "figure"), ("speed", "Tokens/s", "figure"), ("made", "Written", "text")],
        rows, label="Runs",
    )  # fmt: skip


def _loss(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def live(names: list[str]) -> None:
    """The curves of some runs, drawn again while one of them trains."""
    running = any(
        job.status == "running" and job.arguments[:1] == ["train"] for job in jobs.jobs(data.home())[:10]
    )
    st.fragment(_live, run_every=2.0 if running else None)(names)


def _live(names: list[str]) -> None:
    found = runs()
    frames = {name: steps(found[name][0]) for name in names if name in found}
    if not frames:
        shell.finding("No run is chosen.")
        return
    first = next(iter(frames))
    says = sentence(found[first][1], frames[first], evaluations(found[first][0]))
    shell.finding(says)
    rows = sum(frame.height for frame in frames.values())
    if not rows:
        shell.note("The model is loading; the first step shows here.")
        return
    whole = pl.concat([frame.with_columns(run=pl.lit(name)) for name, frame in frames.items()])
    charts.draw(
        run_charts.curve(frames, "loss", "training loss"),
        says=says,
        data=whole,
        rows=rows,
        name="loss",
        unit="steps",
    )
    for place, (column, title) in zip(
        st.columns(2, gap="large"),
        [("lr", "learning rate"), ("tokens_per_second", "tokens a second")],
        strict=True,
    ):
        with place:
            charts.draw(
                run_charts.curve(frames, column, title, 150, named=False),
                says=f"{title} by step",
                data=whole.select("run", "step", column),
                rows=rows,
                name=column,
                unit="steps",
            )
    _evaluations(names, found)
    evaluated = evaluations(found[first][0])
    frame = by_category(evaluated)
    if evaluated["step"].n_unique() > 1:
        st.html(f"<h2 class='tw-h2'>Evaluation by category, {shell.plain(first)}</h2>")
        shell.legend([("before", "before training"), ("after-accent", "last evaluation")])
        charts.draw(run_charts.evaluation_dots(frame), says="Evaluation loss by category before and after", data=frame,
                    rows=int(frame.filter(pl.col("category") == "all")["rows"].sum()), name="evaluation")  # fmt: skip


def _evaluations(names: list[str], found: dict[str, tuple[Path, RunInfo]]) -> None:
    """Evaluation loss by step, of all categories together or of one, several runs over one another."""
    each = {name: evaluations(found[name][0]) for name in names if name in found}
    known = sorted(
        {category for frame in each.values() for category in frame["category"]},
        key=lambda name: (name != "all", name),
    )
    if not any(frame["step"].n_unique() > 1 for frame in each.values()):
        return
    st.html("<h2 class='tw-h2'>Evaluation loss by step</h2>")
    category = str(st.selectbox("Category", known, key="eval_category", width=240))
    frames = {name: frame.filter(pl.col("category") == category) for name, frame in each.items()}
    whole = pl.concat([frame.with_columns(run=pl.lit(name)) for name, frame in frames.items()])
    charts.draw(run_charts.curve(frames, "loss", f"evaluation loss, {category}", 200), says=f"Evaluation loss of {category} by step",
                data=whole, rows=int(whole["rows"].max() or 0), name="evaluations", unit="evaluation rows")  # fmt: skip


def differences(a: RunInfo, b: RunInfo) -> list[dict[str, str]]:
    """The fields of config and data in which two runs differ."""
    left = {**a.config, "dataset": a.dataset.get("dataset_id"), "base_model": Path(a.base_model).name}
    right = {**b.config, "dataset": b.dataset.get("dataset_id"), "base_model": Path(b.base_model).name}
    return [
        {"field": name, "a": str(left.get(name, "")), "b": str(right.get(name, ""))}
        for name in dict.fromkeys([*left, *right])
        if left.get(name) != right.get(name)
    ]
