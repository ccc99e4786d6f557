"""What stands on every page: its name, the version at the top with its counts, and what to do when there is none."""

from __future__ import annotations

import re
from typing import Literal

import streamlit as st

from curation.findings import count
from curation.store import Version
from curation.views import Broken, ago
from streamlit_app.components import data
from streamlit_app.components.rich_text import plain

VERSION = "tome_version"


def finding(sentence: str) -> None:
    """The page's one sentence, made from the data."""
    st.html(f'<h1 class="tw-finding">{plain(sentence)}</h1>')


def note(sentence: str) -> None:
    """A quiet line."""
    st.html(f'<p class="tw-note">{plain(sentence)}</p>')


def legend(items: list[tuple[str, str]]) -> None:
    """Names beside their colours, where a direct label can't stand. A kind is the colour's token."""
    cells = "".join(f'<span class="tw-key-{kind}"><i></i>{plain(name)}</span>' for kind, name in items)
    st.html(f'<div class="tw-legend">{cells}</div>')


def head(name: str) -> None:
    """A page that needs no version: its name only."""
    st.html(f'<div class="tw-eyebrow">{plain(name)}</div>')


def workspace(name: str) -> Version:
    """The page's head with the version picker; without a version, says what to do and ends the page."""
    versions, broken = data.shelf()
    if not versions:
        head(name)
        empty(broken)
        st.stop()
    ids = [one.id for one in versions]
    refs = {one: ref for ref, one in data.store().refs().items()}
    wanted = st.query_params.get("version") or st.session_state.get(VERSION)
    wanted = data.store().refs().get(str(wanted), wanted)
    current = ids.index(wanted) if wanted in ids else 0
    by_id = dict(zip(ids, versions, strict=True))

    def title(one: str) -> str:
        manifest = by_id[one].manifest
        name_now = refs.get(one, manifest.name)
        return f"{name_now} · {one[:8]} · {manifest.rows:,} rows · {ago(manifest.created)}"

    with st.container(horizontal=True, vertical_alignment="center", key="page_head"):
        head(name)
        chosen = st.selectbox(
            "Version", ids, index=current, format_func=title, label_visibility="collapsed", key=f"version_of_{name}",
            on_change=lambda: st.query_params.pop("version", None), width=420,
        )  # fmt: skip
    if wanted is not None and wanted not in ids and "version" in st.query_params:
        notice("caution", f"There is no version {wanted} here; this is the newest one.")
    st.session_state[VERSION] = chosen
    if st.query_params.get("version") != chosen:
        st.query_params["version"] = chosen
    version = by_id[str(chosen)]
    warn(broken)
    return version


def turn_to(name: str, version: str) -> None:
    """Turn the page of that name to another version; to be called from a widget's callback."""
    st.session_state[f"version_of_{name}"] = st.session_state[VERSION] = version
    for one in ("row", "beside"):
        st.query_params.pop(one, None)
    st.query_params["version"] = version


def empty(broken: list[Broken]) -> None:
    """No versions yet: what to do first, from here as from Home, and the work on it."""
    from streamlit_app.components import first_steps  # it is made of what is here

    finding("No versions yet.")
    note("Load the sample to look around; it takes five seconds. Or read your own file or a Hub dataset.")
    first_steps.draw(some=False)
    first_steps.work()
    warn(broken)


def warn(broken: list[Broken]) -> None:
    """Name the versions that can't be opened."""
    if broken:
        which = count(len(broken), "version can't be opened", "versions can't be opened")
        notice("bad", f"{which}: {', '.join(one.id for one in broken[:5])}. {broken[0].why}")


def notice(kind: Literal["good", "caution", "bad"], text: str) -> None:
    """Say that something went well, needs care, or went wrong; the text is shown as text."""
    role = "status" if kind == "good" else "alert"
    st.html(f'<div class="tw-notice tw-{kind}" role="{role}">{plain(text)}</div>')


LINKED = re.compile(r"(?i)(https?(?=\\?:)|www(?=\\?\.)|@)")
"""Where Markdown makes a link of a bare address: before the sign that follows."""


def unlinked(text: str) -> str:
    """Markdown in which no bare address becomes a link: a word joiner, which isn't seen, stands in each."""
    return LINKED.sub("\\1\u2060", text)


def label(text: str) -> str:
    """Data in the label or the help of a widget, which Streamlit would read as Markdown: every sign is escaped but those inside a
    word that mean nothing to it, since screen readers are given the label as it stands.
    """
    return unlinked(re.sub(r"(?!,|(?<=\w)[-'./](?=\w))([^\w\s]|_)", r"\\\1", text[:80]))
