"""What an index answers, cached by version and question: values with counts, spans, flags, and the rows that a query finds."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import streamlit as st

from curation import browse, cuts, facets, signals, views
from curation.browse import Index
from curation.cut_kinds import Alike
from curation.cuts import AnyCut
from curation.findings import rows_finding
from curation.query import Query, find
from curation.signals import Signal
from curation.views import Spread
from streamlit_app.components import indexes
from streamlit_app.components.indexes import Key


@st.cache_data(max_entries=100, show_spinner=False)
def _values(key: Key, column: str) -> list[tuple[str, int]]:
    return facets.values_of(indexes.of(key), column)


def values(index: Index, column: str) -> list[tuple[str, int]]:
    """The values of a column with their rows, most first."""
    return _values(indexes.key_of(index), column)


@st.cache_data(max_entries=20, show_spinner=False)
def _flags(key: Key) -> list[tuple[str, int]]:
    return facets.flags_of(indexes.of(key))


def flags(index: Index) -> list[tuple[str, int]]:
    """What can be up on a row, with how many rows."""
    return _flags(indexes.key_of(index))


@st.cache_data(max_entries=20, show_spinner=False)
def _found_by_topic(key: Key) -> dict[str, str]:
    return signals.found(indexes.of(key))


def found_by_topic(index: Index) -> dict[str, str]:
    """What cleaning would find under each topic, in a few words."""
    return _found_by_topic(indexes.key_of(index))


@st.cache_data(max_entries=100, show_spinner=False)
def _signals(key: Key, topic: str) -> list[Signal]:
    return signals.signals(indexes.of(key), topic)


def signals_of(index: Index, topic: str) -> list[Signal]:
    """The signals of a topic of cleaning that this version holds."""
    return _signals(indexes.key_of(index), topic)


@dataclass(frozen=True)
class Told:
    """What a cut does by category, as ``cuts.effect`` gives it, and the rows on both sides of it, as ``cuts.beside`` does."""

    by: pl.DataFrame
    goes: pl.DataFrame
    stays: pl.DataFrame


@st.cache_resource(max_entries=50, show_spinner=False)
def _cut(key: Key, kind: str, one: AnyCut) -> Told:  # noqa: ARG001 - in the key
    index = indexes.of(key)
    rows = cuts.marked(index.narrow, one)
    goes, stays = (browse.with_opens(index, side) for side in cuts.beside(rows))
    return Told(cuts.effect(rows), goes, stays)


def cut(index: Index, one: AnyCut) -> Told:
    """What a cut does, and the rows on both sides of it."""
    return _cut(indexes.key_of(index), type(one).__name__, one)


@st.cache_data(max_entries=50, show_spinner=False)
def _group_sizes(key: Key, alike: Alike) -> pl.DataFrame:
    return alike.sizes(indexes.of(key).narrow)


def group_sizes(index: Index, alike: Alike) -> pl.DataFrame:
    """How many groups of copies there are of each size."""
    return _group_sizes(indexes.key_of(index), alike)


@st.cache_data(max_entries=20, show_spinner=False)
def _personal(key: Key) -> dict[str, int]:
    return {str(kind): rows for kind, rows in signals.kinds(indexes.of(key)).items()}


def personal(index: Index) -> dict[str, int]:
    """The kinds of personal data that some row holds, with the number of rows."""
    return _personal(indexes.key_of(index))


@st.cache_data(max_entries=20, show_spinner=False)
def _columns(key: Key) -> tuple[list[str], list[str]]:
    return facets.groupable(indexes.of(key)), facets.numeric(indexes.of(key))


def groupable(index: Index) -> list[str]:
    """Columns worth grouping by."""
    return _columns(indexes.key_of(index))[0]


def numeric(index: Index) -> list[str]:
    """Columns of numbers that differ between rows."""
    return _columns(indexes.key_of(index))[1]


@st.cache_data(max_entries=100, show_spinner=False)
def _span(key: Key, column: str) -> tuple[float, float, bool] | None:
    return facets.span_of(indexes.of(key), column)


def span(index: Index, column: str) -> tuple[float, float, bool] | None:
    """The lowest and highest number of a column and whether they are whole; null where all are the same."""
    return _span(indexes.key_of(index), column)


@st.cache_data(max_entries=100, show_spinner=False)
def _spread(key: Key, column: str) -> Spread | None:
    return views.spread(indexes.of(key).narrow[column])


def spread(index: Index, column: str) -> Spread | None:
    """How the numbers of a column lie; null where it holds none."""
    return _spread(indexes.key_of(index), column)


@st.cache_resource(max_entries=50, show_spinner=False)
def _found(key: Key, query: Query) -> pl.Series:
    return find(indexes.of(key), query)


def found(index: Index, query: Query) -> pl.Series:
    """The places of the rows that answer a query. Raises InputError."""
    return _found(indexes.key_of(index), query)


@st.cache_data(max_entries=200, show_spinner=False)
def _sentence(key: Key, query: Query) -> str:
    narrow = indexes.of(key).narrow
    rows = narrow.select("category", "origin")
    held = rows if query.empty else rows[_found(key, query)]
    return rows_finding(held, narrow.height, kept=key[1] == "kept", whole=query.empty)


def rows_sentence(index: Index, query: Query) -> str:
    """What the rows are that answer a query. Raises InputError."""
    return _sentence(indexes.key_of(index), query)
