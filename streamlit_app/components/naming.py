"""The names that stand for versions: give one, rename one, move one back to an older version."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from curation.errors import StoreBusy, TomeError
from curation.store import Store, Version
from curation.views import ago
from streamlit_app.components import data, shell, tables
from streamlit_app.components.jobs_strip import start, watch
from streamlit_app.components.live_text import live_text

SAID, WAITS = "naming_said", "naming_job"


def panel(version: Version, versions: list[Version]) -> None:
    """The names with what they stood for, and the three things that can be done; no version is ever changed."""
    refs, by_id = data.store().refs(), {one.id: one for one in versions}
    if said := st.session_state.pop(SAID, None):
        shell.notice(*said)
    if job := st.session_state.get(WAITS):
        watch(job)
    rows = [
        {"name": ref, "id": one, "rows": by_id[one].manifest.rows if one in by_id else None,
         "made": ago(by_id[one].manifest.created) if one in by_id else "not here", "before": len(set(data.store().history(ref))) - 1}
        for ref, one in refs.items()
    ]  # fmt: skip
    tables.table([("name", "Name", "category"), ("id", "Stands for", "code"), ("rows", "Rows", "figure"), ("made", "Made", "text"), ("before", "Earlier versions", "figure")],
                 rows, label="Names")  # fmt: skip
    first, second, third = st.columns(3, gap="large")
    with first:
        st.html("<h2 class='tw-h2'>Name this version</h2>")
        name = st.text_input("Name", key="new_name", placeholder="gold").strip()
        now = refs.get(name)
        if now and now != version.id:
            shell.note(
                f"{name} stands for {_title(by_id, now)} now; that version stays, and the name can be moved back."
            )
        what = f"Move {name} to {version.id[:8]}" if now else f"Name {version.id[:8]} {name}".strip()
        st.button(shell.label(what), disabled=not name or now == version.id, key="give_name", on_click=_do,
                  args=([name, version.id], lambda store: store.name(name, version.id), f"{name} stands for {version.id} now."))  # fmt: skip
    with second:
        st.html("<h2 class='tw-h2'>Rename</h2>")
        old = st.selectbox("The name", list(refs), key="old_name")
        to = st.text_input("Call it", key="renamed").strip()
        shell.note("Its history goes with it. Commands and recipes that use the old name no longer find it.")
        st.button(shell.label(f"Rename {old} to {to}" if to else "Rename"), disabled=not (old and to), key="rename", on_click=_do,
                  args=([str(old), "--rename", to], lambda store: store.rename(str(old), to), f"{old} is called {to} now."))  # fmt: skip
    live_text("new_name", "renamed")
    with third:
        _roll_back(refs, by_id, version)


def _roll_back(refs: dict[str, str], by_id: dict[str, Version], version: Version) -> None:
    st.html("<h2 class='tw-h2'>Roll back</h2>")
    moved = {
        ref: older
        for ref in refs
        if (
            older := [
                one
                for one in dict.fromkeys(reversed(data.store().history(ref)))
                if one != refs[ref] and one in by_id
            ]
        )
    }
    if not moved:
        shell.note(
            "No name has stood for another version yet. When a recipe is run again, its name moves on, and here it can be moved back."
        )
        return
    mine = next((ref for ref in moved if refs[ref] == version.id), next(iter(moved)))
    ref = str(st.selectbox("The name", list(moved), index=list(moved).index(mine), key="rolled"))
    to = str(
        st.selectbox("Back to", moved[ref], format_func=lambda one: _title(by_id, one), key=f"back_{ref}")
    )
    shell.note(
        f"{ref} stands for {_title(by_id, refs[ref])} now. That version stays in the store; exports and runs made of it stay as they are."
    )
    st.button(shell.label(f"Move {ref} back to {to[:8]}"), type="primary", key="roll_back", on_click=_do,
              args=([ref, to], lambda store: store.name(ref, to), f"{ref} stands for {to} again."))  # fmt: skip


def _title(by_id: dict[str, Version], one: str) -> str:
    found = by_id.get(one)
    return (
        f"{one[:8]} ({found.manifest.rows:,} rows, {ago(found.manifest.created)})"
        if found
        else f"{one[:8]} (not here)"
    )


def _do(arguments: list[str], act: Callable[[Store], None], said: str) -> None:
    """Do it at once; while a job writes, leave it to ``tome name`` with these arguments, as a job that waits for its turn."""
    store = data.store()
    st.session_state.pop(WAITS, None)
    try:
        with store.lock():
            act(store)
        st.session_state.update({SAID: ("good", said), "new_name": "", "renamed": ""})
    except StoreBusy:
        job = start(["name", *arguments, "--json"], f"Name {arguments[0]}")
        st.session_state.update({WAITS: job.id if job else None, "new_name": "", "renamed": ""})
    except TomeError as error:
        st.session_state[SAID] = ("bad", str(error))
