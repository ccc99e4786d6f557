"""Sweeps as their folders tell them: trials with the mean and spread of the evaluation loss over seeds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from curation import jobs
from curation.contract import ContractError, RunInfo
from curation.findings import count
from streamlit_app.components import beginning, charts, data, shell, sweep_charts, tables
from streamlit_app.components.beginning import SWEEP
from streamlit_app.components.jobs_strip import watch


@dataclass(frozen=True)
class Trial:
    """One setting: its values, the loss of each seed's run, their mean and standard deviation, and how it ended."""

    number: int
    params: dict[str, Any]
    state: str
    mean: float | None
    spread: float | None
    speed: float | None
    runs: tuple[str, ...]
    losses: tuple[float, ...]
    error: str | None

    @property
    def title(self) -> str:
        """Its values in one line."""
        return ", ".join(f"{name} {value}" for name, value in self.params.items())


def names() -> list[str]:
    """The sweeps, newest first."""
    found = sorted((data.home().root / "sweeps").glob("*/table.json"), key=lambda path: -path.stat().st_mtime)
    return [path.parent.name for path in found]


def trials(folder: Path, runs: Path) -> list[Trial]:
    """The trials of a sweep, best first; none where the table can't be read."""
    try:
        lines = json.loads((folder / "table.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [
        Trial(line["trial"], line["params"], line["state"], line["mean"], line["spread"], line["tokens_per_second"],
              tuple(line["runs"]), tuple(_losses(line["runs"], runs)), line["error"])
        for line in lines
    ]  # fmt: skip


def _losses(names: list[str], runs: Path) -> list[float]:
    found = []
    for name in names:
        try:
            loss = RunInfo.read(runs / name).metrics.get("eval", {}).get("loss")
        except ContractError:
            continue
        if loss is not None:
            found.append(float(loss))
    return found


def finding(name: str, found: list[Trial]) -> str:
    """Which setting is best, and whether its lead is more than what seeds make of it."""
    done = [one for one in found if one.mean is not None]
    if not done:
        return f"No trial of {name} is finished."
    best, rest = done[0], done[1:]
    said = f"{best.title} is best: evaluation loss {_loss(best)}"
    if not rest:
        return f"{said}."
    lead = float(rest[0].mean or 0) - float(best.mean or 0)
    noise = max((one.spread or 0.0) for one in (best, rest[0]))
    seeds = max(len(one.runs) for one in done)
    if seeds < 2:
        return (
            f"{said}; the next has {rest[0].mean:.3f}. One seed can't say whether that is more than chance."
        )
    return f"{said}; its lead of {lead:.3f} over the next is {'more than' if lead > 2 * noise else 'within'} what {seeds} seeds differ by."


def _loss(one: Trial) -> str:
    return f"{one.mean:.3f}" + (f" ± {one.spread:.3f}" if one.spread is not None else "")


def panel() -> None:
    """A sweep: its finding, its parallel coordinates, every seed's loss, and its table."""
    known = names()
    if begins := beginning.awaited(SWEEP, known):
        beginning.wait(SWEEP, begins)
    if one := st.session_state.get("sweep_job"):
        watch(one, log=False)
    if begins:
        return
    if not known:
        shell.finding("No sweeps yet.")
        shell.note(
            "A sweep trains the same export with several settings and seeds, and shows which setting is better by more than chance."
        )
        return
    name = str(st.selectbox("Sweep", known, key="sweep", bind="query-params", width=320))
    running = any(
        job.status == "running" and job.arguments[:1] == ["sweep"] for job in jobs.jobs(data.home())[:10]
    )
    st.fragment(_sweep, run_every=3.0 if running else None)(name)


def _sweep(name: str) -> None:
    found = trials(data.home().root / "sweeps" / name, data.home().runs)
    says = finding(name, found)
    shell.finding(says)
    done = [one for one in found if one.mean is not None]
    if done:
        frame = sweep_charts.frame(done)
        with st.container(key=f"box_sweep-{name}"):
            st.echarts_chart(
                sweep_charts.parallel(done),
                theme=None,
                height=300,
                key=f"sweep_{name}",
                alt=f"Parallel coordinates of {count(len(done), 'trial')}: {says}",
            )
        charts.below(f"sweep-{name}", data=frame, rows=sum(len(one.runs) for one in done), unit="runs")
        shell.note(
            "A line is a setting, thin ones are its seeds; the deeper, the lower its loss. Drag along an axis to keep the lines that pass there, double-click to let go."
        )
        charts.draw(
            sweep_charts.seeds(done),
            says=says,
            data=frame,
            rows=sum(len(one.losses) for one in done),
            name=f"seeds-{name}",
            unit="runs",
        )
    params = list(dict.fromkeys(key for one in found for key in one.params))
    rows = [
        {**{key: str(one.params.get(key, "")) for key in params}, "loss": _loss(one) if one.mean is not None else "", "speed": one.speed,
         "state": one.state if not one.error else f"{one.state}: {one.error}", "runs": ", ".join(one.runs)}
        for one in found
    ]  # fmt: skip
    tables.table([*((key, key, "figure") for key in params), ("loss", "Eval loss", "figure"), ("speed", "Tokens/s", "figure"), ("state", "State", "text"), ("runs", "Runs", "text")],
                 rows, label=f"Trials of {name}")  # fmt: skip
    best = data.home().root / "sweeps" / name / "best.yaml"
    if best.is_file():
        st.download_button(
            f"The best config, {name}-best.yaml",
            best.read_bytes,
            file_name=f"{name}-best.yaml",
            on_click="ignore",
        )
