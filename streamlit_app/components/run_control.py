"""Training runs and their jobs: which are looked at, whether one still trains, stopping it, going on with it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from curation import jobs
from curation.contract import RunInfo
from streamlit_app.components import data, shell
from streamlit_app.components.beginning import RUN
from streamlit_app.components.jobs_strip import start


def job_of(name: str) -> jobs.Job | None:
    """The newest job that trains a run, or null where it was started elsewhere."""
    return next((job for job in jobs.jobs(data.home())[:50] if job.arguments[:1] == ["train"] and "--name" in job.arguments
                 and job.arguments[job.arguments.index("--name") + 1] == name), None)  # fmt: skip


def state(info: RunInfo) -> str:
    """A run's state; ``killed`` where its folder says that it runs and its job has ended."""
    job = job_of(info.run_id) if info.state == "running" else None
    return "killed" if job and job.status != "running" else info.state


def choice(found: dict[str, tuple[Path, RunInfo]]) -> list[str]:
    """The runs to look at, the address's or the newest at first, each with what can be done about it."""
    if not found:
        return []
    asked = st.query_params.get("run")
    shown = st.session_state.get(RUN.shown, [asked if asked in found else next(iter(found))])
    st.session_state[RUN.shown] = [name for name in shown if name in found]
    names = st.multiselect("Runs to look at", list(found), key=RUN.shown)
    for name in names:
        control(name, found[name][1])
    return names


def control(name: str, info: RunInfo) -> None:
    """Stop a run that trains, or go on with one that was stopped or killed."""
    mine = job_of(name)
    running = mine is not None and mine.status == "running"
    if running and mine is not None:
        if mine.stopping:
            shell.note(f"{name} is stopping; it writes a checkpoint first.")
        elif st.button(
            shell.label(f"Stop {name}"),
            key=f"stop_run_{name}",
            help="It writes a checkpoint first, and can go on from there.",
        ):
            jobs.stop(mine)
            st.rerun()
    elif info.state in ("stopped", "failed", "running"):
        if info.state == "running":
            shell.note(
                f"{name} was killed." if mine else f"{name} was killed, or trains outside the workbench."
            )
        elif info.error:
            shell.note(info.error)
        if st.button(
            shell.label(f"Go on with {name}"),
            key=f"resume_run_{name}",
            help="From its last whole checkpoint; with other rows or settings it is refused.",
        ):
            job = start(["train", "--resume", "--name", name, "--json"], f"Train {name}")
            st.session_state["train_job"] = job.id if job else None
            st.rerun()
