"""What to do first, or next, and the work that goes on: running jobs, and those that can go on from where they stopped."""

from __future__ import annotations

import time

import streamlit as st

from curation import jobs
from streamlit_app.components import data, shell
from streamlit_app.components.jobs_strip import ROOT, start, watch

RECENT = 86_400
"""Seconds for which a job that was cut short is shown: a day."""
ENDED = 2
"""How many of the last jobs that were cut short are shown beside those that run."""


def draw(*, some: bool) -> None:
    """Three ways in as cards on an empty store; with versions, a line of next steps."""
    if some:
        with st.container(horizontal=True, key="next_steps"):
            _sample(primary=False)
            st.page_link("screens/ingest.py", label="Upload a file", query_params={"from": "Upload"})
            st.page_link("screens/ingest.py", label="Load from the Hub", query_params={"from": "Hub"})
            st.page_link("screens/explore.py", label="Look at rows")
            st.page_link("screens/balance.py", label="Plan a mix")
        return
    for place, column in enumerate(st.columns(3, gap="medium")):
        with column, st.container(border=True, key=f"way_{place}", height="stretch"):
            title, said = [
                ("The sample", "286 conversations in 8 uneven categories, to look around; it takes five seconds."),
                ("The Hub", "A dataset such as mlabonne/FineTome-100k, by its name; a token only for a private one."),
                ("Your own file", "JSONL, JSON, CSV, TSV, Parquet or Arrow, up to 500 MB; you say which column is what."),
            ][place]  # fmt: skip
            st.html(f"<h2 class='tw-h2 tw-way'>{title}</h2>")
            shell.note(said)
            if place == 0:
                _sample(primary=True)
            elif place == 1:
                st.page_link("screens/ingest.py", label="Load from the Hub", query_params={"from": "Hub"}, icon=":material/cloud_download:")  # fmt: skip
            else:
                st.page_link("screens/ingest.py", label="Upload a file", query_params={"from": "Upload"}, icon=":material/upload_file:")  # fmt: skip


def _sample(*, primary: bool) -> None:
    if st.button("Load the sample", type="primary" if primary else "secondary", key="load_sample"):
        job = start(["run", "data/recipes/demo.yaml", "--json"], "Curate the sample", cwd=ROOT)
        st.session_state["watched_job"] = job.id if job else None
        st.rerun()


def work() -> list[jobs.Job]:
    """The jobs that run, with rate and remaining time, the one that was started here, and the last ones cut short. Gives the others."""
    found = jobs.jobs(data.home())[:40]
    live = [job.id for job in found if job.status == "running"]
    late = [job for job in found if job.ended is not None and time.time() - job.ended < RECENT]
    newest = {job.title: job.id for job in reversed(found)}  # what was tried again is told by the try
    cut = [
        job.id
        for job in late
        if job.status in ("killed", "stopped", "failed") and newest[job.title] == job.id
    ][:ENDED]
    watched = st.session_state.get("watched_job")
    shown = list(dict.fromkeys([*live, *([watched] if watched else []), *cut]))
    if shown:
        st.html("<h2 class='tw-h2'>Work</h2>")
        for one in shown:
            watch(one)
    return [job for job in found if job.id not in shown]
