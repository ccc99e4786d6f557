"""A look at a source before it is read: its columns and what each becomes, the map of columns, some rows, and rejects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from curation import jobs
from curation.errors import TomeError
from curation.findings import count
from curation.ingest.look import FIRST, Look, look
from streamlit_app.components import data, shell, tables
from streamlit_app.components.conversation import messages_html
from streamlit_app.components.intake import Chosen
from streamlit_app.components.jobs_strip import ROOT, start, watch
from streamlit_app.components.safe_html import safe_html

LARGE = 100_000_000
"""Bytes from which on a look is a job: telling a file's rows apart would keep the page waiting."""
TARGETS = {"user": "User", "assistant": "Assistant", "system": "System prompt", "messages": "Whole conversation", "category": "Category"}  # fmt: skip
Map = dict[str, str]


@st.cache_data(max_entries=20, show_spinner="Looking at the first rows")
def _look(uri: str, mapping: tuple[tuple[str, str], ...], stamp: float) -> Look | str:  # noqa: ARG001 - in the key
    try:
        return look(uri, mapping=dict(mapping))
    except TomeError as error:
        return str(error)


def look_at(chosen: Chosen, mapping: Map) -> Look | str | None:
    """The look at a source with a map; as a string why it can't be opened; null while nobody has looked yet."""
    path = Path(chosen.uri)
    if not chosen.hub and not (path.is_file() and path.stat().st_size > LARGE):
        return _look(chosen.uri, tuple(sorted(mapping.items())), path.stat().st_mtime)
    held = st.session_state.get("look", {})
    asked = arguments(chosen, mapping)
    if held.get("arguments") != asked:
        return None
    job = jobs.get(data.home(), held["job"])
    said = job.answer() if job.status == "done" else None
    return Look(**said) if said else None


def arguments(chosen: Chosen, mapping: Map) -> list[str]:
    """What ``tome`` is told to look at the source."""
    said = ["ingest", chosen.uri, "--look", "--json"]
    said += ["--map", ",".join(f"{k}={v}" for k, v in mapping.items())] if mapping else []
    return said + (["--split", chosen.split] if chosen.hub else [])


def as_job(chosen: Chosen, mapping: Map, found: Look | str | None) -> None:
    """For a dataset on the Hub and a large file: the button that looks, as a job, and that job."""
    asked, held = arguments(chosen, mapping), st.session_state.get("look", {})
    if found is None:
        where = "on the Hub" if chosen.hub else "in a file of this size"
        shell.note(f"Looking at the first {FIRST} rows {where} is a job; it fetches what reading needs too, and makes nothing.")  # fmt: skip
        if st.button("Look at the first rows"):
            secret = {"HF_TOKEN": chosen.token} if chosen.token else None
            job = start(asked, f"Look at {chosen.name}", secret_env=secret, cwd=ROOT if chosen.hub else None)
            st.session_state["look"] = held = {"arguments": asked, "job": job.id if job else ""}
    if held.get("arguments") == asked and held.get("job") and found is None:
        watch(held["job"])


def finding(found: Look | str | None, name: str) -> str:
    """What the look has found, in a sentence."""
    if found is None:
        return f"{name}: nobody has looked at it yet."
    if isinstance(found, str):
        return f"{name} can't be read."
    if found.unsure:
        return f"{name}: say which column asks and which answers."
    if found.problem:
        return f"{name} can't be read as it is."
    lost, seen = sum(found.reasons.values()), found.input_rows
    head = f"{name} reads as {said_shape(found)}"
    if not lost:
        which = (
            f"the first {seen:,} of its {found.total:,} rows are"
            if found.total > seen
            else f"all {seen:,} rows are"
        )
        return f"{head}: {which} good." if seen > 1 else f"{head}: its one row is good."
    which = f"the first {seen:,} of {found.total:,} rows" if found.total > seen else count(seen, "row")
    return f"{head}: {found.good:,} of {which} {'is' if found.good == 1 else 'are'} good, {count(lost, 'is a reject', 'are rejects')}."


def said_shape(found: Look) -> str:
    """The shape in words."""
    return "you said" if found.shape == "map" else str(found.shape)


def columns_table(found: Look) -> None:
    """The source's columns, what each becomes, and a value of each."""
    rows = [
        {"name": c["name"], "role": c["role"] or "not known", "example": (c["example"] or "")[:110]}
        for c in found.columns
    ]
    with st.container(key="columns_table"):
        tables.table([("name", "Column", "code"), ("role", "Becomes", "text"), ("example", "First value", "text")], rows, label="Columns")  # fmt: skip


def editor(names: list[str], key: str, *, expanded: bool) -> Map:
    """Draw the map of columns and give what was said."""
    with st.expander("Which column is what", expanded=expanded):
        shell.note("Say it where recognising the columns would be a guess; what is left empty is recognised.")
        chosen: Map = {}
        for place, (target, title) in enumerate(TARGETS.items()):
            if place % 3 == 0:
                cells = st.columns(3)
            with cells[place % 3]:
                column = st.selectbox(title, names, index=None, placeholder="not said", key=f"map_{target}_{key}", accept_new_options=not names)  # fmt: skip
            if column:
                chosen[target] = str(column)
    return chosen


def conversations(found: Look) -> None:
    """The first rows as conversations, one at a time."""
    st.html("<h2 class='tw-h2'>The first rows</h2>")
    place = 1
    if len(found.rows) > 1:
        place = int(st.pagination(len(found.rows), key="look_row", max_visible_pages=8) or 1)
    row: dict[str, Any] = found.rows[min(place, len(found.rows)) - 1]
    if row["category"]:
        shell.note(f"Category: {row['category']}")
    safe_html(messages_html(row["messages"][:6]), key="preview")
    if len(row["messages"]) > 6:
        shell.note(f"{len(row['messages']) - 6:,} more turns.")


def rejects(found: Look) -> None:
    """Why rows of the look are rejects, and the first of them."""
    if not found.reasons:
        return
    st.html("<h2 class='tw-h2'>Rejects</h2>")
    whole = sum(found.reasons.values())
    by = [
        {"reason": reason, "rows": n, "share": n / max(found.input_rows, 1)}
        for reason, n in found.reasons.items()
    ]
    tables.table([("reason", "Reason", "text"), ("rows", "Rows", "figure"), ("share", "Share of what was looked at", "share")], by, label="Rejects by reason")  # fmt: skip
    many = len({one["file"] for one in found.rejects}) > 1
    lines = [{**one, "snippet": (one["snippet"] or "")[:90]} for one in found.rejects]
    tables.table([*([("file", "File", "code")] if many else []), ("line", "Line", "figure"), ("reason", "Reason", "text"), ("snippet", "Text", "text")],
                 lines, label="The first rejects")  # type: ignore[list-item]  # fmt: skip
    if whole > len(lines):
        shell.note(f"{whole - len(lines):,} more; reading keeps every one with its line and reason.")
