"""Deciding by hand: about the open row, about marked rows, or about all that a filter found. Nothing is made here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import streamlit as st

from curation import browse, tray
from curation.decisions import Decision
from curation.errors import TomeError
from curation.findings import count
from curation.store import Version
from curation.why import Story
from streamlit_app.components import answers, data
from streamlit_app.components.shell import note, notice

MOST = 100_000
"""Most rows about which one decision is taken by hand; for more there is the filter step."""
VERBS = {"drop": "Drop", "category": "Put into a category", "flag": "Flag"}
NOTES = {"drop": "goes", "edit": "edited", "category": "→", "flag": "⚑"}


def notes(version: Version) -> dict[str, dict[str, str]]:
    """What waits for each row, as the list shows it: a class and a short note."""
    found = {}
    for row, decisions in data.waiting(version)[1].items():
        told = {one.do: one for one in decisions}
        parts = [f"{NOTES[do]} {one.to}" if one.to else NOTES[do] for do, one in told.items()]
        found[row] = {"decided": "goes" if "drop" in told else "changes", "note": ", ".join(parts)}
    return found


def marked(version: Version) -> list[str]:
    """The rows that are marked in this window."""
    ids: list[str] = st.session_state.get(f"marked_{version.id}", [])
    return ids


def mark(version: Version, page: Sequence[str], ids: Sequence[str]) -> None:
    """Take over which rows of a page are marked."""
    others = [one for one in marked(version) if one not in set(page)]
    st.session_state[f"marked_{version.id}"] = [*others, *ids]


def decide(version: Version, index: browse.Index, rows: Sequence[str], **fields: Any) -> None:
    """Put one act into the tray: the same decision about each of these rows. A mistake is kept to be shown."""
    wanted = pl.Series(list(rows), dtype=pl.String)
    hashes = index.narrow.lazy().filter(pl.col("id").is_in(wanted.implode())).select("id", "content_hash")
    reason = fields.pop("reason", None) or None
    by = st.session_state.get("who") or None
    try:
        act = [Decision(row=row, hash=held, reason=reason, by=by, **fields) for row, held in hashes.collect().iter_rows()]  # fmt: skip
        tray.add(data.home(), version.id, act)
    except (ValueError, OSError, TomeError) as error:
        st.session_state["decide_error"] = str(error).splitlines()[-1]


def take_back(version: Version, row: str) -> None:
    """Take back whatever waits for a row."""
    tray.forget(data.home(), version.id, row)


def copies(index: browse.Index, row: str) -> list[str]:
    """The other rows with just the same text."""
    narrow = index.narrow
    own = narrow.filter(pl.col("id") == row)["content_hash"]
    if own.is_empty():
        return []
    return narrow.filter(pl.col("content_hash") == own[0], pl.col("id") != row)["id"].to_list()


def bar(version: Version, index: browse.Index, story: Story) -> dict[int, str]:
    """Draw what can be decided about the open row, and give the edit that waits for it: new texts by turn."""
    if said := st.session_state.pop("decide_error", None):
        notice("bad", said)
    told = data.waiting(version)[1].get(story.id, [])
    if told:
        with st.container(horizontal=True, vertical_alignment="center", key="row_waits"):
            st.html(f'<p class="tw-waits">Waits: {note_text(told)}</p>')
            st.button("Take back", key="take_back", type="tertiary", on_click=take_back, args=(version, story.id))  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="row_bar"):
        st.button("Edit", key="edit_row", icon=":material/edit:", on_click=lambda: st.session_state.update(editing=story.id))  # fmt: skip
        for do in VERBS:
            icon = {"drop": "delete", "category": "label", "flag": "flag"}[do]
            with st.popover(do.capitalize(), icon=f":material/{icon}:", key=f"open_{do}", on_change="rerun") as box:  # fmt: skip
                if box.open:
                    _one(version, index, story, do)
    edit = next((one for one in told if one.do == "edit"), None)
    return dict(edit.turns or {}) if edit else {}


def note_text(told: Sequence[Decision]) -> str:
    """Decisions in words, escaped for HTML."""
    from streamlit_app.components.rich_text import plain

    return plain(tray.told(told))


def _one(version: Version, index: browse.Index, story: Story, do: str) -> None:
    same = copies(index, story.id)
    to = _to(index, do, key=f"one_{do}", now=story.category if do == "category" else None)
    reason = st.text_input("Why (kept with the decision)", key=f"why_{do}")
    also = (
        st.toggle(f"Also its {count(len(same), 'copy', 'copies')}", value=True, key=f"copies_{do}")
        if same
        else False
    )
    rows = [story.id, *(same if also else [])]
    title = f"{VERBS[do]}: {count(len(rows), 'row')}" if do != "drop" else f"Drop {count(len(rows), 'row')}"
    st.button(
        title, key=f"do_{do}", type="primary", on_click=_then_close, args=(f"open_{do}", decide, version, index, rows), kwargs={"do": do, "reason": reason, **to},
    )  # fmt: skip


def _then_close(box: str, act: Callable[..., None], *words: Any, **fields: Any) -> None:
    """Do what a button in a popover says, and close the popover."""
    act(*words, **fields)
    st.session_state[box] = False


def _to(index: browse.Index, do: str, *, key: str, now: str | None = None) -> dict[str, Any]:
    """The category or flag that a person chooses or types."""
    if do == "drop":
        return {}
    column = "category" if do == "category" else "hand.flag"
    known = [name for name, _ in answers.values(index, column) if name != browse.NONE] if column in index.narrow.columns else []  # fmt: skip
    label = "Category" if do == "category" else "Flag"
    chosen = st.selectbox(
        label, sorted(known), index=None, key=key, accept_new_options=True, placeholder=f"{now} now" if now else "choose or type",
        help=f"Empty takes the {do} away.",
    )  # fmt: skip
    return {"to": str(chosen).strip() or None if chosen else None}


def many(version: Version, index: browse.Index, found: pl.Series) -> None:
    """Decide about the marked rows, or all that were found."""
    ids = marked(version)
    title = f"Decide about {len(ids):,} marked" if ids else "Decide about many"
    box = st.popover(title, type="tertiary", icon=":material/checklist:", key="open_many", on_change="rerun")
    if not box.open:
        return
    with box:
        every = f"all {found.len():,} found"
        which = st.segmented_control("Rows", [*([f"{len(ids):,} marked"] if ids else []), every], required=True, key=f"which_{len(ids)}",
                                     default=f"{len(ids):,} marked" if ids else every)  # fmt: skip
        do = st.segmented_control("Do", list(VERBS), format_func=lambda one: VERBS[one], default="drop", required=True, key="many_do")  # fmt: skip
        to = _to(index, str(do), key="many_to")
        reason = st.text_input("Why (kept with the decision)", key="many_why")
        number = found.len() if which == every else len(ids)
        if number > MOST:
            note(
                f"More than {MOST:,} rows are a matter for the filter step: add it under Recipe, with an expression."
            )
            return
        verb = {"drop": "Drop", "category": "Re-categorise", "flag": "Flag"}[str(do)]
        st.button(
            f"{verb} {count(number, 'row')}", key="many_go", type="primary", disabled=not number, on_click=_then_close,
            args=("open_many", _many, version, index, found if which == every else ids), kwargs={"do": do, "reason": reason, **to},
        )  # fmt: skip


def _many(version: Version, index: browse.Index, rows: list[str] | pl.Series, **fields: Any) -> None:
    """Decide about rows, given by their ids or (a series) by their places."""
    ids = index.narrow["id"].gather(rows).to_list() if isinstance(rows, pl.Series) else rows
    decide(version, index, ids, **fields)
    st.session_state[f"marked_{version.id}"] = []


def form(version: Version, index: browse.Index, story: Story, waiting: dict[int, str]) -> None:
    """The turns of a row as fields; keeping them puts an edit into the tray."""
    same = copies(index, story.id)
    with st.form("edit_form", border=False):
        note("Change what should be otherwise; an empty field takes its turn out.")
        texts = {
            place: st.text_area(f"{turn['role'].capitalize()}, turn {place + 1}", waiting.get(place, turn["content"]),
                                key=f"turn_{story.id}_{place}", height="content")
            for place, turn in enumerate(story.messages)
        }  # fmt: skip
        reason = st.text_input("Why (kept with the decision)", key="why_edit")
        secret = st.toggle("It holds a secret: keep nothing of the text before", key="edit_secret")
        also = st.toggle(f"Also its {count(len(same), 'copy', 'copies')}", value=True, key="copies_edit") if same else False  # fmt: skip
        with st.container(horizontal=True):
            kept = st.form_submit_button("Keep this edit", type="primary")
            left = st.form_submit_button("Leave it as it was")
    if not (kept or left):
        return
    changed = {place: text for place, text in texts.items() if text != story.messages[place]["content"]}
    st.session_state.pop("editing", None)
    if kept and changed:
        decide(version, index, [story.id, *(same if also else [])], do="edit", turns=changed, secret=secret, reason=reason)  # fmt: skip
    elif kept:
        st.session_state["decide_error"] = "Nothing was changed, so there is nothing to keep."
    st.rerun()
