"""Both sides of a cut beside one another, and the row that is picked, whole, with what was found in it underlined."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from curation.errors import TomeError
from curation.store import Version
from streamlit_app.components import conversation, data, shell
from streamlit_app.components.picker import picker
from streamlit_app.components.safe_html import safe_html
from streamlit_app.components.tokens import REST, category_colours


def sides(
    version: Version, goes: pl.DataFrame, stays: pl.DataFrame, title: str, *, redacts: bool = False
) -> None:
    """Draw both sides, as ``cuts.beside`` gives them, and below them the row that is picked; ``title`` is the value's."""
    every = [*goes["id"], *stays["id"]]
    if st.session_state.get("clean_row") not in every:
        st.session_state["clean_row"] = every[0]
    copies = "kept" in goes.columns
    first = "These are changed" if redacts else "These go"
    second = "These stay in their place" if copies else "These just stay"
    with st.container(key="both_sides"):
        places = st.columns(2, gap="large")
    for place, (name, held) in zip(places, [(first, goes), (second, stays)], strict=True):
        with place:
            st.html(f"<h2 class='tw-h2'>{name}</h2>")
            if held.is_empty():
                shell.note("None.")
            else:
                _side(version, held, name, title)
    stays_for = dict(zip(goes["id"], stays["id"], strict=True)) if copies else {}
    _read(version, st.session_state["clean_row"], stays_for.get(st.session_state["clean_row"]))


def _side(version: Version, held: pl.DataFrame, name: str, title: str) -> None:
    colours = category_colours(version.manifest.categories)
    columns = [{"title": "Category", "kind": "category"}, {"title": "Opens with", "kind": "text"}]
    if "value" in held.columns:
        columns.append({"title": title, "kind": "figure" if held["value"].dtype.is_numeric() else "note"})
    rows: list[dict[str, Any]] = []
    for one in held.to_dicts():
        cells: list[Any] = [
            {"text": one["category"], "colour": colours.get(one["category"], REST)},
            one["opens"] or "",
        ]
        rows.append({"id": one["id"], "cells": [*cells, *([_value(one["value"])] if "value" in one else [])]})

    def take(row: str) -> None:
        st.session_state["clean_row"] = row

    picker(
        columns,
        rows,
        picked=st.session_state["clean_row"],
        label=name,
        on_pick=take,
        key=f"side_{name.split()[-1]}",
    )


def _value(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)


def _read(version: Version, row: str, other: str | None) -> None:
    """One row whole, with spans underlined, and what was found of it in a test set."""
    try:
        story = data.story(version, row)
    except TomeError as error:
        shell.notice("bad", str(error))
        return
    st.html("<h2 class='tw-h2'>The one that is marked</h2>")
    st.html(conversation.provenance_html(story))
    item, share = story.scores.get("contamination.item"), story.scores.get("contamination.overlap")
    if item is not None and isinstance(share, float):
        shell.note(
            f"Underlined: {share:.0%} of item {item} of {story.scores.get('contamination.benchmark')}."
        )
    safe_html(
        conversation.messages_html(story.messages, conversation.marks_of(story)), key="clean_conversation"
    )
    with st.container(horizontal=True):
        at = {"version": version.id, "row": row}
        st.page_link("screens/explore.py", label="Open it in Explore", query_params=at)
        if other:
            st.page_link(
                "screens/explore.py", label="Beside the one that stays", query_params={**at, "beside": other}
            )
