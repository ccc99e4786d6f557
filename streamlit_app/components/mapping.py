"""The map page's parts: which columns are a map, its colours, and what a person has circled."""

from __future__ import annotations

import polars as pl
import streamlit as st

from curation import browse
from curation.findings import count, percent
from curation.store import Version
from streamlit_app.components import answers, cutting, indexes, shell
from streamlit_app.components.scatter import Line, inside, packed, packed_words, scatter, words
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


def points_of(index: browse.Index, layout: str, by: str, named: list[str]) -> pl.DataFrame:
    """The rows that have a place: row, x, y, opens, id, value, and ``kind``, the value's place among those that have a colour."""
    value = pl.col(by).cast(pl.String).fill_null(browse.NONE)
    order = {name: place for place, name in enumerate(named)}
    return index.narrow.select(
        "row", "opens", "id", x=pl.col(f"{layout}.x"), y=pl.col(f"{layout}.y"), value=value,
        kind=value.replace_strict(order, default=len(named), return_dtype=pl.UInt8),
    ).drop_nulls(["x", "y"])  # fmt: skip


@st.cache_resource(max_entries=4, show_spinner=False)
def _points(key: indexes.Key, layout: str, by: str, named: list[str]) -> pl.DataFrame:
    return points_of(indexes.of(key), layout, by, named)


@st.cache_resource(max_entries=8, show_spinner=False)
def _packed(key: indexes.Key, layout: str, by: str, named: list[str], head: dict[str, object]) -> bytes:
    return packed(_points(key, layout, by, named), **head)


@st.cache_resource(max_entries=4, show_spinner=False)
def _packed_words(key: indexes.Key, layout: str) -> bytes:
    return packed_words(points_of(indexes.of(key), layout, "origin", [])["opens"])


KEYS = '<p class="tw-keys"><kbd>↑</kbd><kbd>↓</kbd> <kbd>+</kbd><kbd>−</kbd> move the view <kbd>Enter</kbd> list what is in it <kbd>Esc</kbd> begin again</p>'


def draw(version: Version, index: browse.Index, layout: str, by: str) -> tuple[str, pl.Series]:
    """Draw the map coloured by a column, and give what it shows in a sentence, and the places of the rows that are circled."""
    counts = [name for name, _ in answers.values(index, by)]
    named = sorted(counts[:8])
    points = _points(indexes.key_of(index), layout, by, named)
    colours = [*OKABE_ITO[: len(named)], *([REST] if len(counts) > 8 else [])]
    names = [*named, *(["other"] if len(counts) > 8 else [])]
    line: Line = st.session_state.get(f"lasso_{version.id}", [])
    at = points["id"].index_of(st.query_params.get("row", ""))
    held = points.filter(inside(points["x"], points["y"], line)) if len(line) > 2 else points
    says = sentence(points, held, by)
    keys = "".join(
        f'<span><i style="background:{c}"></i>{shell.plain(n)}</span>'
        for n, c in zip(names, colours, strict=True)
    )
    st.html(f'<div class="tw-legend">{keys}</div>')

    def circle(drawn: Line) -> None:
        st.session_state[f"lasso_{version.id}"] = drawn[:2000]
        st.session_state["page"] = 1

    def read(place: int) -> None:
        st.query_params["row"] = points["id"][place]

    c = palette()
    content = f"{version.id} {layout} {by} {c['paper']}"
    head: dict[str, object] = {"names": names, "colours": colours, "map": f"{version.id} {layout}", "key": content,
                               "accent": c["accent"], "ink": c["text"], "raised": c["raised"]}  # fmt: skip
    scatter(
        _packed(indexes.key_of(index), layout, by, named, head), points.height, content=content, lasso=line,
        picked=-1 if at is None else at, label=says, on_lasso=circle, on_pick=read, key=_key(version, layout),
    )  # fmt: skip
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="under_map"):  # fmt: skip
        shell.note(f"{count(points.height, 'row')}. Drag around points to list them, click one to read it; the wheel comes nearer, a double click begins again.")  # fmt: skip
        st.html(KEYS)
    return says, held["row"]


def name_points(version: Version, index: browse.Index, layout: str) -> None:
    """Send the words that the hover shows: a good part of what the map weighs, so it comes after all else of the page."""
    words(_packed_words(indexes.key_of(index), layout), key=_key(version, layout))


def _key(version: Version, layout: str) -> str:
    return f"map_{version.id}_{layout}"


def sentence(points: pl.DataFrame, held: pl.DataFrame, by: str) -> str:
    """What is circled, or what the map holds."""
    if held.is_empty():
        return "Nothing lies inside the line."
    top, rows = held.group_by("value").len().sort("len", "value", descending=[True, False]).row(0)
    if held.height == points.height:
        return f"{count(points.height, 'conversation')} on the map; {top}, the largest {by}, is {percent(rows / held.height)}."
    return f"{held.height:,} of {count(points.height, 'row')} lie inside the line; {percent(rows / held.height)} of them are {top}."
