"""A page of a version's rows as a list to pick from, with the columns that the person chose."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from curation import browse
from curation.errors import TomeError
from curation.store import Version
from streamlit_app.components import data
from streamlit_app.components.picker import picker
from streamlit_app.components.shell import notice
from streamlit_app.components.tokens import REST, category_colours

SIZE = 25


def row_list(version: Version, index: browse.Index, found: pl.Series) -> str | None:
    """Draw a page of the rows that were found and give the id that is picked; the first when none is."""
    chosen = st.session_state.get("columns") or []
    pages = max(1, -(-found.len() // SIZE))
    number = min(int(st.session_state.get("page") or 1), pages)
    rows = browse.page(index, found, number, SIZE)
    if rows.is_empty():
        return None
    picked = st.query_params.get("row") or rows["id"][0]
    colours = category_colours(version.manifest.categories)
    columns = [
        {"title": "Category", "kind": "category"},
        {"title": "Opens with", "kind": "text"},
        {"title": "", "kind": "origin"},
        {"title": "Words", "kind": "figure"},
        *(
            {"title": name, "kind": "figure" if index.narrow[name].dtype.is_numeric() else "text"}
            for name in chosen
        ),
    ]
    cells = [
        {"id": row["id"], "cells": [
            {"text": row["category"] or "none", "colour": colours.get(row["category"], REST)},
            row["opens"], row["origin"], f"{row['words']:,}", *(_cell(row[name]) for name in chosen),
        ]}
        for row in rows.to_dicts()
    ]  # fmt: skip

    def take(one: str) -> None:
        st.query_params["row"] = one

    picker(columns, cells, picked=picked, label="Rows", on_pick=take, key="row_picker")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.pagination(pages, key="page", bind="query-params", max_visible_pages=5)
        with st.popover("Columns", type="tertiary"):
            st.multiselect("Show also", others(index), key="columns")
    return picked


def others(index: browse.Index) -> list[str]:
    """Columns that can be shown beside the usual ones."""
    usual = {"row", "opens", "origin", "words", "category", "content_hash"}
    return [name for name in index.narrow.columns if name not in usual]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return (
        f"{value:,.3g}"
        if isinstance(value, float)
        else f"{value:,}"
        if type(value) is int
        else str(value)[:120]
    )


def open_row(version: Version, row: str) -> None:
    """Draw a row whole, with the way to its parent and children, and its download."""
    import json

    from streamlit_app.components import conversation

    try:
        story = data.story(version, row)
    except TomeError as error:
        notice("bad", str(error))
        return
    conversation.show(story)
    near = ([story.parent_id] if story.parent_id else []) + story.children[:6]
    with st.container(horizontal=True):
        for place, one in enumerate(near):
            title = "Open its parent" if place == 0 and story.parent_id else f"Open child {one[:8]}"
            if st.button(title, key=f"near_{one}", type="tertiary"):
                st.query_params["row"] = one
                st.rerun()
        st.download_button(
            "Download this row", lambda: json.dumps(story.to_dict(), ensure_ascii=False, indent=1, default=str),
            file_name=f"{story.id}.json", mime="application/json", type="tertiary", on_click="ignore",
        )  # fmt: skip
