"""Running the recipe: on some rows for a try or on all, as a job, with what each step took in, let out and why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from curation import draft, jobs
from curation.contract import write_atomic
from curation.errors import InputError
from curation.findings import count
from curation.recipe import Recipe
from streamlit_app.components import data, shell, tables
from streamlit_app.components.jobs_strip import ROOT, start, watch
from streamlit_app.components.workspace import check_recipe

JOB = "recipe_job"
OWN = "recipe.yaml"
"""The recipe in the folder of the job that runs it."""


def buttons(text: str, recipe: Recipe | None) -> None:
    """Save the recipe under its name and run it as a job: on some rows for a try, or on all."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        limit = int(
            st.number_input(
                "Rows of each source for a dry run", 10, 100_000, 200, 50, key="dry_rows", width=220
            )
        )
        dry = st.button(
            f"Dry run on {limit:,}" if recipe else "Dry run", disabled=recipe is None,
            help="Makes a version of a sample, named with -dry; the name itself stays where it is.",
        )  # fmt: skip
        full = st.button("Run it" if recipe is None else f"Run {count(len(recipe.steps), 'step')}", type="primary", disabled=recipe is None)  # fmt: skip
    if recipe is None or not (dry or full):
        return
    where = ROOT if not Path("data/samples").is_dir() and (ROOT / "data/samples").is_dir() else None
    try:
        check_recipe(draft.parsed(text), where or Path.cwd())
    except InputError as error:
        shell.notice("bad", str(error))
        return
    if not dry:
        write_atomic(data.home().root / "recipes" / f"{recipe.name}.yaml", text)
    # the job has the recipe for itself: another window may run another one of the same name meanwhile
    arguments = ["run", OWN, "--json", *(["--limit", str(limit)] if dry else [])]
    job = start(arguments, f"{'Dry run' if dry else 'Run'} {recipe.name}", cwd=where, files={OWN: text})
    st.session_state[JOB] = job.id if job else None


def log() -> None:
    """The job that was started last: its steps as they end, its outcome, and what it printed."""
    if one := st.session_state.get(JOB):
        st.html("<h2 class='tw-h2'>What it does</h2>")
        running = jobs.get(data.home(), one).status == "running"
        st.fragment(_steps, run_every=0.7 if running else None)(one)
        watch(one)


def steps_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line for each source and step that a run's events tell of: what, in, out, dropped, made, edited, why, how long."""
    lines: list[dict[str, Any]] = []
    for event in events:
        if event["event"] == "source_done":
            lines.append(
                {
                    "what": f"read {event['name']}",
                    "out": event["rows"],
                    "dropped": event["rejects"],
                    "why": _why(event.get("reasons", {})),
                }
            )
        elif event["event"] == "step":
            lines.append({"what": event["op"], "in": event["rows"], "place": event["place"], "time": "now"})
        elif event["event"] == "progress" and lines and lines[-1].get("time") == "now" and event.get("total"):
            lines[-1]["why"] = f"{event['done']:,} of {event['total']:,}, {event['rate']:,.0f}/s"
        elif event["event"] == "step_done" and lines:
            spent = "from cache" if event["cached"] else f"{event['seconds']:.1f} s"
            lines[-1] = {"what": event["op"], "why": _why(event["reasons"]), "time": spent, **{key: event[key] for key in ("in", "dropped", "made", "edited", "out")}}  # fmt: skip
    return lines


def _why(reasons: Mapping[str, int]) -> str:
    return "; ".join(f"{n:,} {reason}" for reason, n in list(reasons.items())[:3])


def _steps(one: str) -> None:
    job = jobs.get(data.home(), one)
    lines = steps_of(job.events())
    if lines:
        tables.table(
            [("what", "Step", "category"), ("in", "In", "figure"), ("dropped", "Dropped", "figure"), ("made", "Made", "figure"), ("edited", "Edited", "figure"),
             ("out", "Out", "figure"), ("time", "Time", "figure"), ("why", "Reasons", "text")],
            lines, label="What each step of the run did",
        )  # fmt: skip
    said = job.answer() if job.status == "done" else None
    if said:
        with st.container(horizontal=True, vertical_alignment="center", key="run_outcome"):
            shell.notice("good", f"{said['name']}: {said['rows']:,} rows in version {said['version']}.")
            st.page_link(
                "screens/explore.py", label="Look at its rows", query_params={"version": said["version"]}
            )
            st.page_link(
                "screens/versions.py",
                label="Compare it, export it",
                query_params={"version": said["version"]},
            )
