"""Chatbots as jobs: start one for a run, open it, stop it, and read what people rated."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import streamlit as st

from curation import jobs
from streamlit_app.components import data, shell, training_runs
from streamlit_app.components.jobs_strip import card_html, start
from streamlit_app.components.live_text import live_text
from streamlit_app.components.rich_text import plain


@dataclass(frozen=True)
class Chatbot:
    """A chatbot's job, its address, and whether it answers there."""

    job: jobs.Job
    port: int
    answers: bool

    @property
    def url(self) -> str:
        """Where it is opened."""
        return f"http://127.0.0.1:{self.port}"


def that_can_talk() -> list[str]:
    """The runs that have what a chatbot needs, newest first: an adapter, or merged weights."""
    return [
        name
        for name, (folder, info) in training_runs.runs().items()
        if info.state in ("done", "stopped")
        and ((folder / "adapter").is_dir() or (folder / "model.gguf").is_file())
    ]


def running() -> list[Chatbot]:
    """The chatbots whose jobs run."""
    found = []
    for job in jobs.jobs(data.home())[:30]:
        if job.status == "running" and job.arguments[:1] == ["chat"] and "--port" in job.arguments:
            port = int(job.arguments[job.arguments.index("--port") + 1])
            found.append(Chatbot(job, port, _answers(port)))
    return found


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def form(names: list[str]) -> None:
    """Choose a run, and one to compare it with; start its chatbot, or ask one question."""
    st.html("<h2 class='tw-h2'>A chatbot</h2>")
    run = str(st.selectbox("Run", names, key="chat_run"))
    rival = st.selectbox(
        "Side by side with",
        [name for name in names if name != run],
        index=None,
        placeholder="the base model",
        key="rival",
    )
    if st.button(shell.label(f"Start the chatbot of {run}"), type="primary"):
        arguments = ["chat", run, "--port", str(_free()), *(["--against", rival] if rival else [])]
        job = start(arguments, f"Chatbot of {run}")
        st.session_state["chat_job"] = job.id if job else None
        st.rerun()
    st.html("<h2 class='tw-h2'>One question</h2>")
    question = st.text_area("Question", key="question", height=90, placeholder="What does overfitting mean?")
    live_text("question")
    if st.button("Ask base and tuned", disabled=not question.strip()):
        asked = [start(["chat", run, "--once", question, "--json", *more], title) for more, title in
                 (([], f"Tuned: {question[:40]}"), (["--base"], f"Base: {question[:40]}"))]  # fmt: skip
        st.session_state["asked_once"] = [job.id for job in asked if job]
        st.rerun()


def listing() -> None:
    """The chatbots that run, and the answers to the one question."""
    found = running()
    waiting = any(not chat.answers for chat in found) or any(
        jobs.get(data.home(), one).status == "running" for one in st.session_state.get("asked_once", [])
    )
    st.fragment(_listing, run_every=1.5 if waiting else None)(
        [chat.job.id for chat in found if chat.answers], [found]
    )


def _listing(ready: list[str], read: list[list[Chatbot]]) -> None:
    found = read.pop() if read else running()
    if [chat.job.id for chat in found if chat.answers] != ready:
        st.rerun()  # the page's sentence counts them
    started = st.session_state.get("chat_job")
    if started and (job := jobs.get(data.home(), started)).status in ("failed", "killed"):
        shell.notice("bad", f"{job.title}: {job.complaint() or job.status}")
    if found:
        st.html("<h2 class='tw-h2'>Open now</h2>")
    for chat in found:
        with st.container(horizontal=True, vertical_alignment="center", key=f"chat_{chat.port}"):
            st.html(
                card_html(chat.job)
                if not chat.answers
                else f'<div class="tw-step"><b>{plain(chat.job.title)}</b><code>{chat.url}</code></div>'
            )
            if chat.answers:
                st.link_button("Open it", chat.url, type="primary")
                st.toggle("Show it here", key=f"show_chat_{chat.port}")
            if st.button("Stop it", key=f"stop_chat_{chat.port}"):
                jobs.stop(chat.job, wait=3)
                st.rerun()
        if chat.answers and st.session_state.get(f"show_chat_{chat.port}"):
            st.iframe(chat.url, height=760, alt=f"The chatbot of {chat.job.title}")
    answers()


def answers() -> None:
    """Base and tuned, side by side."""
    asked = [jobs.get(data.home(), one) for one in st.session_state.get("asked_once", [])]
    if not asked:
        return
    st.html("<h2 class='tw-h2'>The same question to both</h2>")
    for place, name, job in zip(st.columns(2, gap="large"), ("Tuned", "Base"), asked, strict=False):
        with place:
            said = job.answer() if job.status == "done" else None
            if said is None:
                st.html(card_html(job))
            else:
                st.html(
                    f'<div class="tw-conversation"><section class="tw-turn tw-assistant"><header>{name}<span>{said.get("tokens", 0):,} tokens, '
                    f'{said.get("seconds", 0):.1f} s</span></header><div class="tw-body" dir="auto">{plain(str(said.get("reply", "")))}</div></section></div>'
                )
