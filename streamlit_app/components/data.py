"""What pages read, cached by version id and question; the caches hold small frames and a few indexes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import streamlit as st

from curation import alike, browse, tray, views
from curation.contract import Home
from curation.decisions import Decision, fold
from curation.diff import Diff, diff
from curation.errors import StoreError
from curation.flat_texts import State
from curation.store import Store, Version
from curation.why import Story, why
from streamlit_app.components import indexes


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


@st.cache_data(max_entries=100, show_spinner=False)
def _shares(folder: str, by: str, state: State) -> pl.DataFrame:
    narrow = indexes.counted(folder, state).narrow
    return views.shares(narrow.lazy(), by)


def shares(version: Version, by: str) -> pl.DataFrame:
    """Rows and words by a column's values."""
    return _shares(str(version.folder), by, "kept")


@st.cache_data(max_entries=20, show_spinner=False)
def _unbalanced(folder: str) -> list[pl.DataFrame]:
    return [browse.before_balance(indexes.counted(folder, "kept"), indexes.counted(folder, "dropped"))]


def unbalanced(version: Version) -> pl.DataFrame:
    """The narrow rows as they were before the balance step."""
    return _unbalanced(str(version.folder))[0]


@st.cache_resource(max_entries=4, show_spinner=False)
def _unbalanced_by_length(folder: str) -> pl.DataFrame:
    return views.with_length(_unbalanced(folder)[0].lazy()).collect()


def unbalanced_by_length(version: Version) -> pl.DataFrame:
    """As ``unbalanced``, with the column ``length``: the stretch of words that each row falls into."""
    return _unbalanced_by_length(str(version.folder))


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
    return views.cross(indexes.counted(folder, "kept").narrow.lazy(), across, down)


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
