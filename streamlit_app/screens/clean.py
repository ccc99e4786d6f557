"""Clean: what was found, a cut that moves, the rows on both sides of it, and the steps that make it."""

from __future__ import annotations

import streamlit as st

from curation import cuts, draft
from curation.cut_kinds import Alike, Personal
from curation.errors import TomeError
from curation.findings import count
from streamlit_app.components import (
    answers,
    cleaning,
    cleaning_charts,
    cutting,
    filters,
    indexes,
    shell,
    sides,
    tables,
)
from streamlit_app.components.tokens import category_colours

version = shell.workspace("Clean")
try:
    index = indexes.index_now(version)
    if index.texts is None:
        filters.wait_for_texts(version, "kept", "words are counted then, where no step has; all else works.")
except TomeError as error:
    shell.notice("bad", str(error))
    st.stop()
with st.container(key="clean"):
    left, right = st.columns([1, 3.4], gap="large")
with left:
    chosen = cleaning.topic(index)
with right:
    sentence = st.container()
with left:
    signal = cleaning.signal(index, chosen)
    cut = cleaning.cut(index, signal) if signal else None
with right:
    if signal is None:
        with sentence:
            shell.finding(f"{chosen} isn't measured in this version.")
        cutting.missing(chosen, version)
        st.stop()
    told = answers.cut(index, cut) if cut else None
    redacts = isinstance(cut, Personal) and cut.redact
    with sentence:
        if told is None:
            shell.finding(cleaning.nothing(index, signal))
        else:
            # a group of more than three may fall apart where the cut is raised
            raised = cut if isinstance(cut, Alike) and cut.at != cut.lowest else None
            bound = raised is not None and bool((answers.group_sizes(index, raised)["size"] > 3).any())
            shell.finding(cuts.sentence(told.by, verb="changes" if redacts else "drops", at_most=bound))
    cleaning_charts.draw(version, index, signal, cut)
    if chosen == "Duplicates" and "near_dup.similarity" not in index.narrow.columns:
        cutting.missing(chosen, version)
    if cut is not None and told is not None and (number := int(told.by["goes"].sum())):
        steps = cut.steps(cutting.base(version))
        with st.container(horizontal=True, vertical_alignment="center", key="add_cut"):
            st.code(
                "\n".join(f"- {draft.one_line(step)}" for step in steps), language="yaml", wrap_lines=True
            )
            if st.button(
                f"Add to the recipe: {'redact' if redacts else 'drop'} {count(number, 'row')}", type="primary"
            ):
                cutting.add_cut(version, steps)
        sides.sides(version, told.goes, told.stays, signal.head, redacts=redacts)
        st.html("<h2 class='tw-h2'>By category</h2>")
        tables.table([("category", "Category", "category"), ("rows", "Rows", "figure"), ("goes", "Change" if redacts else "Would go", "figure"), ("share", "Share", "share")],
                     told.by.to_dicts(), label="Rows that would go, by category", colours=category_colours(version.manifest.categories))  # fmt: skip
