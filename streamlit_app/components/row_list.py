"""A page of a version's rows as a list to pick from, with the columns that the person chose."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from curation import browse
from curation.query import Query
from curation.store import Version
from streamlit_app.components import deciding, filters
from streamlit_app.components.picker import picker
from streamlit_app.components.tokens import REST, category_colours

SIZE = 25


def row_list(
    version: Version, index: browse.Index, found: pl.Series, asked_for: Query | None = None
) -> str | None:
    """Draw a page of the rows that were found and give the id that is picked; the first when none is.

    Kept rows can be marked and decided about. Where a query asked for them, a click on a column's head sorts by it. Raises
    InputError for a damaged tray.
    """
    decides = index.state == "kept"
    notes = deciding.notes(version) if decides else {}
    pages = max(1, -(-found.len() // SIZE))
    asked = str(
        st.session_state.get("page") or st.query_params.get("page", "")
    )  # a link is older than the widget
    number = max(1, min(int(asked) if asked.isdecimal() else 1, pages))
    rows = browse.page(index, found, number, SIZE)
    if rows.is_empty():
        return None
    with st.container(horizontal=True, horizontal_alignment="right", key="over_list"):
        if decides:
            deciding.many(version, index, found)
        with st.popover("Columns", type="tertiary", icon=":material/view_column:"):
            chosen = st.multiselect("Show also", others(index), key="columns", bind="query-params")
    picked = st.query_params.get("row") or rows["id"][0]
    colours = category_colours(version.manifest.categories)
    heads = {
        name: _sortable(name, asked_for)
        # what else can be sorted by takes a look at every column, which the first rows needn't wait for
        if asked_for and (name in ("category", "words") or name in filters.sortable(index))
        else {}
        for name in ("category", "words", *chosen)
    }
    columns = [
        {"title": "Category", "kind": "category", **heads["category"]},
        {"title": "Opens with", "kind": "text"},
        {"title": "", "kind": "origin", "name": "Origin"},
        {"title": "Words", "kind": "figure", **heads["words"]},
        *(
            {"title": name, "kind": "figure" if index.narrow[name].dtype.is_numeric() else "text"}
            | heads[name]
            for name in chosen
        ),
    ]
    cells = [
        {"id": row["id"], **notes.get(row["id"], {}), "cells": [
            {"text": row["category"] or "none", "colour": colours.get(row["category"], REST)},
            row["opens"], row["origin"], _cell(row["words"]), *(_cell(row[name]) for name in chosen),
        ]}
        for row in rows.to_dicts()
    ]  # fmt: skip

    def take(one: str) -> None:
        st.query_params["row"] = one

    def act(pressed: str, row: str, following: str) -> None:
        if pressed == "u":
            deciding.take_back(version, row)
        else:
            deciding.decide(version, index, [row], do="drop")
            st.query_params["row"] = following

    marked = deciding.marked(version)
    picker(
        columns, cells, picked=picked, label="Rows", on_pick=take, key="row_picker", marks=marked if decides else None,
        on_marks=lambda ids: deciding.mark(version, rows["id"].to_list(), ids), on_act=act,
        on_sort=lambda column: filters.sort_by(column, asked_for or Query()),
    )  # fmt: skip
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="list_foot"
    ):
        st.pagination(pages, key="page", bind="query-params", max_visible_pages=5)
        if decides:
            st.html('<p class="tw-keys"><kbd>j</kbd><kbd>k</kbd> walk <kbd>x</kbd> mark <kbd>d</kbd> drop <kbd>u</kbd> undo</p>')  # fmt: skip
    return picked


def _sortable(name: str, query: Query) -> dict[str, str]:
    """What makes the head of a column sort by it, and how it stands."""
    way = "descending" if query.descending else "ascending"
    return {"sort": name, "sorted": way if query.sort == name else "none"}


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
