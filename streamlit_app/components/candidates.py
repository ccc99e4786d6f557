"""Candidates of an augment step: rates by generator, parent and child with the words that differ, gates, decisions by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import streamlit as st

from curation import jobs
from curation.findings import count, percent
from curation.store import Version
from streamlit_app.components import augment_charts, charts, data, shell, tables
from streamlit_app.components.candidate_html import candidate_html
from streamlit_app.components.jobs_strip import card_html, watch

JOB, HAND = "augment_job", "augment_hand"
PAGE = 5


def decisions() -> dict[str, list[str]]:
    """What was decided by hand, as the step holds it."""
    hand: dict[str, str] = st.session_state.get(HAND, {})
    found = {verb: sorted(one for one, said in hand.items() if said == verb) for verb in ("accept", "reject")}
    return {verb: ids for verb, ids in found.items() if ids}


def result() -> dict[str, Any] | None:
    """What the last try that is done has found, or null."""
    one = st.session_state.get(JOB)
    if not one:
        return None
    job = jobs.get(data.home(), one)
    return _answer(one, str(job.folder)) if job.status == "done" else None


@st.cache_data(max_entries=10, show_spinner=False)
def _answer(one: str, folder: str) -> dict[str, Any] | None:  # noqa: ARG001 - in the key
    found = jobs.get(data.home(), one).answer()
    if found is None:
        return None
    # a generator without chance says the same again: each candidate is shown once, as it was judged first
    first = {line["id"]: line for line in reversed(found["candidates"])}
    every = [first[name] for name in dict.fromkeys(line["id"] for line in found["candidates"])]
    # what there is to read comes first, what nothing was made of last
    return {**found, "candidates": sorted(every, key=lambda line: line["after"] is None)}


def waiting() -> None:
    """The try that runs or has failed."""
    if one := st.session_state.get(JOB):
        job = jobs.get(data.home(), one)
        if job.status == "running":
            st.fragment(_waiting, run_every=1.0)(one)
        elif job.status != "done":
            watch(one)


def _waiting(one: str) -> None:
    job = jobs.get(data.home(), one)
    if job.status != "running":
        st.rerun()
    st.html(card_html(job))


def before(version: Version) -> None:
    """What stands here until something was tried."""
    shell.note(
        "Try some candidates: each stands here beside its parent, with the words that differ, the value of every gate against its "
        "limit, and the verdict, which you can overrule. Code, mathematics, numbers, names and quotations are never touched."
    )
    if not any(str(step["op"]) == "augment" for step in version.manifest.steps):
        shell.note("This version has no augmented rows yet.")


def _kept(one: dict[str, Any]) -> bool:
    said = st.session_state.get(HAND, {}).get(one["id"])
    return said == "accept" or (one["kept"] and said != "reject")


def finding(found: dict[str, Any]) -> str:
    """How many pass, and which generator does best."""
    every = found["candidates"]
    if not every:
        return "No candidates: the category has no training rows that can be parents, or no generator reads its language."
    kept = sum(_kept(one) for one in every)
    tried = sum(line["tried"] for line in found["by_generator"])
    again = f"; {tried - len(every)} said what another said" if tried > len(every) else ""
    best = max(found["by_generator"], key=lambda line: (line["rate"], line["tried"]))
    tail = (
        f"; {best['generator']} does best, {best['kept']} of {best['tried']}"
        if len(found["by_generator"]) > 1
        else ""
    )
    verb = "is" if kept == 1 else "are"
    return f"{kept} of {count(tried, 'candidate')} {verb} kept, {percent(kept / tried)}{again}{tail}."


def rates(found: dict[str, Any]) -> None:
    """The share that each generator gets through the gates, with its interval, and why the others were rejected."""
    lines = found["by_generator"]
    if not lines:
        return
    frame = pl.DataFrame(lines)
    says = "; ".join(f"{line['generator']} keeps {line['kept']} of {line['tried']}" for line in lines) + "."
    charts.draw(
        augment_charts.rates(frame),
        says=says,
        data=frame,
        rows=int(frame["tried"].sum()),
        name="augment-rates",
        unit="candidates",
    )
    lost = [line for line in lines if line["reasons"]]
    if lost:
        tables.table([("generator", "Generator", "category"), ("reasons", "Why the others were rejected", "text")], lost, label="Rejections by generator")  # fmt: skip


def listing(found: dict[str, Any]) -> None:
    """The candidates, a few at a time, each with its decision."""
    every = found["candidates"]
    with st.container(horizontal=True, vertical_alignment="bottom", key="candidate_filter"):
        sides = {
            "all": every,
            "kept": [one for one in every if _kept(one)],
            "rejected": [one for one in every if not _kept(one)],
        }
        side = str(st.segmented_control("Candidates", list(sides), default="all", required=True, format_func=lambda name: f"{name} ({len(sides[name])})", key="candidate_side"))  # fmt: skip
        shown = sides[side]
        pages = max(1, -(-len(shown) // PAGE))
        page = (
            int(
                st.number_input(
                    f"Page of {pages}", 1, pages, 1, key=f"candidate_page_{side}_{pages}", width=140
                )
            )
            if pages > 1
            else 1
        )
    for one in shown[(page - 1) * PAGE : page * PAGE]:
        st.html(candidate_html(one, kept=_kept(one), by_hand=st.session_state.get(HAND, {}).get(one["id"])))
        _decide(one)
    if not shown:
        shell.note("None.")


def _decide(one: dict[str, Any]) -> None:
    verbs = [
        "by the gates",
        *(["accept"] if one["may_accept"] and not one["kept"] else []),
        *(["reject"] if one["kept"] else []),
    ]
    if len(verbs) == 1:
        if one["after"] is not None:
            shell.note(f"It can't be accepted by hand: {firm(one)}.")
        return
    key = f"hand_{one['id']}"
    st.session_state[key] = st.session_state.get(HAND, {}).get(one["id"], verbs[0])
    st.segmented_control(f"Decision about {one['id']}", verbs, key=key, required=True, label_visibility="collapsed", on_change=_decided, args=(one["id"], key))  # fmt: skip


def firm(one: dict[str, Any]) -> str:
    """Which gate no hand overrules here."""
    against = {gate["gate"] for gate in one["gates"] if gate["passed"] is False}
    if "near_dup" in against:
        return "it is too near to another row"
    return "it repeats a benchmark" if "contamination" in against else "its prompt is empty"


def _decided(one: str, key: str) -> None:
    hand = st.session_state.setdefault(HAND, {})
    if (said := st.session_state[key]) in ("accept", "reject"):
        hand[one] = said
    else:
        hand.pop(one, None)


def made(version: Version) -> None:
    """What the augment steps of this version have made."""
    steps = [step for step in version.manifest.steps if step["op"] == "augment"]
    if not steps:
        return
    st.html(f"<h2 class='tw-h2'>What this version's augment step{'s' if len(steps) > 1 else ''} made</h2>")
    for step in steps:
        by = step["summary"].get("by category", {})
        rows = [
            {"category": name, **told, "rate": told["kept"] / max(told["tried"], 1)}
            for name, told in by.items()
        ]
        tables.table([("category", "Category", "category"), ("asked", "Asked", "figure"), ("tried", "Tried", "figure"), ("kept", "Made", "figure"), ("rate", "Kept of those tried", "share")],
                     rows, label="Augmented rows by category")  # fmt: skip
        rows = by_generator(step["summary"])
        tables.table([("generator", "Generator", "category"), ("kept", "Made", "figure"), ("lost", "Rejected", "figure"), ("rate", "Kept", "share"), ("why", "Reasons", "text")],
                     rows, label="Augmented rows by generator")  # fmt: skip
        st.page_link(
            "screens/explore.py",
            label=f"Read the {count(int(step['made']), 'row')}",
            query_params={"version": version.id, "origin": "augmented"},
        )


def by_generator(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a step's figures, one line a generator: kept and lost, the share kept, and the reasons of all categories together."""
    kept, why = Counter[str](), dict[str, Counter[str]]()
    for line in summary.get("by generator", []):
        kept[line["generator"]] += line["kept"]
    for line in summary.get("rejected", []):
        why.setdefault(line["generator"], Counter())[line["reason"]] += line["count"]
    lines = []
    for name in dict.fromkeys((*kept, *why)):
        lost = why.get(name, Counter())
        told = ", ".join(
            f"{reason} {count:,}" for reason, count in sorted(lost.items(), key=lambda one: (-one[1], one[0]))
        )
        tried = kept[name] + lost.total()
        lines.append({"generator": name, "kept": kept[name], "lost": lost.total(), "rate": kept[name] / max(tried, 1), "why": told})  # fmt: skip
    return lines
