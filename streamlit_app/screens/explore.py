"""Explore: the rows of a version, filtered and paged on the server, one conversation whole, decisions by hand."""

from __future__ import annotations

import streamlit as st

from curation.errors import InputError, TomeError
from curation.query import Query
from streamlit_app.components import answers, beside, filters, indexes, shell
from streamlit_app.components.row_list import row_list
from streamlit_app.components.row_view import open_row
from streamlit_app.components.tray_bar import tray_bar

version = shell.workspace("Explore")
if beside.asked(version):
    st.stop()
sentence = st.container()
waiting = st.container()
with st.container(key="explore"):
    left, middle, right = st.columns([1.0, 2.4, 2.5], gap="medium")
found = index = None
try:
    plain = filters.untouched()
    if plain:  # nothing is asked for, so the rows needn't wait until the filters are drawn
        state, index, query = filters.ALL, indexes.index_now(version, filters.ALL), Query()
    else:
        with left:
            state = filters.state()
            index = indexes.index_now(version, state)
            query = filters.query(index)
    found = answers.found(index, query)
    if st.session_state.get("asked") not in (None, query):
        st.session_state["page"] = 1
        st.query_params.pop("row", None)
    st.session_state["asked"] = query
    with sentence:
        shell.finding(answers.rows_sentence(index, query))
    with waiting:
        tray_bar(version)
        if index.texts is None:
            filters.wait_for_texts(version, state)
    with middle:
        picked = row_list(version, index, found, query)
        if picked is None:
            if index.narrow.height:
                st.button("Take all filters away", key="clear_filters", on_click=filters.clear, args=(index,))
            else:
                shell.note("Nothing to list.")
    if plain:
        with left:
            filters.state()
            filters.query(index)
    with right:
        if picked:
            open_row(version, index, picked)
except TomeError as error:
    with sentence:  # beside what is wrong, not below all filters
        if found is None:
            shell.finding("These rows can't be listed.")
        shell.notice("bad", str(error))
        if found is None and index is not None and isinstance(error, InputError):
            st.button("Take all filters away", key="clear_filters", on_click=filters.clear, args=(index,))
