"""A run that was started here and hasn't written its folder yet: the page waits for it, and turns to it when it is there."""

from __future__ import annotations

from collections.abc import Container

import streamlit as st

from curation import jobs
from streamlit_app.components import data, shell

BEGINS = "run_begins"
SHOWN = "shown_runs"
"""The runs that are looked at; a widget's own."""


def expect(name: str) -> None:
    """Wait for a run from now on."""
    st.session_state[BEGINS] = name


def run(found: Container[str]) -> str | None:
    """The run that is waited for, or null. One that is there now is shown instead; to be called before the choice of runs is drawn."""
    name: str | None = st.session_state.get(BEGINS)
    if name is None:
        return None
    if name in found:
        st.session_state[SHOWN] = [name]
        st.query_params["run"] = name
    elif _goes_on():
        return name
    del st.session_state[BEGINS]
    return None


def wait(name: str) -> None:
    """Say that the run begins, and draw the page anew once there is more to say."""
    shell.finding(f"{name} begins.")
    shell.note("The rows become tokens and the model is loaded; the first step shows here by itself.")
    st.fragment(_wait, run_every=1.0)(name, [True])


def _wait(name: str, first: list[bool]) -> None:
    if first:
        first.pop()
    elif (data.home().runs / name / "run.json").is_file() or not _goes_on():
        st.rerun()


def _goes_on() -> bool:
    job = st.session_state.get("train_job")
    return bool(job) and jobs.get(data.home(), job).status == "running"
