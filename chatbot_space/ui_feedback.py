"""Thumbs, a complaint, a corrected answer: what people think, stored only with their consent."""

from __future__ import annotations

from typing import Any

import gradio as gr

from chatbot_space import draw
from chatbot_space.desk import Desk
from chatbot_space.errors import ChatError
from chatbot_space.feedback import COMPLAINTS, CONSENT
from chatbot_space.talk import Talk
from chatbot_space.ui_chat import QUIET, ChatWidgets
from chatbot_space.ui_settings import SettingsForm

SHOW = "() => setTimeout(() => document.getElementById('feedback')?.scrollIntoView({block: 'end'}), 60)"


def draw_feedback(desk: Desk, ui: ChatWidgets, form: SettingsForm) -> None:
    """Draw the panel, hidden until somebody presses a thumb, and connect it."""
    feedback = desk.feedback
    if feedback is None:
        return
    pressed = gr.State(None)
    thanks = gr.HTML("", elem_id="thanks", padding=False)
    with gr.Column(visible=False, elem_id="feedback") as panel:
        title = gr.Markdown("", elem_id="feedback-title")
        complaint = gr.Radio(
            [(words, key) for key, words in COMPLAINTS.items()], label="What is wrong with it?"
        )
        correction = gr.Textbox(label="A better answer", info="As the model should have said it. May be left empty.", lines=3, max_lines=12)  # fmt: skip
        consent = gr.Checkbox(False, label=CONSENT, elem_id="consent")
        said = gr.HTML("", padding=False)
        with gr.Row():
            send = gr.Button("Send feedback", variant="primary", size="sm", elem_id="send-feedback")
            close = gr.Button("Not now", size="sm")

    def press(event: gr.LikeData) -> tuple[Any, ...]:
        index = event.index if isinstance(event.index, int) else event.index[0]
        up = event.liked is True or event.liked == "Like"
        words = "### Glad it helped" if up else "### What should it have said?"
        return (
            {"index": index, "up": up}, gr.Column(visible=True), words, gr.Radio(value=None, visible=not up),
            gr.Textbox("", visible=not up), "", "",
        )  # fmt: skip

    def store(
        pressed: Any, talk: Talk, complaint: str | None, correction: str, consent: bool, system: str
    ) -> Any:
        messages = talk["messages"][: pressed["index"] + 1] if pressed else []
        if not messages or messages[-1]["role"] != "assistant":
            return gr.skip(), gr.skip(), draw.said("That answer is no longer here.", "bad"), ""
        lead = [{"role": "system", "content": system.strip()}] if system and system.strip() else []
        note = messages[-1].get("note") or {}
        try:
            feedback.add(
                kind="up" if pressed["up"] else "down", messages=[*lead, *messages], consent=consent,
                model=str(note.get("model", "tuned")), complaint=complaint, correction=correction, seed=note.get("seed"),
            )  # fmt: skip
        except ChatError as error:
            return gr.skip(), gr.skip(), draw.said(str(error), "bad"), ""
        return None, gr.Column(visible=False), "", draw.said("Thank you. Your feedback is stored.", "good")

    shown = [pressed, panel, title, complaint, correction, said, thanks]
    ui.chatbot.like(press, None, shown, **QUIET).then(None, None, None, js=SHOW, **QUIET)
    given = [pressed, ui.talk, complaint, correction, consent, form.inputs[0]]
    send.click(store, given, [pressed, panel, said, thanks], **QUIET)
    close.click(lambda: gr.Column(visible=False), None, [panel], **QUIET)
