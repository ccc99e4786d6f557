"""The controls of Clean: the topic with what was found under it, the signal, and the cut."""

from __future__ import annotations

import streamlit as st

from curation import browse, signals
from curation.cut_kinds import Alike, Flags, Overlap, Personal
from curation.cuts import AnyCut, Cut, Side
from curation.findings import count
from curation.signals import PERSONAL, Signal
from streamlit_app.components import answers, shell


def topic(index: browse.Index) -> str:
    """Draw the topics, each with what was found under it, and give the chosen one."""
    found = answers.found_by_topic(index)
    return str(st.radio("What to look at", list(found), captions=list(found.values()), key="topic", bind="query-params"))  # fmt: skip


def signal(index: browse.Index, chosen: str) -> Signal | None:
    """Draw the choice of signal, where a topic has any."""
    known = {one.title: one for one in answers.signals_of(index, chosen)}
    if not known:
        return None
    title = next(iter(known))
    if len(known) > 1:
        title = str(
            st.selectbox(
                "Signal", list(known), key=f"signal_{chosen}", index=_telling(index, list(known.values()))
            )
        )
    if known[title].says:
        with st.container(key="signal_says"):
            shell.note(known[title].says)
    return known[title]


def _telling(index: browse.Index, known: list[Signal]) -> int:
    """The place of the first signal that finds something; of copies it can be none."""
    for place, one in enumerate(known):
        alike = Alike(one.column, at=0.0 if one.kind == "near" else None)
        if one.kind not in ("copies", "near") or not answers.group_sizes(index, alike).is_empty():
            return place
    return 0


def cut(index: browse.Index, one: Signal) -> AnyCut | None:
    """Draw the cut of a signal; null until something to drop is chosen."""
    draws = {"number": _number, "values": _values, "flags": _flags, "copies": _copies, "near": _near, "overlap": _overlap, "personal": _personal}  # fmt: skip
    return draws[one.kind](index, one)


def _number(index: browse.Index, one: Signal) -> AnyCut | None:
    held = answers.spread(index, one.column)
    if held is None:
        return None
    worse = "above" if one.column.startswith(signals.ABOVE) and one.column != "quality.score" else "below"
    side: Side = st.segmented_control("Drop rows that are", ["below", "above"], default=worse, required=True, key=f"side_{one.column}")  # type: ignore[assignment]  # fmt: skip
    start = held.all_but_low if side == "below" else held.all_but_high
    key = f"at_{one.column}_{side}"
    if held.whole:
        return Cut(one.column, side, float(st.slider("The cut", int(held.low), int(held.high) + 1, int(start), key=key)))  # fmt: skip
    if held.low == held.high:
        return Cut(one.column, side, held.low)
    step = (held.high - held.low) / 200
    return Cut(
        one.column,
        side,
        float(st.slider("The cut", held.low, held.high, start, step=step, format="%.3f", key=key)),
    )


def _values(index: browse.Index, one: Signal) -> AnyCut | None:
    counts = dict(answers.values(index, one.column))
    chosen = st.multiselect("Values to drop", list(counts), format_func=lambda value: f"{value} ({counts[value]:,})",
                            key=f"drop_{one.column}", select_all=False)  # fmt: skip
    return Cut(one.column, values=tuple(chosen)) if chosen else None


def _flags(index: browse.Index, one: Signal) -> AnyCut | None:  # noqa: ARG001
    counts = {name: n for name, n in answers.flags(index) if name.startswith("quality.")}
    chosen = st.pills("Drop rows with any of", list(counts), default=list(counts), key="flags_to_drop", selection_mode="multi",
                            format_func=lambda name: f"{name.removeprefix('quality.').replace('_', ' ')} ({counts[name]:,})")  # fmt: skip
    return Flags(tuple(chosen)) if chosen else None


def _keep(index: browse.Index) -> str | None:
    """Which of a group stays: a column of which the highest counts, or null for the first."""
    ways = {
        "the first": None,
        "the one with most words": "stats.words",
        "the one with the highest score": "score",
    }
    known = [name for name, column in ways.items() if column is None or column in index.narrow.columns]
    return ways[str(st.selectbox("Of each group stays", known, key="keeps"))]


def _copies(index: browse.Index, one: Signal) -> AnyCut | None:
    return Alike(one.column, keep=_keep(index))


def _near(index: browse.Index, one: Signal) -> AnyCut | None:
    held = answers.spread(index, "near_dup.similarity")
    if held is None:
        return Alike(one.column, keep=_keep(index), at=0.0, lowest=0.0)
    lowest = int(100 * held.low) / 100
    at = lowest
    if lowest < 1:
        at = float(st.slider("Alike from", lowest, 1.0, lowest, 0.01, key="near_at", help="1 is the same words in the same order."))  # fmt: skip
    return Alike(one.column, keep=_keep(index), at=at, lowest=lowest)


def _overlap(index: browse.Index, one: Signal) -> AnyCut | None:  # noqa: ARG001
    at = st.slider("Share of an item that a row may hold", 0.0, 1.0, 0.2, 0.01, key="overlap_at",
                   help="A few words in common are chance; a fifth of an item hardly is.")  # fmt: skip
    return Overlap(float(at))


def _personal(index: browse.Index, one: Signal) -> AnyCut | None:  # noqa: ARG001
    counts = answers.personal(index)
    if not counts:
        return None
    chosen = st.pills("Kinds", list(counts), default=list(counts), key="personal_kinds", selection_mode="multi",
                            format_func=lambda name: f"{PERSONAL[name]} ({counts[name]:,})")  # fmt: skip
    what = st.segmented_control("What to do", ["redact", "drop"], default="redact", required=True, key="personal_how",
                                help="Redact puts placeholders such as [EMAIL_1] in their place; the rows stay.")  # fmt: skip
    least = 1
    if what == "drop":
        least = int(st.number_input("Drop rows with at least", 1, 100, 1, key="personal_least", help="Finds in one row."))  # fmt: skip
    return Personal(tuple(chosen), redact=what == "redact", least=least) if chosen else None


def nothing(index: browse.Index, one: Signal) -> str:
    """What to say while there is no cut."""
    if one.kind == "personal" and not answers.personal(index):
        return f"No personal data was found in {count(index.narrow.height, 'row')}."
    if one.kind == "flags":
        return "Choose flags to drop by."
    return f"Choose what to drop by {one.title.lower()}."
