"""The map page's parts: which columns are a map, its colours, and what a person has circled."""

from __future__ import annotations

import polars as pl
import streamlit as st

from curation import browse
from curation.findings import count, percent
from curation.store import Version
from streamlit_app.components import cutting, data, shell
from streamlit_app.components.scatter import Line, inside, scatter
from streamlit_app.components.tokens import OKABE_ITO, REST, palette


def layouts(index: browse.Index) -> list[str]:
    """The steps whose columns ``<op>.x`` and ``<op>.y`` are here."""
    names = set(index.narrow.columns)
    return sorted(name[:-2] for name in names if name.endswith(".x") and f"{name[:-2]}.y" in names)


def missing(version: Version) -> None:
    """Say what brings a map, and add it to the recipe."""
    shell.finding("This version has no map yet.")
    shell.note(
        "The step map2d puts each conversation on a plane, so that what is alike lies together; it changes no row."
    )
    if st.button("Add map2d to the recipe", type="primary"):
        cutting.add(version, {"op": "map2d"})


def draw(version: Version, index: browse.Index, layout: str, by: str) -> pl.Series:
    """Draw the map coloured by a column, and give the places of the rows that are circled."""
    points = index.narrow.select("row", pl.col(f"{layout}.x").alias("x"), pl.col(f"{layout}.y").alias("y"), "opens", "id",
                                 value=pl.col(by).cast(pl.String).fill_null(browse.NONE)).drop_nulls(["x", "y"])  # fmt: skip
    counts = [name for name, _ in data.values(index, by)]
    named = sorted(counts) if len(counts) <= 8 else sorted(counts[:8])
    colours = dict(zip(named, OKABE_ITO, strict=False))
    names = [*named, *(["other"] if len(counts) > 8 else [])]
    kinds = points["value"].replace_strict(
        {name: place for place, name in enumerate(named)}, default=len(named), return_dtype=pl.Int64
    )
    line: Line = st.session_state.get(f"lasso_{version.id}", [])
    picked = (
        points.with_row_index("at").filter(pl.col("id") == st.query_params.get("row", ""))["at"].to_list()
    )
    held = points.filter(inside(points["x"], points["y"], line)) if len(line) > 2 else points
    says = sentence(points, held, by)
    shell.finding(says)
    legend = [(name, colours.get(name, REST)) for name in names]
    st.html(
        '<div class="tw-legend">'
        + "".join(f'<span><i style="background:{c}"></i>{shell.plain(n)}</span>' for n, c in legend)
        + "</div>"
    )

    def circle(drawn: Line) -> None:
        st.session_state[f"lasso_{version.id}"] = drawn[:2000]
        st.session_state["page"] = 1

    def read(place: int) -> None:
        st.query_params["row"] = points["id"][place]

    c = palette()
    scatter(points, kinds, names, [colours.get(name, REST) for name in names], lasso=line, picked=picked[0] if picked else -1, label=says,
            ink=(c["accent"], c["text"]), on_lasso=circle, on_pick=read, key=f"map_{version.id}_{layout}")  # fmt: skip
    shell.note(
        f"{count(points.height, 'row')}. Drag around points to list them, click one to read it, turn the wheel to come nearer, double-click to begin again."
    )
    return held["row"]


def sentence(points: pl.DataFrame, held: pl.DataFrame, by: str) -> str:
    """What is circled, or what the map holds."""
    if held.is_empty():
        return "Nothing lies inside the line."
    top, rows = held.group_by("value").len().sort("len", "value", descending=[True, False]).row(0)
    if held.height == points.height:
        return f"{count(points.height, 'conversation')} on the map; {top}, the largest {by}, is {percent(rows / held.height)}."
    return f"{held.height:,} of {count(points.height, 'row')} lie inside the line; {percent(rows / held.height)} of them are {top}."
