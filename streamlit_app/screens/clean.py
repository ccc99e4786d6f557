"""Clean: a signal's distribution, a cut that moves, the rows on both sides of it, and the step that makes it."""

from __future__ import annotations

import streamlit as st

from curation import cuts, draft, views
from curation.errors import TomeError
from curation.findings import count
from streamlit_app.components import charts, cutting, data, shell, tables

version = shell.workspace("Clean")
try:
    index = data.index(version)
except TomeError as error:
    shell.notice("bad", str(error))
    st.stop()
left, right = st.columns([1, 3.4], gap="large")
with left:
    chosen, columns = cutting.topic(index)
    column = st.selectbox("Signal", columns, key=f"signal_{chosen}") if columns else None
    cut = cutting.threshold(index, column) if column else None
with right:
    if column is None:
        shell.finding(f"{chosen} isn't scored in this version.")
        cutting.missing(chosen, version)
        st.stop()
    rows = index.narrow
    by = cuts.effect(rows, cut) if cut else None
    shell.finding(cuts.sentence(by) if by is not None else f"Choose values of {column} to drop.")
    name = f"{version.manifest.name}-{column}"
    if rows[column].dtype.is_numeric():
        bins = views.histogram(rows.lazy(), column)
        says = f"Distribution of {column} over {count(int(bins['rows'].sum()), 'row')}."
        chart = charts.histogram(bins, column, cut.at if cut else None)
    else:
        bins = data.shares(version, column)
        says = f"Rows by {column}."
        chart = charts.share_bars(bins, words=False)
    charts.draw(chart, says=says, data=bins, rows=int(bins["rows"].sum()), name=name)
    if cut is not None and by is not None and by["goes"].sum():
        cutting.sides(*cuts.beside(rows, cut), column)
        st.html("<h2 class='tw-h2'>By category</h2>")
        tables.table([("category", "Category", "text"), ("rows", "Rows", "figure"), ("goes", "Would go", "figure"), ("share", "Share", "share")],
                     by.to_dicts(), label="Rows that would go, by category")  # fmt: skip
        st.html("<h2 class='tw-h2'>The step for the recipe</h2>")
        st.code(f"- {draft.one_line(cut.step())}", language="yaml", wrap_lines=True)
        if st.button(f"Add to the recipe: drop {count(int(by['goes'].sum()), 'row')}", type="primary"):
            cutting.add(version, cut.step(), replace=False)
