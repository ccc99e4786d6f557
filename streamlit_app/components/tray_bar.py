"""The tray: what was decided by hand and waits, each act undoable, and the version or the recipe that is made of it."""

from __future__ import annotations

import streamlit as st

from curation import draft, jobs, tray
from curation.decisions import tally
from curation.findings import count
from curation.store import Version
from streamlit_app.components import data, shell
from streamlit_app.components.cutting import open_draft
from streamlit_app.components.jobs_strip import start, watch

SHOWN = 30
"""Acts that are listed, the last ones."""


def tray_bar(version: Version) -> None:
    """Draw the tray of a version; nothing where nothing waits and nothing was just made."""
    acts, by_row = data.waiting(version)
    decisions = [one for told in by_row.values() for one in told]
    if decisions:
        with st.container(horizontal=True, vertical_alignment="center", key="tray"):
            wait = "waits" if len(decisions) == 1 else "wait"
            st.html(f'<p class="tw-tray" role="status"><b>{tally(decisions)}</b> {wait}; this version stays as it is.</p>')  # fmt: skip
            name = st.text_input("Name of the new version", value=version.manifest.name, key=f"tray_name_{version.id}", width=200,
                                 label_visibility="collapsed", placeholder="name of the new version")  # fmt: skip
            if st.button("Make a version", type="primary", key="tray_make", disabled=not name):
                job = start(
                    ["hand", "make", version.id, "--name", str(name), "--json"], f"Make {name} by hand"
                )
                st.session_state.update(hand_job=job.id if job else None, hand_from=version.id)
            st.button("Undo the last", key="tray_undo", on_click=_undo, args=(version, -1), help=shell.label(tray.told(acts[-1])))  # fmt: skip
            with st.popover("All of them", type="tertiary", key="open_tray", on_change="rerun") as box:
                if box.open:
                    _list(version)
            if st.button("Add to the recipe", key="tray_recipe", type="tertiary",
                         help="The decisions as a step of the recipe that made this version, before its split."):  # fmt: skip
                open_draft(
                    version,
                    draft.with_step(
                        draft.recipe_of(version), tray.step_of(data.home(), decisions), replace=False
                    ),
                )
    job_id = st.session_state.get("hand_job")
    if job_id and st.session_state.get("hand_from") == version.id:
        _made(job_id)


def _made(job_id: str) -> None:
    job = jobs.get(data.home(), job_id)
    said = job.answer() if job.status == "done" else None
    if said is None:
        watch(job_id)
        return
    left = f"; {count(said['left_alone'], 'decision')} left alone" if said.get("left_alone") else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        shell.notice("good", f"Version {said['version'][:8]} ({said['name']}) has {count(said['rows'], 'row')}{left}.")  # fmt: skip
        st.button("Open it", key="open_made", on_click=shell.turn_to, args=("Explore", said["version"]))


def _list(version: Version) -> None:
    acts = data.waiting(version)[0]
    st.text_input(
        "Your name, kept with what you decide from now on",
        key="who",
        persist_state="session",
        autocomplete="off",
    )
    for place in range(len(acts) - 1, max(-1, len(acts) - 1 - SHOWN), -1):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.html(f'<p class="tw-note">{shell.plain(tray.told(acts[place]))}</p>')
            st.button("Undo", key=f"undo_{place}", type="tertiary", on_click=_undo, args=(version, place))
    if len(acts) > SHOWN:
        shell.note(f"And {count(len(acts) - SHOWN, 'earlier act')}.")


def _undo(version: Version, place: int) -> None:
    tray.undo(data.home(), version.id, place)
