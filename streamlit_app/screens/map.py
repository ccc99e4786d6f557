"""Map: every conversation as a point; what is alike lies together. Circle some to list them, click one to read it."""

from __future__ import annotations

import streamlit as st

from curation.errors import TomeError
from streamlit_app.components import beside, filters, indexes, mapping, shell
from streamlit_app.components.row_list import row_list
from streamlit_app.components.row_view import open_row
from streamlit_app.components.tray_bar import tray_bar

version = shell.workspace("Map")
if beside.asked(version):
    st.stop()
try:
    index = indexes.index_now(version)
    tray_bar(version)
except TomeError as error:
    shell.notice("bad", str(error))
    st.stop()
layouts = mapping.layouts(index)
if not layouts:
    mapping.missing(version)
    st.stop()
sentence = st.container()
if index.texts is None:
    filters.wait_for_texts(version, "kept", "the map tells the first words of a point then; all else works.")
left, right = st.columns([2.6, 2], gap="large")
with left:
    with st.container(horizontal=True):
        by = str(
            st.selectbox(
                "Colour by", mapping.colours_by(index, layouts[0]), key="by", bind="query-params", width=240
            )
        )
        layout = (
            str(st.selectbox("Layout", layouts, key="layout", width=200)) if len(layouts) > 1 else layouts[0]
        )
    says, found = mapping.draw(version, index, layout, by)
    with sentence:
        shell.finding(says)
    if found.len():
        row_list(version, index, found)
with right:
    if row := st.query_params.get("row"):
        open_row(version, index, row)
    else:
        shell.note("Click a point, or a row of the list, to read it here.")
mapping.name_points(version, index, layout)
