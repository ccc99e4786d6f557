"""Explore: the rows of a version, filtered and paged on the server, and one conversation whole."""

from __future__ import annotations

import streamlit as st

from curation.errors import TomeError
from curation.findings import count
from streamlit_app.components import data, filters, shell
from streamlit_app.components.row_list import open_row, row_list

version = shell.workspace("Explore")
sentence = st.container()
with st.container(key="explore"):
    left, middle, right = st.columns([1.0, 2.3, 2.5], gap="medium")
try:
    with left:
        state = filters.state()
        index = data.index(version, state)
        query = filters.query(index)
    found = data.found(version, state, query)
except TomeError as error:
    shell.notice("bad", str(error))
    st.stop()
if st.session_state.get("asked") not in (None, query):
    st.session_state["page"] = 1
    st.query_params.pop("row", None)
st.session_state["asked"] = query
total = index.narrow.height
with sentence:
    every = f"All {count(total, 'row')}" if query.empty else f"{found.len():,} of {count(total, 'row')}"
    shell.finding(f"{every} {'kept' if state == 'kept' else 'dropped on the way to this version'}.")
with middle:
    picked = row_list(version, index, found)
    if picked is None:
        shell.note(
            "No row answers these filters." if total else "No rows were dropped on the way to this version."
        )
with right:
    if picked:
        open_row(version, picked)
