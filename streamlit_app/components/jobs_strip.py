"""Jobs: the quiet strip in the side bar, a job's card with its progress and log, and starting one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from curation import jobs
from curation.contract import read_events
from curation.errors import TomeError
from curation.views import ago
from streamlit_app.components import data
from streamlit_app.components.cards import span
from streamlit_app.components.rich_text import plain

ROOT = Path(__file__).resolve().parents[2]
"""Where the bundled samples and recipes stand; relative paths in recipes start here or where the workbench did."""


def start(arguments: list[str], title: str, **options: Any) -> jobs.Job | None:
    """Start ``tome ARGUMENTS`` as a job; an error is shown, and null given back."""
    from streamlit_app.components.shell import notice

    try:
        return jobs.start(data.home(), arguments, title=title, **options)
    except (TomeError, OSError) as error:
        notice("bad", f"Couldn't start the job: {error}")
        return None


def amount(job: jobs.Job) -> tuple[float | None, str]:
    """How far a job is (0 to 1, or null) and the same in words, with rate and remaining time."""
    event = _training(job) or job.progress()
    if job.stopping:
        return None, "stopping; it finishes what it is at"
    if job.waiting:
        return None, "waits until the job before it is done"
    if job.status != "running" or event is None:
        return None, job.status
    done, total = event.get("done") or 0, event.get("total")
    words = str(event.get("op") or "")
    if total:
        words += f" {done:,} of {total:,}"
    if event.get("rate"):
        words += f", {event['rate']:,.0f}/s"
    if event.get("left"):
        words += f", {span(float(event['left']))} left"
    return (min(done / total, 1.0) if total else None), words.strip() or "running"


def _training(job: jobs.Job) -> dict[str, Any] | None:
    """A training job's last step, from its run's folder."""
    if job.arguments[:1] != ["train"] or "--name" not in job.arguments or job.status != "running":
        return None
    name = job.arguments[job.arguments.index("--name") + 1]
    found = read_events(data.home().runs / name / "events.jsonl")
    last = next((event for event in reversed(found) if event["event"] == "step"), None)
    if last is None or last["time"] < job.started:
        return None
    return {
        "op": f"loss {last['loss']:.2f}, step",
        "done": last["done"],
        "total": last["total"],
        "left": last.get("left"),
    }


def card_html(job: jobs.Job) -> str:
    """A job in two lines: its title and state, and a bar while it runs."""
    share, words = amount(job)
    bar = (
        f'<span class="tw-bar{" wait" if share is None else ""}"><i style="width:{100 * (share or 0.3):.1f}%"></i></span>'
        if job.status == "running"
        else ""
    )
    said = f"{words} · {ago(job.ended or job.started)}" if job.status != "running" else words
    if job.status in ("failed", "killed") and (why := job.complaint()):
        said = f"{job.status}: {why if len(why) <= 140 else why[:139].rsplit(' ', 1)[0] + ' …'}"
    return f'<div class="tw-job tw-job-{job.status}"><b>{plain(job.title)}</b>{bar}<span>{plain(said)}</span></div>'


def jobs_strip() -> None:
    """The jobs that run, and the last that ended, at the bottom of the side bar."""
    found = jobs.jobs(data.home())[:20]
    running = any(job.status == "running" for job in found)
    st.fragment(_strip, run_every=1.5 if running else None)(running, [found])


def _strip(was_running: bool, read: list[list[jobs.Job]]) -> None:
    # the first drawing shows what was read for it: beginning the page again here would lose what was clicked
    found = read.pop() if read else jobs.jobs(data.home())[:20]
    live = [job for job in found if job.status == "running"]
    if was_running and not live:
        st.rerun()  # what the job made is there now
    shown = live or found[:1]
    if shown:
        st.html(f'<div class="tw-jobs"><h2>Jobs</h2>{"".join(card_html(job) for job in shown[:4])}</div>')


def watch(job_id: str, *, log: bool = True) -> None:
    """A job's card with its log and the buttons that stop it or start it again. ``log`` opens the log while it runs."""
    job = jobs.get(data.home(), job_id)
    st.fragment(_watch, run_every=1.0 if job.status == "running" else None)(
        job_id, job.status, [job], log=log
    )


def _watch(job_id: str, status: str, read: list[jobs.Job], *, log: bool) -> None:
    job = read.pop() if read else jobs.get(data.home(), job_id)  # as in the strip
    if job.status != status:
        st.rerun()
    st.html(card_html(job))
    if job.status == "running":
        if st.button(
            "Stop this job", key=f"stop_{job_id}", help="As Ctrl-C would: what is finished is kept."
        ):
            jobs.stop(job)
            st.rerun()
    elif job.status != "done" and st.button(
        "Try again" if job.status == "failed" else "Go on from where it stopped", key=f"resume_{job_id}"
    ):
        _follow(job_id, jobs.resume(data.home(), job).id)
        st.rerun()
    opened = job.status == "failed" or (log and job.status == "running")
    with st.expander("What it printed", expanded=opened), st.container(key=f"log_{job_id}"):
        st.code(f"$ {job.command}\n{job.log(6_000)}", language=None, wrap_lines=True)


def _follow(job_id: str, again: str) -> None:
    """Whatever on the page looked at a job looks at the one that goes on with it."""
    for name, held in st.session_state.items():
        if held == job_id:
            st.session_state[name] = again
        elif isinstance(held, dict) and held.get("job") == job_id:
            held["job"] = again
    st.session_state["watched_job"] = again
