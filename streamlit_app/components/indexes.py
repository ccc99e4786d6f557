"""The narrow frames and texts of the last few versions, kept in memory for all windows; texts are indexed behind the page."""

from __future__ import annotations

import time
from concurrent.futures import Future
from pathlib import Path
from threading import Thread

import streamlit as st

from curation import browse, flat_texts
from curation.browse import Index
from curation.errors import StoreError
from curation.flat_texts import State
from curation.version import Manifest, Version

AT_ONCE = 50_000
"""Most rows whose texts are indexed while the page waits, about half a second."""
AFTER = 2.0
"""Seconds that the page has to itself before work behind it begins."""
Key = tuple[str, State, bool]
"""What an index is found by: the version's folder, kept or dropped, and whether the texts are in it."""


@st.cache_resource(max_entries=4, show_spinner=False)
def _narrow(folder: str, state: State) -> Index:
    one = Path(folder)
    return browse.open_narrow(Version(one, Manifest.read(one / "manifest.json")), state)


@st.cache_resource(max_entries=4, show_spinner=False)
def _whole(folder: str, state: State) -> Index:
    read_ahead(folder, state)
    return browse.with_texts(_narrow(folder, state))


@st.cache_resource(max_entries=4, show_spinner=False)
def read_ahead(folder: str, state: State) -> Thread:
    """Bring a version's texts into memory behind the page, once, so that the first search needn't wait for the disk."""
    path = flat_texts.path_of(Version(Path(folder), Manifest.read(Path(folder) / "manifest.json")), state)
    reader = Thread(target=flat_texts.read_ahead, args=(path,), name="read ahead", daemon=True)
    reader.start()
    return reader


def key_of(index: Index) -> Key:
    """What an index is found by."""
    return str(index.version.folder), index.state, index.texts is not None


def of(key: Key) -> Index:
    """The index of a key."""
    return _whole(*key[:2]) if key[2] else _narrow(*key[:2])


def index(version: Version, state: State = "kept") -> Index:
    """A version's index with its texts; waits for them. Raises StoreError."""
    if ready(version, state):
        return _whole(str(version.folder), state)
    with st.spinner("Reading the version"):
        return _whole(str(version.folder), state)


def counted(folder: str, state: State) -> Index:
    """The index of the version in a folder for counting rows and words: with texts only where some row's words weren't counted before."""
    narrow = _narrow(folder, state)
    return narrow if narrow.narrow["words"].null_count() == 0 else _whole(folder, state)


def index_now(version: Version, state: State = "kept") -> Index:
    """As ``index``, but of a large version whose texts aren't indexed yet it comes without them, at once.

    They are indexed meanwhile, once for all windows. Raises StoreError when that failed.
    """
    key = (str(version.folder), state)
    rows = version.manifest.files[f"{flat_texts.frame_of(state)}.parquet"]["rows"]
    if rows <= AT_ONCE or ready(version, state):
        return _whole(*key)
    building = _builders()
    if key not in building:
        building[key] = _build(version, state)
    if building[key].done():
        failed = building.pop(key).exception()
        if failed is not None:
            raise StoreError(str(failed), where=str(version.folder))
    return _narrow(*key)


def ready(version: Version, state: State) -> bool:
    """Whether the texts are indexed."""
    return flat_texts.path_of(version, state).is_file()


@st.cache_resource(show_spinner=False)
def _builders() -> dict[tuple[str, State], Future[None]]:
    return {}


def _build(version: Version, state: State) -> Future[None]:
    """Index a version's texts, watched by a thread that doesn't keep the workbench from ending."""
    done: Future[None] = Future()

    def work() -> None:
        time.sleep(AFTER)
        try:
            flat_texts.write_behind(version, state)
            done.set_result(None)
        except Exception as error:  # told to the page that asks
            done.set_exception(error)

    Thread(target=work, name="texts", daemon=True).start()
    return done
