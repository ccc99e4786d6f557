"""One row whole: what can be decided, the conversation, its story, what was measured, its kin, and what is alike."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import streamlit as st

from curation import alike, browse
from curation.errors import MissingExtra, TomeError
from curation.findings import count
from curation.store import Version
from curation.why import Story
from streamlit_app.components import conversation, data, deciding, shell
from streamlit_app.components.jobs_strip import start, watch
from streamlit_app.components.measured import measured_html
from streamlit_app.components.picker import picker
from streamlit_app.components.safe_html import safe_html
from streamlit_app.components.tokens import REST, category_colours

VIEWS = ("Story", "Measured", "Kin", "Alike")


def open_row(version: Version, index: browse.Index, row: str) -> None:
    """Draw a row whole. Errors are shown."""
    try:
        story = data.story(version, row)
    except TomeError as error:
        shell.notice("bad", str(error))
        return
    edits: dict[int, str] = {}
    st.html(conversation.provenance_html(story))
    if story.state == "kept" and index.state == "kept":
        edits = deciding.bar(version, index, story)
    if st.session_state.get("editing") == story.id:
        deciding.form(version, index, story, edits)
    else:
        marks = conversation.marks_of(story)
        safe_html(conversation.messages_html(story.messages, marks, edits), key="conversation_row")
    with st.container(key="row_views"):
        view = st.segmented_control(
            "About this row", VIEWS, default="Story", required=True, key="view", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
    if view == "Measured":
        safe_html(measured_html(story.scores) or "<p>No step has measured it.</p>", key="measured_row")
    elif view == "Kin":
        _kin(story, kin(index, story))
    elif view == "Alike":
        _alike(version, index, story)
    else:
        safe_html(conversation.story_html(story), key="story_row")
    st.download_button(
        "Download this row", lambda: json.dumps(story.to_dict(), ensure_ascii=False, indent=1, default=str),
        file_name=f"{story.id}.json", mime="application/json", type="tertiary", on_click="ignore", icon=":material/download:",
    )  # fmt: skip


def kin(index: browse.Index, story: Story) -> pl.DataFrame:
    """The other rows of its family in this list: parent, children, near-duplicates; the parent first."""
    family = pl.col("family") == story.family
    found = index.narrow.lazy().filter(family, pl.col("id") != story.id).collect()
    how = (
        pl.when(pl.col("id") == (story.parent_id or "")).then(pl.lit("parent"))
        .when(pl.col("parent_id") == story.id).then(pl.lit("child"))
        .otherwise(pl.lit("same family"))
    )  # fmt: skip
    order = pl.col("how").replace_strict({"parent": 0, "child": 1, "same family": 2}, return_dtype=pl.Int8)
    return found.with_columns(how=how).sort(order, "id").head(50)


def _kin(story: Story, near: pl.DataFrame) -> None:
    if near.is_empty():
        missing = f" Its parent {story.parent_id} isn't in this list." if story.parent_id else ""
        shell.note(f"It is alone in its family: nothing was made of it, and nothing is nearly the same.{missing}")  # fmt: skip
        return
    shell.note("Choose one to see both side by side, with the words that differ.")
    columns = [{"title": "", "kind": "kin", "name": "Kinship"}, {"title": "Opens with", "kind": "text"}, {"title": "", "kind": "origin", "name": "Origin"},
               {"title": "Words", "kind": "figure"}]  # fmt: skip
    rows = [
        {"id": one["id"], "cells": [one["how"], one["opens"] or "", one["origin"], f"{one['words'] or 0:,}"]}
        for one in near.to_dicts()
    ]
    picker(
        columns,
        rows,
        picked=None,
        label="Its family",
        key="kin_picker",
        on_pick=lambda row: _beside(story.id, row),
    )
    if near.height > 1:
        st.button("List its family", key="list_kin", type="tertiary", on_click=_list_family, args=(story.family,))  # fmt: skip


def _list_family(family: str) -> None:
    st.query_params["kin"] = family
    st.session_state["more_filters"] = True


def _beside(row: str, other: str) -> None:
    """Put two rows into the address; the page shows them side by side."""
    st.query_params.update(row=row, beside=other)


def _alike(version: Version, index: browse.Index, story: Story) -> None:
    if index.state != "kept":
        shell.note("Likeness is measured among the rows that were kept.")
        return
    try:
        missing = data.lacking(str(version.folder))
    except MissingExtra as error:
        shell.notice("caution", str(error))
        return
    if job := st.session_state.get("alike_job"):
        if missing:
            watch(job)
            return
        st.session_state.pop("alike_job")
    if missing > alike.AT_ONCE:
        shell.note(f"{count(missing, 'text')} of this version must be embedded once before rows can be compared; that is a job.")  # fmt: skip
        if st.button(f"Embed {count(missing, 'text')}", key="embed_all"):
            started = start(["alike", version.id, "--json"], f"Embed {version.manifest.name}")
            st.session_state["alike_job"] = started.id if started else None
            data.lacking.clear()
            st.rerun()
        return
    place = index.narrow.lazy().filter(pl.col("id") == story.id).select("row").collect()["row"]
    if place.is_empty():
        shell.note("It isn't among the rows that were kept.")
        return
    near = data.likeness(version).nearest(int(place[0]), 60)
    found = index.narrow[[at for at, _ in near]].with_columns(cosine=pl.Series([value for _, value in near], dtype=pl.Float64))  # fmt: skip
    own = index.narrow["content_hash"][int(place[0])]
    distinct = found.filter(pl.col("content_hash") != own).unique("content_hash", keep="first", maintain_order=True)  # fmt: skip
    colours = category_colours(version.manifest.categories)
    rows: list[dict[str, Any]] = [
        {"id": one["id"], "cells": [one["cosine"], {"text": one["category"] or "none", "colour": colours.get(one["category"], REST)}, one["opens"] or ""]}
        for one in distinct.head(12).to_dicts()
    ]  # fmt: skip
    columns = [
        {"title": "Cosine", "kind": "share"},
        {"title": "Category", "kind": "category"},
        {"title": "Opens with", "kind": "text"},
    ]
    shell.note("The rows most like it, by embedding. Choose one to see both side by side.")
    picker(
        columns,
        rows,
        picked=None,
        label="Rows most like it",
        key="alike_picker",
        on_pick=lambda row: _beside(story.id, row),
    )
