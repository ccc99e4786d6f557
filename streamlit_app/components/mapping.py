"""The map page's parts: which columns are a map, its colours, and what a person has circled."""

from __future__ import annotations

import polars as pl
import streamlit as st

from curation import browse
from curation.findings import count, percent
from curation.store import Version
from streamlit_app.components import answers, cutting, indexes, shell
from streamlit_app.components.colouring import RAMP, Colouring, of_numbers, of_values
from streamlit_app.components.scatter import Line, inside, packed, packed_words, scatter, words
from streamlit_app.components.tokens import dark, palette


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


def colours_by(index: browse.Index, layout: str) -> list[str]:
    """The columns that points can be coloured by: values of which there are few, and numbers."""
    own = (f"{layout}.x", f"{layout}.y")
    return [*answers.groupable(index), *(name for name in answers.numeric(index) if name not in own)]


@st.cache_data(max_entries=20, show_spinner=False)
def _colouring(key: indexes.Key, by: str, theme: str) -> Colouring:
    index = indexes.of(key)
    if by in answers.numeric(index):
        return of_numbers(index.narrow[by], RAMP[theme])
    counts = [name for name, _ in answers.values(index, by)]
    return of_values(counts, index.version.manifest.categories if by == "category" else None)


@st.cache_resource(max_entries=4, show_spinner=False)
def _places(key: indexes.Key, layout: str) -> pl.DataFrame:
    """The rows that have a place: row, x, y, opens, id."""
    x, y = pl.col(f"{layout}.x"), pl.col(f"{layout}.y")
    return indexes.of(key).narrow.select("row", "opens", "id", x=x, y=y).drop_nulls(["x", "y"])


@st.cache_resource(max_entries=4, show_spinner=False)
def _points(key: indexes.Key, layout: str, by: str, colouring: Colouring) -> pl.DataFrame:
    """As ``_places``, with ``value`` and ``kind``, the value's place among the kinds that have a colour."""
    value = pl.col(by) if colouring.edges else pl.col(by).cast(pl.String).fill_null(browse.NONE)
    told = indexes.of(key).narrow.select("row", value=value, kind=colouring.kind(by))
    return _places(key, layout).join(told, on="row", maintain_order="left")


@st.cache_resource(max_entries=8, show_spinner=False)
def _packed(key: indexes.Key, layout: str, by: str, colouring: Colouring, head: dict[str, object]) -> bytes:
    return packed(_points(key, layout, by, colouring), **head)


@st.cache_resource(max_entries=4, show_spinner=False)
def _packed_words(key: indexes.Key, layout: str) -> bytes:
    return packed_words(_places(key, layout)["opens"])


KEYS = '<p class="tw-keys"><kbd>↑</kbd><kbd>↓</kbd> <kbd>+</kbd><kbd>−</kbd> move the view <kbd>Enter</kbd> list what is in it <kbd>Esc</kbd> begin again</p>'


def draw(version: Version, index: browse.Index, layout: str, by: str) -> tuple[str, pl.Series]:
    """Draw the map coloured by a column, and give what it shows in a sentence, and the places of the rows that are circled."""
    theme = "dark" if dark() else "light"
    key = indexes.key_of(index)
    colouring = _colouring(key, by, theme)
    points = _points(key, layout, by, colouring)
    line: Line = st.session_state.get(f"lasso_{version.id}", [])
    at = points["id"].index_of(st.query_params.get("row", ""))
    held = points.filter(inside(points["x"], points["y"], line)) if len(line) > 2 else points
    says = sentence(points, held, by)
    keys = "".join(
        f'<span><i style="background:{c}"></i>{shell.plain(n)}</span>'
        for place, (n, c) in enumerate(zip(colouring.names, colouring.colours, strict=True))
        if n != browse.NONE or (points["kind"] == place).any()
    )
    st.html(f'<div class="tw-legend">{keys}</div>')

    def circle(drawn: Line) -> None:
        st.session_state[f"lasso_{version.id}"] = drawn[:2000]
        st.session_state["page"] = 1

    def read(place: int) -> None:
        st.query_params["row"] = points["id"][place]

    c = palette()
    content = f"{version.id} {layout} {by} {c['paper']}"
    head: dict[str, object] = {"names": list(colouring.names), "colours": list(colouring.colours), "map": f"{version.id} {layout}", "key": content,
                               "accent": c["accent"], "ink": c["text"], "raised": c["raised"]}  # fmt: skip
    scatter(
        _packed(key, layout, by, colouring, head), points.height, content=content, lasso=line,
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
    if held["value"].dtype.is_numeric():
        return _numbers_sentence(points, held, by)
    top, rows = held.group_by("value").len().sort("len", "value", descending=[True, False]).row(0)
    if held.height == points.height:
        return f"{count(points.height, 'conversation')} on the map; {top}, the largest {by}, is {percent(rows / held.height)}."
    return f"{held.height:,} of {count(points.height, 'row')} lie inside the line; {percent(rows / held.height)} of them are {top}."


def _numbers_sentence(points: pl.DataFrame, held: pl.DataFrame, by: str) -> str:
    every, here = points["value"].median(), held["value"].median()
    if held.height == points.height:
        return f"{count(points.height, 'conversation')} on the map; the median of {by} is {every:,.4g}."
    inside_ = f"{held.height:,} of {count(points.height, 'row')} lie inside the line"
    return (
        f"{inside_}; their median of {by} is {here:,.4g}, of all {every:,.4g}."
        if here is not None
        else f"{inside_}; none has {by}."
    )
