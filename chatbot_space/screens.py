"""The screens put together: conversations on the left, the talk in the middle, everything about it on the right."""

from __future__ import annotations

from typing import Any

import gradio as gr

from chatbot_space import draw
from chatbot_space.desk import Desk
from chatbot_space.ui_chat import QUIET, draw_chat, wire_chat
from chatbot_space.ui_compare import draw_compare
from chatbot_space.ui_feedback import draw_feedback
from chatbot_space.ui_settings import draw_settings
from chatbot_space.ui_shelf import draw_shelf, fill_shelf

MOST_WAITING = 32
"""People in the queue; one more is told kindly to come back."""

ASIDE = {"settings": "Settings", "why": "Why this?", "model": "The model"}

NARROW = "() => { if (innerWidth < 768) document.querySelector('#left.open .toggle-button')?.click() }"
"""On a phone the list of conversations starts closed, or it would cover the talk."""


def build(desk: Desk) -> gr.Blocks:
    """The app, as Gradio Blocks, ready to be launched."""
    run = desk.chat.run
    with gr.Blocks(
        title=f"{run.run_id} \u00b7 Tomewright", fill_height=True, fill_width=True, analytics_enabled=False
    ) as app:
        with gr.Sidebar(width=264, elem_id="left"):
            shelf = draw_shelf(run.run_id)
        aside = gr.Sidebar(width=360, position="right", open=False, elem_id="right")
        with aside, gr.Tabs(elem_id="side-tabs") as tabs:
            with gr.Tab("Settings", id="settings"):
                form = draw_settings(run, desk.chat.engine.context)
            with gr.Tab("Why", id="why"):
                gr.HTML(draw.WHY, padding=False)
                near = gr.HTML(draw.near_rows(None, []), elem_id="near", padding=False)
            with gr.Tab("Model", id="model"):
                gr.HTML(draw.about(desk.chat), elem_id="about", padding=False)
        with gr.Row(elem_id="head"):
            gr.HTML(draw.header(run), padding=False)
            buttons = {
                key: gr.Button(words, size="sm", elem_id=f"open-{key}") for key, words in ASIDE.items()
            }
        with gr.Tabs(elem_id="main-tabs"):
            with gr.Tab("Chat", scale=1, elem_id="chat-tab"):
                ui = draw_chat(desk)
                draw_feedback(desk, ui, form)
            with gr.Tab("Compare", elem_id="compare-tab"):
                draw_compare(desk, form)
        for key, button in buttons.items():
            button.click(_opener(key), None, [aside, tabs], **QUIET)
        wire_chat(desk, ui, form, shelf, near)
        app.load(None, None, None, js=NARROW, **QUIET)
        app.load(fill_shelf, [shelf.store], [shelf.listed], **QUIET)
    app.queue(max_size=MOST_WAITING, default_concurrency_limit=4, api_open=False)
    return app


def _opener(key: str) -> Any:
    def show() -> tuple[Any, Any]:
        return gr.Sidebar(open=True), gr.Tabs(selected=key)

    return show
