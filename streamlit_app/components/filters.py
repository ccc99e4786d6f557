"""The filters of Explore: what a person asks for, kept in the URL, as a query that the server answers."""

from __future__ import annotations

import json
from collections.abc import Mapping

import streamlit as st

from curation import views
from curation.browse import NONE, Index
from curation.flat_texts import State
from curation.query import Query
from curation.store import Version
from streamlit_app.components import answers, indexes, shell

PLAIN = {
    "category": "Category",
    "source": "Source",
    "language.code": "Language",
    "origin": "Origin",
    "split": "Split",
    "dropped_by": "Dropped by",
}
"""Columns that have a filter of their own."""
FILTERS = ("text", "regex", *PLAIN, "flags", "words", "score", "by", "by_values", "of", "of_range", "kin", "where")  # fmt: skip
"""The keys of all filters, as the address has them."""
UNSORTED = "as they stand"
SCORES = ("score", "quality.score")
ALL: State = "kept"
"""The rows that are listed where nothing is asked for."""
OTHERS = {"version", "row", "page", "view", "columns"}
"""The parameters of Explore's address that aren't filters."""


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
            said = {NONE: "is None", "true": "== True", "false": "== False"}.get(
                value, f"== {json.dumps(value)}"
            )
            found["where"] = f"{column} {said}"
    return found


def untouched() -> bool:
    """Whether a window looks at Explore for the first time, by an address without a filter: then ``query`` says ``Query()``."""
    return "asked" not in st.session_state and set(st.query_params) <= OTHERS


def state() -> State:
    """Kept or dropped rows."""
    chosen = st.segmented_control(
        "Rows", ["kept", "dropped"], default=ALL, required=True, key="rows", bind="query-params", width="stretch",
        help="Rows that the steps kept in this version, or those that they dropped on the way to it.",
    )  # fmt: skip
    return "dropped" if chosen == "dropped" else "kept"


def query(index: Index) -> Query:
    """Draw the filters and give the query that they say."""
    text = st.text_input(
        "Search the text", key="text", bind="query-params", type="search", live="200ms", placeholder="a word or a phrase", disabled=index.texts is None,
    )  # fmt: skip
    regex = st.toggle("Regular expression", key="regex", bind="query-params")
    values = [found for name, title in PLAIN.items() if (found := _values(index, name, title))]
    flags = _flags(index)
    ranges = [*_range(index, "words", "Words"), *_score(index)]
    kin, where = _more(index, values, ranges)
    sort = st.selectbox("Sort by", [UNSORTED, *sortable(index)], key="sort", bind="query-params")
    down = (
        st.toggle("Largest first", value=True, key="down", bind="query-params") if sort != UNSORTED else False
    )
    return Query(
        text=(text or "").strip() if index.texts is not None else "",
        regex=bool(regex),
        where=where,
        values=tuple(values),
        flags=flags,
        kin=kin,
        ranges=tuple(ranges),
        sort="" if sort == UNSORTED else str(sort),
        descending=bool(down),
    )


def sortable(index: Index) -> list[str]:
    """The columns that rows can be sorted by."""
    return [*answers.numeric(index), "category", "source"]


def sort_by(column: str, now: Query) -> None:
    """Sort by a column, largest first; sorted so already, the other way round; and then as the rows stand. For a callback."""
    if now.sort == column and not now.descending:
        st.session_state["sort"] = UNSORTED
    else:
        st.session_state.update(sort=column, down=now.sort != column)


def clear(index: Index) -> None:
    """Take all filters away; the version, the columns and the order stay. For a callback."""
    said = st.session_state
    columns = {
        "of_range": said.get("of"),
        "score": next((name for name in SCORES if name in answers.numeric(index)), None),
    }
    for name in [name for name in FILTERS if name in st.query_params or name in said]:
        column = columns.get(name, name)
        if name in ("text", "kin", "where"):
            said[name] = ""
        elif name in ("regex", "by", "of"):
            said[name] = False if name == "regex" else None
        elif column in answers.numeric(index) and (found := answers.span(index, str(column))):
            low, high, whole = found
            said[name] = (int(low), int(high)) if whole else (low, high)
        else:  # bound by hand
            said[name] = []
            st.query_params.pop(name, None)


def _more(index: Index, values: list[tuple[str, tuple[str, ...]]], ranges: list[tuple[str, float, float]]) -> tuple[str, str]:  # fmt: skip
    """The filters that are used less, drawn only while they are open or one of them says something: a family and an expression."""
    some = any(st.session_state.get(name) or name in st.query_params for name in ("where", "by", "of", "kin"))
    with st.expander("More filters", expanded=some, key="more_filters", on_change="rerun") as box:
        if not (box.open or some):
            return "", ""
        others = [name for name in answers.groupable(index) if name not in PLAIN]
        if others:
            name = st.selectbox(
                "By another column", others, index=None, key="by", bind="query-params", placeholder="none"
            )
            if name and (
                found := _values(index, name, f"Values of {name.replace('_', ' ')}", key="by_values")
            ):
                values.append(found)
        numbers = [name for name in answers.numeric(index) if name not in ("words", *SCORES)]
        if numbers:
            of = st.selectbox(
                "By another number", numbers, index=None, key="of", bind="query-params", placeholder="none"
            )
            ranges += _range(index, str(of), f"Range of {of}", key="of_range") if of else []
        kin = st.text_input("Family, or a row's id", key="kin", bind="query-params", placeholder="eafc98c9827de6ce",
                            help="That family; or that row, with what was made of it.")  # fmt: skip
        where = st.text_input(
            "Expression", key="where", bind="query-params", placeholder="stats.turns >= 4",
            help="As in the filter step: columns, comparisons, and, or, not, in, contains(user, 'refund').",
        )  # fmt: skip
    return (kin or "").strip(), where or ""


def wait_for_texts(version: Version, state: State, waits: str = "search waits for that, all else works.") -> None:  # fmt: skip
    """Say that the texts are being indexed and what waits for it, and run the page again when they are."""
    shell.note(f"The texts are being indexed, once for this version; {waits}")
    st.fragment(_look_again, run_every=1.0)(version, state)


def _look_again(version: Version, state: State) -> None:
    if indexes.ready(version, state):
        st.rerun()


def _values(
    index: Index, name: str, title: str, key: str | None = None
) -> tuple[str, tuple[str, ...]] | None:
    if name not in index.narrow.columns:
        return None
    counts = dict(answers.values(index, name))
    if len(counts) < 2:
        return None
    chosen = _choose(title, counts, key or name, "all")
    return (name, chosen) if chosen else None


def _flags(index: Index) -> tuple[str, ...]:
    counts = dict(answers.flags(index))
    return _choose("Flags", counts, "flags", "any or none") if counts else ()


def _choose(title: str, counts: dict[str, int], name: str, placeholder: str) -> tuple[str, ...]:
    """Values with their counts, any of them to be chosen; the address holds the bare values, so that a link to them
    leads to the same ones in another version too.
    """
    key = name  # bound by hand: Streamlit's own binding would write the labels, counts and all, into the address
    if key not in st.session_state:
        st.session_state[key] = st.query_params.get_all(name)
    asked = [one for one in st.session_state[key] if one not in counts]
    chosen = st.multiselect(
        title, [*counts, *asked], format_func=lambda value: f"{value} ({counts.get(value, 0):,})", key=key,
        placeholder=placeholder, select_all=False,
    )  # fmt: skip
    if st.query_params.get_all(name) != chosen:
        st.query_params[name] = chosen
        if not chosen:
            st.query_params.pop(name, None)
    return tuple(sorted(chosen))


def _score(index: Index) -> list[tuple[str, float, float]]:
    name = next((name for name in SCORES if name in answers.numeric(index)), None)
    return _range(index, name, "Score", key="score") if name else []


def _range(index: Index, column: str, title: str, key: str | None = None) -> list[tuple[str, float, float]]:
    """A slider over a column's numbers; nothing while it stands at both ends."""
    found = answers.span(index, column)
    if found is None:
        return []
    low, high, whole = found
    if whole:
        given = st.slider(
            title, int(low), int(high), (int(low), int(high)), key=key or column, bind="query-params"
        )
    else:
        given = st.slider(title, low, high, (low, high), step=(high - low) / 100, key=key or column, bind="query-params", format="%.2f")  # fmt: skip
    return [(column, float(given[0]), float(given[1]))] if tuple(given) != (low, high) else []
