"""What people rated in chatbots: what waits, the decision about each, and bringing it in as rows."""

from __future__ import annotations

from typing import Any

import streamlit as st

from curation import feedback, jobs, review
from curation.errors import TomeError
from curation.findings import count
from streamlit_app.components import data, shell
from streamlit_app.components.jobs_strip import start, watch
from streamlit_app.components.rich_text import plain

PAGE = 4
SAID = "ratings_said"
COMPLAINTS = {
    "wrong": "It is wrong", "ignored": "It ignores what was asked", "incomplete": "It breaks off or leaves things out",
    "repeats": "It repeats itself or never ends", "style": "Tone or form is off", "unsafe": "It is harmful or private",
    "other": "Something else is wrong with it",
}  # fmt: skip
"""The chatbot's complaints, in the words of one who reads them."""


def _stamp(run: str) -> tuple[tuple[str, int, int], ...]:
    folder = data.home().runs / run / "feedback"
    return tuple(
        (path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.glob("*.jsonl"))
    )


@st.cache_data(max_entries=30, show_spinner=False)
def _facts(root: str, run: str, stamp: tuple[tuple[str, int, int], ...]) -> list[dict[str, Any]] | str:  # noqa: ARG001 - in the key
    try:
        return review.facts(review.remarks(data.home(), run))
    except TomeError as error:
        return str(error)


def facts(run: str) -> list[dict[str, Any]] | str:
    """A run's ratings as they stand, or what is in the way of reading them; none where there are none."""
    stamp = _stamp(run)
    return (
        _facts(str(data.home().root), run, stamp)
        if any(name != "reviewed.jsonl" for name, _, _ in stamp)
        else []
    )


def waiting(runs: list[str]) -> int:
    """How many ratings of these runs wait for review."""
    return sum(one["state"] == "waiting" for run in runs for one in facts(run) if isinstance(one, dict))


def panel(runs: list[str]) -> None:
    """The ratings of a run: those that wait with their decisions, and the button that brings them in."""
    st.html("<h2 class='tw-h2'>Ratings</h2>")
    if said := st.session_state.pop(SAID, None):
        shell.notice(*said)
    rated = [run for run in runs if facts(run)]
    if not rated:
        shell.note(
            "None yet. What people rate in a chatbot, with their consent, waits here for review, and becomes rows when it was accepted."
        )
        return
    run = str(st.selectbox("Ratings of", rated, key="ratings_of", width=320))
    found = facts(run)
    if isinstance(found, str):
        shell.notice("bad", found)
        return
    states = {
        state: sum(one["state"] == state for one in found)
        for state in ("waiting", "accepted", "rejected", "evaluation")
    }
    shell.note(
        ", ".join(f"{n:,} {state}" for state, n in states.items() if n)
        + f" of {count(len(found), 'rating')}."
    )
    for one in [one for one in found if one["state"] == "waiting"][:PAGE]:
        _remark(run, one)
    if states["waiting"] > PAGE:
        shell.note(f"{states['waiting'] - PAGE:,} more wait behind these.")
    name = feedback.default_name(f"{feedback.URI}{run}") or f"{run}-feedback"
    if st.button(shell.label(f"Bring {count(len(found), 'rating')} in as the source {name}"), type="primary",
                 help="Makes a version; in a recipe, rows that aren't accepted are dropped with that reason."):  # fmt: skip
        job = start(["ingest", f"{feedback.URI}{run}", "--name", name, "--json"], f"Ratings of {run}")
        st.session_state["ratings_job"] = job.id if job else None
    if held := st.session_state.get("ratings_job"):
        watch(held)
        answer = jobs.get(data.home(), held).answer() or {}
        if answer.get("version"):
            st.page_link(
                "screens/explore.py",
                label=f"Look at the {count(int(answer['rows']), 'row')}",
                query_params={"version": answer["version"]},
            )


def in_words(run: str, one: dict[str, Any]) -> str:
    """What the person said of whose answer, what was wrong with it, and their own remark."""
    who = {"tuned": f"{run}, tuned", "base": f"the base model of {run}"}.get(
        one["model"], one["model"] or run
    )
    better = one["by"] == "person"
    said = {
        "up": f"Liked the answer of {who}",
        "down": f"Disliked the answer of {who}{' and wrote a better one' if better else ''}",
        "vote": f"Preferred the answer of {who} to another",
    }.get(one["kind"], f"{one['kind']}: {who}")
    wrong = f" {COMPLAINTS.get(one['complaint'], one['complaint'])}." if one["complaint"] else ""
    return f"{said}.{wrong}" + (f" \u201c{one['remark']}\u201d" if one["remark"] else "")


def _remark(run: str, one: dict[str, Any]) -> None:
    said = in_words(run, one)
    st.html(
        f'<div class="tw-conversation tw-remark"><section class="tw-turn tw-user"><header>Asked<span>{plain(said)}</span></header><div class="tw-body" dir="auto">{plain(str(one["asked"]))}</div></section>'
        f'<section class="tw-turn tw-assistant"><header>{"Their own answer" if one["by"] == "person" else "Answer"}</header><div class="tw-body" dir="auto">{plain(str(one["answer"]))}</div></section></div>'
    )
    key = str(one["id"])
    better = st.text_input("A better answer, if it needs one", key=f"better_{key}")
    with st.container(horizontal=True):
        st.button(
            "Accept as a row" if not better else "Accept with this answer",
            key=f"accept_{key}",
            on_click=_decide,
            args=(run, key, "accept", better or None),
        )
        st.button("Reject", key=f"reject_{key}", on_click=_decide, args=(run, key, "reject", None))


def _decide(run: str, one: str, choice: str, answer: str | None) -> None:
    home = data.home()
    try:
        review.decide(home, run, review.remarks(home, run), {choice: [one]}, answer=answer)
        st.session_state[SAID] = (
            "good",
            "Accepted; it becomes a row when ratings are brought in." if choice == "accept" else "Rejected.",
        )
    except TomeError as error:
        st.session_state[SAID] = ("bad", str(error))
