"""Whether versions are whole: checked once for the files as they are, and remembered."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from curation.errors import TomeError
from curation.store import Version
from streamlit_app.components import data

AT_ONCE = 20_000
"""Rows up to which a version is checked whenever it is looked at; larger ones when somebody asks."""


@st.cache_data(max_entries=500, show_spinner=False)
def _verdict(folder: str, stamp: tuple[tuple[int, int], ...]) -> str:  # noqa: ARG001 - in the key
    store = data.store()
    try:
        store.verify(store.get(Path(folder).name))
    except TomeError as error:
        return str(error)
    return ""


def verdict(version: Version) -> str | None:
    """What is wrong with a version; empty where every hash was derived again, null where it is too large to do that at once."""
    if said := data.store().glance(version):
        return said
    if version.manifest.rows > AT_ONCE:
        return None
    files = sorted(version.folder.iterdir())
    return _verdict(str(version.folder), tuple((one.stat().st_mtime_ns, one.stat().st_size) for one in files))


def forget_verdicts() -> None:
    """Check every version anew."""
    _verdict.clear()
