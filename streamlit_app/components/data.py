"""What pages read, cached by version id and question; the caches hold small frames and a few indexes."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from threading import Thread

import polars as pl
import streamlit as st

from curation import alike, browse, signals, tray, views
from curation.contract import Home
from curation.decisions import Decision, fold
from curation.diff import Diff, diff
from curation.errors import StoreError
from curation.findings import rows_finding
from curation.store import Store, Version
from curation.why import Story, why

AT_ONCE = 50_000
"""Most rows whose texts are indexed while the page waits, about half a second."""


def home() -> Home:
    """The home folder that the workbench was started on."""
    return Home.find()


def store() -> Store:
    """The store of the home folder."""
    return Store(home())


def shelf() -> tuple[list[Version], list[views.Broken]]:
    """Versions, newest first, and those that can't be opened; read anew when a folder came or went."""
    folder = home().versions
    stamp = folder.stat().st_mtime_ns if folder.is_dir() else 0
    return _shelf(str(home().root), stamp)


@st.cache_resource(max_entries=4, show_spinner=False)
def _shelf(root: str, stamp: int) -> tuple[list[Version], list[views.Broken]]:  # noqa: ARG001 - in the key
    return views.shelf(Store(Home(Path(root))))


def _open(folder: str) -> tuple[Store, Version]:
    one = Path(folder)
    found = Store(Home(one.parents[2]))
    return found, found.get(one.name)


@st.cache_resource(max_entries=4, show_spinner="Reading the version")
def _index(folder: str, state: browse.State) -> browse.Index:
    found, version = _open(folder)
    return browse.open_index(found, version, state)


@st.cache_resource(max_entries=2, show_spinner=False)
def _without_texts(folder: str, state: browse.State) -> browse.Index:
    found, version = _open(folder)
    return browse.open_index(found, version, state, wait=False)


@st.cache_resource(show_spinner=False)
def _builders() -> dict[tuple[str, str], Future[None]]:
    return {}


def _build(version: Version, state: browse.State) -> Future[None]:
    """Index a version's texts in a thread that doesn't keep the workbench from ending."""
    done: Future[None] = Future()
    of = store()

    def work() -> None:
        try:
            browse.prepare(of, version, state)
            done.set_result(None)
        except Exception as error:  # told to the page that asks
            done.set_exception(error)

    Thread(target=work, name="texts", daemon=True).start()
    return done


def index(version: Version, state: browse.State = "kept") -> browse.Index:
    """The narrow frame of a version, kept in memory for the last few versions."""
    return _index(str(version.folder), state)


def index_now(version: Version, state: browse.State = "kept") -> browse.Index:
    """As ``index``, but of a large version whose texts aren't indexed yet it comes without them, at once.

    They are indexed meanwhile, once for all windows. Raises StoreError when that failed.
    """
    path = browse.texts_path(store(), version, state)
    many = state == "kept" and version.manifest.rows > AT_ONCE
    if not many or path.is_file():
        return index(version, state)
    building = _builders()
    key = (str(version.folder), state)
    if key not in building:
        building[key] = _build(version, state)
    if building[key].done():
        failed = building.pop(key).exception()
        if failed is not None:
            raise StoreError(f"the texts can't be indexed: {failed}", where=str(version.folder))
        return index(version, state)
    return _without_texts(*key)


Key = tuple[str, browse.State, bool]
"""What an answer out of an index is found by: the version's folder, kept or dropped, and whether the texts are in it."""


def _key(index: browse.Index) -> Key:
    return str(index.version.folder), index.state, index.texts is not None


def _of(key: Key) -> browse.Index:
    return _index(*key[:2]) if key[2] else _without_texts(*key[:2])


@st.cache_data(max_entries=100, show_spinner=False)
def _values(key: Key, column: str) -> list[tuple[str, int]]:
    return browse.values_of(_of(key), column)


def values(index: browse.Index, column: str) -> list[tuple[str, int]]:
    """The values of a column with their rows, most first."""
    return _values(_key(index), column)


@st.cache_data(max_entries=20, show_spinner=False)
def _flags(key: Key) -> list[tuple[str, int]]:
    return browse.flags_of(_of(key))


def flags(index: browse.Index) -> list[tuple[str, int]]:
    """What can be up on a row, with how many rows."""
    return _flags(_key(index))


@st.cache_data(max_entries=20, show_spinner=False)
def _found_by_topic(key: Key) -> dict[str, str]:
    return signals.found(_of(key))


def found_by_topic(index: browse.Index) -> dict[str, str]:
    """What cleaning would find under each topic, in a few words."""
    return _found_by_topic(_key(index))


@st.cache_data(max_entries=20, show_spinner=False)
def _personal(key: Key) -> dict[str, int]:
    return {str(kind): rows for kind, rows in signals.kinds(_of(key)).items()}


def personal(index: browse.Index) -> dict[str, int]:
    """The kinds of personal data that some row holds, with the number of rows."""
    return _personal(_key(index))


@st.cache_data(max_entries=20, show_spinner=False)
def _columns(key: Key) -> tuple[list[str], list[str]]:
    return browse.groupable(_of(key)), browse.numeric(_of(key))


def groupable(index: browse.Index) -> list[str]:
    """Columns worth grouping by."""
    return _columns(_key(index))[0]


def numeric(index: browse.Index) -> list[str]:
    """Columns of numbers that differ between rows."""
    return _columns(_key(index))[1]


@st.cache_data(max_entries=100, show_spinner=False)
def _span(key: Key, column: str) -> tuple[float, float, bool] | None:
    return browse.span_of(_of(key), column)


def span(index: browse.Index, column: str) -> tuple[float, float, bool] | None:
    """The lowest and highest number of a column and whether they are whole; null where all are the same."""
    return _span(_key(index), column)


@st.cache_resource(max_entries=50, show_spinner=False)
def _found(key: Key, query: browse.Query) -> pl.Series:
    return browse.find(_of(key), query)


def found(index: browse.Index, query: browse.Query) -> pl.Series:
    """The places of the rows that answer a query. Raises InputError."""
    return _found(_key(index), query)


@st.cache_data(max_entries=200, show_spinner=False)
def _sentence(key: Key, query: browse.Query) -> str:
    narrow = _of(key).narrow
    rows = narrow.select("category", "origin")
    held = rows if query.empty else rows[_found(key, query)]
    return rows_finding(held, narrow.height, kept=key[1] == "kept", whole=query.empty)


def rows_sentence(index: browse.Index, query: browse.Query) -> str:
    """What the rows are that answer a query. Raises InputError."""
    return _sentence(_key(index), query)


@st.cache_data(max_entries=100, show_spinner=False)
def _shares(folder: str, by: str, state: browse.State) -> pl.DataFrame:
    narrow = _index(folder, state).narrow
    return views.shares(narrow.lazy(), by)


def shares(version: Version, by: str) -> pl.DataFrame:
    """Rows and words by a column's values."""
    return _shares(str(version.folder), by, "kept")


@st.cache_data(max_entries=20, show_spinner=False)
def _unbalanced(folder: str) -> list[pl.DataFrame]:
    return [browse.before_balance(_index(folder, "kept"), _index(folder, "dropped"))]


def unbalanced(version: Version) -> pl.DataFrame:
    """The narrow rows as they were before the balance step."""
    return _unbalanced(str(version.folder))[0]


@st.cache_data(max_entries=100, show_spinner=False)
def _unbalanced_shares(folder: str, by: str) -> tuple[pl.DataFrame, str]:
    rows = _unbalanced(folder)[0].lazy()
    size, unit = views.size_of(rows)
    return views.shares(rows, by, size), unit


def unbalanced_shares(version: Version, by: str) -> tuple[pl.DataFrame, str]:
    """Rows and size by a column's values before the balance step, and what size is counted in: tokens or words."""
    return _unbalanced_shares(str(version.folder), by)


@st.cache_data(max_entries=50, show_spinner=False)
def _cross(folder: str, across: str, down: str) -> pl.DataFrame:
    return views.cross(_index(folder, "kept").narrow.lazy(), across, down)


def cross(version: Version, across: str, down: str) -> pl.DataFrame:
    """Rows by two columns."""
    return _cross(str(version.folder), across, down)


@st.cache_data(max_entries=200, show_spinner=False)
def _story(folder: str, row: str) -> Story:
    found_store, version = _open(folder)
    return why(found_store, row, version)


def story(version: Version, row: str) -> Story:
    """A row's story as seen from a version. Raises TomeError: the version doesn't know it, or is damaged."""
    try:
        return _story(str(version.folder), row)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"damaged: {error}", where=str(version.folder), mend="Verify it.") from None


@st.cache_data(max_entries=50, show_spinner="Comparing")
def _diff(a: str, b: str) -> Diff:
    found_store, left = _open(a)
    return diff(found_store, left, _open(b)[1])


def difference(a: Version, b: Version) -> Diff:
    """What changed from one version to another. Raises StoreError where one is damaged."""
    try:
        return _diff(str(a.folder), str(b.folder))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"damaged: {error}", where=f"{a.id} or {b.id}", mend="Verify both.") from None


@st.cache_resource(max_entries=8, show_spinner=False)
def _acts(
    root: str,
    version: str,
    stamp: tuple[int, int],  # noqa: ARG001 - in the key
) -> tuple[list[list[Decision]], dict[str, list[Decision]]]:
    acts = tray.acts(Home(Path(root)), version)
    by_row: dict[str, list[Decision]] = {}
    for one in fold(one for act in acts for one in act):
        by_row.setdefault(one.row, []).append(one)
    return acts, by_row


def waiting(version: Version) -> tuple[list[list[Decision]], dict[str, list[Decision]]]:
    """The acts that wait for a version, and what stands of them by row. Raises InputError for a damaged tray."""
    path = home().root / "hand" / f"{version.id}.jsonl"
    found = path.stat() if path.is_file() else None
    return _acts(str(home().root), version.id, (found.st_mtime_ns, found.st_size) if found else (0, 0))


@st.cache_resource(max_entries=2, show_spinner="Looking up the embeddings")
def _likeness(folder: str) -> alike.Likeness:
    return alike.likeness(*_open(folder))


def likeness(version: Version) -> alike.Likeness:
    """The vectors of a version's rows; embeds what isn't embedded yet. Raises MissingExtra."""
    return _likeness(str(version.folder))


@st.cache_data(max_entries=20, show_spinner=False, ttl=20)
def lacking(folder: str) -> int:
    """How many texts of the version in a folder aren't embedded yet. Raises MissingExtra."""
    return alike.lacking(*_open(folder))
