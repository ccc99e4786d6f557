"""The filters of Explore: what a person asks for, kept in the URL, as a query that the server answers."""

from __future__ import annotations

import json
from collections.abc import Mapping

import streamlit as st

from curation import browse, views
from streamlit_app.components import data

PLAIN = {
    "category": "Category",
    "source": "Source",
    "origin": "Origin",
    "split": "Split",
    "dropped_by": "Dropped by",
}


def address(values: Mapping[str, str]) -> dict[str, str | list[str]]:
    """The parameters of Explore's address that ask for rows with these values, by column; ``length`` is a stretch of words."""
    found: dict[str, str | list[str]] = {}
    for column, value in values.items():
        if column == "length":
            low, high = views.length_range(value)
            found["words"] = [str(low), str(high if high is not None else 10**9)]
        elif column in PLAIN:
            found[column] = [value]
        elif "by" not in found:
            found |= {"by": column, "by_values": [value]}
        else:
            said = {browse.NONE: "is None", "true": "== True", "false": "== False"}.get(
                value, f"== {json.dumps(value)}"
            )
            found["where"] = f"{column} {said}"
    return found


def state() -> browse.State:
    """Kept or dropped rows."""
    chosen = st.segmented_control(
        "Rows", ["kept", "dropped"], default="kept", required=True, key="rows", bind="query-params", width="stretch",
        help="Rows that the steps kept in this version, or those that they dropped on the way to it.",
    )  # fmt: skip
    return "dropped" if chosen == "dropped" else "kept"


def query(index: browse.Index) -> browse.Query:
    """Draw the filters and give the query that they say."""
    text = st.text_input(
        "Search the text", key="text", bind="query-params", type="search", live="300ms", placeholder="a word or a phrase"
    )  # fmt: skip
    regex = st.toggle("Regular expression", key="regex", bind="query-params")
    values = [found for name, title in PLAIN.items() if (found := _values(index, name, title))]
    with st.expander(
        "More filters", expanded=bool(st.session_state.get("where") or st.session_state.get("by"))
    ):
        others = [name for name in browse.groupable(index) if name not in PLAIN]
        if others:
            name = st.selectbox("By another column", others, index=None, key="by", bind="query-params")
            if name and (
                found := _values(index, name, f"Values of {name.replace('_', ' ')}", key="by_values")
            ):
                values.append(found)
        ranges = _words(index)
        where = st.text_input(
            "Expression", key="where", bind="query-params", placeholder="stats.turns >= 4 and score > 4.5",
            help="As in the filter step: columns, comparisons, and, or, not, in, contains(user, 'refund').",
        )  # fmt: skip
    sorts = ["as they stand", *browse.numeric(index), "category", "source"]
    sort = st.selectbox("Sort by", sorts, key="sort", bind="query-params")
    down = (
        st.toggle("Largest first", value=True, key="down", bind="query-params") if sort != sorts[0] else False
    )
    return browse.Query(
        text=(text or "").strip(),
        regex=bool(regex),
        where=where or "",
        values=tuple(values),
        ranges=ranges,
        sort="" if sort == sorts[0] else str(sort),
        descending=bool(down),
    )


def _values(
    index: browse.Index, name: str, title: str, key: str | None = None
) -> tuple[str, tuple[str, ...]] | None:
    if name not in index.narrow.columns:
        return None
    counts = dict(data.values(index, name))
    if len(counts) < 2:
        return None
    key = key or name
    # bound by hand: Streamlit's own binding would write the labels, counts and all, into the address
    asked = st.session_state[key] if key in st.session_state else st.query_params.get_all(key)
    st.session_state[key] = [value for value in asked if value in counts]
    chosen = st.multiselect(
        title, list(counts), format_func=lambda value: f"{value} ({counts.get(value, 0):,})", key=key,
        placeholder="all", select_all=False,
    )  # fmt: skip
    if chosen:
        st.query_params[key] = chosen
    else:
        st.query_params.pop(key, None)
    return (name, tuple(sorted(chosen))) if chosen else None


def _words(index: browse.Index) -> tuple[tuple[str, float, float], ...]:
    high = int(index.narrow["words"].max() or 0)  # type: ignore[arg-type]
    if high < 1:
        return ()
    low_given, high_given = st.slider("Words", 0, high, (0, high), key="words", bind="query-params")
    return (("words", low_given, high_given),) if (low_given, high_given) != (0, high) else ()
