"""A run or a sweep that was started here and hasn't written its folder yet: the page waits for it, and turns to it when it is there."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import streamlit as st

from curation import jobs
from streamlit_app.components import data, shell


@dataclass(frozen=True)
class Kind:
    """What is waited for: the names in the session of its job and of the widget that says what is looked at, and the file that shows that it is there."""

    job: str
    shown: str
    file: str
    several: bool
    says: str

    @property
    def name(self) -> str:
        """Where the name that is waited for stands in the session."""
        return f"{self.job}_begins"


RUN = Kind("train_job", "shown_runs", "runs/{}/run.json", True,
           "The rows become tokens and the model is loaded; the first step shows here by itself.")  # fmt: skip
SWEEP = Kind("sweep_job", "sweep", "sweeps/{}/table.json", False,
             "Its first setting is trained; what comes of it shows here by itself.")  # fmt: skip


def expect(kind: Kind, name: str) -> None:
    """Wait for one from now on."""
    st.session_state[kind.name] = name


def awaited(kind: Kind, found: Container[str]) -> str | None:
    """The one that is waited for, or null. One that is among ``found`` is looked at instead; to be called before its widget is drawn."""
    name: str | None = st.session_state.get(kind.name)
    if name is None:
        return None
    if name in found:
        st.session_state[kind.shown] = [name] if kind.several else name
    elif _goes_on(kind):
        return name
    del st.session_state[kind.name]
    return None


def wait(kind: Kind, name: str) -> None:
    """Say that it begins, and draw the page anew once there is more to say."""
    shell.finding(f"{name} begins.")
    shell.note(kind.says)
    st.fragment(_wait, run_every=1.0)(kind, name, [True])


def _wait(kind: Kind, name: str, first: list[bool]) -> None:
    if first:
        first.pop()
    elif (data.home().root / kind.file.format(name)).is_file() or not _goes_on(kind):
        st.rerun()


def _goes_on(kind: Kind) -> bool:
    job = st.session_state.get(kind.job)
    return bool(job) and jobs.get(data.home(), job).status == "running"
