"""The chat itself: ask, watch it come, stop, edit, retry, undo; and the list of saved conversations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from chatbot_space import draw
from chatbot_space.desk import Desk
from chatbot_space.flow import respond
from chatbot_space.talk import (
    Talk,
    asked,
    checked,
    choices,
    cut_before,
    for_chatbot,
    new_talk,
    saved,
    without,
)  # fmt: skip
from chatbot_space.ui_settings import SettingsForm
from chatbot_space.ui_shelf import ShelfWidgets
from chatbot_space.words import LATEX, unshown

QUIET: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class ChatWidgets:
    """What other screens listen to or fill."""

    talk: Any
    chatbot: Any
    box: Any
    status: Any


def draw_chat(desk: Desk) -> ChatWidgets:
    """Draw the conversation and the box to write in."""
    talk = gr.State(new_talk, time_to_live=7200)
    examples = [
        {
            "text": one.question,
            "display_text": f"{one.category}\n{one.question}" if one.category else one.question,
        }
        for one in desk.examples
    ]
    chatbot = gr.Chatbot(
        container=False, elem_id="talk", height=None, layout="bubble", editable="user",
        buttons=["copy"], latex_delimiters=LATEX, allow_tags=False, sanitize_html=True, allow_file_downloads=False,
        placeholder=draw.welcome(desk.chat.run, bool(examples)), examples=examples or None, scale=1, label="Conversation",
        feedback_options=("Like", "Dislike"), group_consecutive_messages=False,
    )  # fmt: skip
    status = gr.HTML(draw.figures(None), elem_id="status", padding=False)
    box = gr.Textbox(
        container=False, placeholder="Write a message",
        lines=1, max_lines=8, submit_btn=True, stop_btn=False, autofocus=True, elem_id="box", label="Your message",
    )  # fmt: skip
    return ChatWidgets(talk, chatbot, box, status)


def wire_chat(desk: Desk, ui: ChatWidgets, form: SettingsForm, shelf: ShelfWidgets, near: Any) -> None:
    """Connect the events: asking, answering, stopping, the saved conversations, the why panel ``near``."""

    def idle() -> Any:
        return gr.Textbox(submit_btn=True, stop_btn=False)

    def send(message: str, talk: Talk, request: gr.Request) -> tuple[Any, ...]:
        if not message.strip():
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        slower = held_back(desk, request)
        if slower:
            return gr.skip(), gr.skip(), gr.skip(), draw.said(slower, "caution")
        talk = asked(talk, message.strip())
        return talk, for_chatbot(talk), gr.Textbox("", submit_btn=False, stop_btn=True), draw.figures(None)

    def example(talk: Talk, event: gr.SelectData, request: gr.Request) -> tuple[Any, ...]:
        return send(str(event.value["text"]), {**talk, "messages": []}, request)

    def again(talk: Talk, event: gr.RetryData, request: gr.Request) -> tuple[Any, ...]:
        before, question = cut_before(talk, _index(event.index))
        return send(question, before, request)

    def edited(talk: Talk, event: gr.EditData, request: gr.Request) -> tuple[Any, ...]:
        before, _ = cut_before(talk, _index(event.index))
        return send(unshown(str(event.value)), before, request)

    def undo(talk: Talk, event: gr.UndoData) -> tuple[Any, ...]:
        talk, question = cut_before(talk, _index(event.index))
        return talk, for_chatbot(talk), gr.Textbox(question), draw.figures(None)

    def stream(talk: Talk, *values: Any) -> Iterator[tuple[Any, ...]]:
        if not talk["messages"] or talk["messages"][-1]["role"] != "user":
            return  # nothing was asked
        system, settings, fresh = form.read(values)
        for frame in respond(
            desk.chat, talk, settings, system, fresh_seed=fresh, model=desk.chat.engine.models[0]
        ):
            last = frame.talk["messages"][-1]
            yield frame.talk, for_chatbot(frame.talk), draw.figures(last.get("note"), frame.error)

    def finish(talk: Talk, talks: Any) -> tuple[Any, ...]:
        talks = saved(talks, talk)
        return talks, gr.Radio(choices(talks), value=talk["id"]), idle(), near_to(desk, talk)

    def start(talks: Any) -> tuple[Any, ...]:
        talk = new_talk()
        listed = gr.Radio(choices(checked(talks)), value=None)
        return talk, [], draw.figures(None), draw.near_rows(None, []), idle(), listed

    def delete(talk: Talk, talks: Any) -> tuple[Any, ...]:
        talks = without(talks, talk["id"])
        return (*start(talks), talks)

    def open_talk(talk_id: str | None, talks: Any) -> tuple[Any, ...]:
        talk = next((t for t in checked(talks) if t["id"] == talk_id), None) or new_talk()
        note = talk["messages"][-1].get("note") if talk["messages"] else None
        return talk, for_chatbot(talk), draw.figures(note), near_to(desk, talk), idle()

    asked_outputs = [ui.talk, ui.chatbot, ui.box, ui.status]
    prepared = [
        ui.box.submit(send, [ui.box, ui.talk], asked_outputs, **QUIET),
        ui.chatbot.example_select(example, [ui.talk], asked_outputs, **QUIET),
        ui.chatbot.retry(again, [ui.talk], asked_outputs, **QUIET),
        ui.chatbot.edit(edited, [ui.talk], asked_outputs, **QUIET),
    ]
    answering = [
        event.success(
            stream, [ui.talk, *form.inputs], [ui.talk, ui.chatbot, ui.status], show_progress="minimal",
            show_progress_on=ui.status, concurrency_id="model", concurrency_limit=desk.chat.engine.at_once,
            api_visibility="private",
        )
        for event in prepared
    ]  # fmt: skip
    done: dict[str, Any] = {
        "inputs": [ui.talk, shelf.store], "outputs": [shelf.store, shelf.listed, ui.box, near], **QUIET,
    }  # fmt: skip
    for event in answering:
        event.then(finish, **done)
    ui.box.stop(finish, cancels=answering, **done)
    ui.chatbot.undo(undo, [ui.talk], asked_outputs, **QUIET).then(finish, **done)
    opened = [ui.talk, ui.chatbot, ui.status, near, ui.box]
    shelf.listed.input(open_talk, [shelf.listed, shelf.store], opened, cancels=answering, **QUIET)
    shelf.new.click(start, [shelf.store], [*opened, shelf.listed], cancels=answering, **QUIET)
    shelf.delete.click(
        delete, [ui.talk, shelf.store], [*opened, shelf.listed, shelf.store], cancels=answering, **QUIET
    )


def held_back(desk: Desk, request: gr.Request) -> str | None:
    """Kind words for a person who asks faster than anybody can read; None for everybody else."""
    wait = desk.limit.wait(person(request))
    if not wait:
        return None
    return f"One moment: you ask faster than the model can answer everybody. Please wait {wait:.0f} seconds."


def person(request: gr.Request | None) -> str:
    """Who asks, as well as one can tell: the address that the proxy noted last, else the peer's."""
    if request is None:
        return "nobody"
    noted = str(request.headers.get("x-forwarded-for") or "").rpartition(",")[2].strip()
    return noted or (request.client.host if request.client else "nobody")


def near_to(desk: Desk, talk: Talk) -> str:
    """The why panel for the conversation's last question."""
    asked_last = next((m["content"] for m in reversed(talk["messages"]) if m["role"] == "user"), None)
    if asked_last is None:
        return draw.near_rows(None, [])
    if desk.why is None:
        return "<p class='quiet'>This run's training data isn't here, so its rows can't be searched.</p>"
    return draw.near_rows(desk.why.nearest(asked_last), desk.categories())


def _index(index: Any) -> int:
    return int(index[0] if isinstance(index, list | tuple) else index)
