"""The same question, the same seed, two models side by side; blind if wanted; and a vote."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import gradio as gr

from chatbot_space import draw
from chatbot_space.desk import Desk
from chatbot_space.errors import ChatError
from chatbot_space.feedback import CONSENT
from chatbot_space.flow import Frame, respond
from chatbot_space.talk import asked, new_talk
from chatbot_space.ui_chat import QUIET, held_back
from chatbot_space.ui_settings import SettingsForm
from chatbot_space.words import LATEX, safe, shown

VOTES = {"A": "A is better", "B": "B is better", "tie": "Both are good", "neither": "Neither is good"}
NOTHING = "There is nothing to compare with: this chatbot holds the tuned model alone."
AT_HOME = " Start it with `--against base` to load the base model beside it, or with `--against RUN` for a second run."
Match = dict[str, Any]
"""One comparison: ``question``, ``order`` (places in ``desk.sides()`` for A and B), ``answers``, ``seed``."""


def draw_compare(desk: Desk, form: SettingsForm) -> None:
    """Draw the screen and connect it."""
    sides = desk.sides()
    if len(sides) < 2:
        gr.Markdown(NOTHING if os.environ.get("SPACE_ID") else NOTHING + AT_HOME)
        return
    match = gr.State(None, time_to_live=7200)
    gr.HTML(f"<p class='lead'>The same question and the same seed to <b>{safe(sides[0][0])}</b> and <b>{safe(sides[1][0])}</b>. Blind, you learn which was which when you have voted.</p>", padding=False)  # fmt: skip
    with gr.Row(elem_id="compare-ask"):
        box = gr.Textbox(container=False, placeholder="A question for both", submit_btn="Compare", stop_btn=False, max_lines=6, scale=8, elem_id="compare-box", label="A question for both")  # fmt: skip
        blind = gr.Checkbox(True, label="Blind", container=False, scale=1, min_width=90, elem_id="blind")
    with gr.Row(equal_height=True):
        columns = []
        for letter in "AB":
            with gr.Column(elem_classes="side", min_width=280):
                name = gr.HTML(f"<h3 class='side-name'>{letter}</h3>", padding=False)
                text = gr.Markdown(
                    "",
                    latex_delimiters=LATEX,
                    sanitize_html=True,
                    elem_classes="side-answer",
                    elem_id=f"answer-{letter}",
                    min_height=160,
                )
                status = gr.HTML(draw.figures(None), padding=False)
            columns.append((name, text, status))
    with gr.Column(visible=False, elem_id="vote") as voting:
        with gr.Row():
            buttons = {key: gr.Button(words, size="sm") for key, words in VOTES.items()}
        consent = gr.Checkbox(False, label=CONSENT, visible=desk.feedback is not None)
    said = gr.HTML("", elem_id="compare-said", padding=False)
    flat = [widget for column in columns for widget in column]

    def begin(question: str, request: gr.Request) -> tuple[Any, ...]:
        slower = held_back(desk, request) if question.strip() else "Write a question first."
        if slower:
            return None, gr.skip(), gr.Column(visible=False), draw.said(slower, "caution")
        order = random.sample(range(2), 2)
        made = {"question": question.strip(), "order": order, "answers": ["", ""], "seed": 0}
        return made, gr.Textbox(submit_btn=False, stop_btn=True), gr.Column(visible=False), ""

    def stream(match: Match | None, blind: bool, *values: Any) -> Iterator[tuple[Any, ...]]:
        if match is None:
            return
        system, settings, fresh = form.read(values)
        seed = random.randrange(2**31) if fresh else settings["seed"]
        order = match["order"] if blind else [0, 1]
        talk = asked(new_talk(), match["question"])
        running: list[Iterator[Frame] | None] = []
        for place in order:
            _, chat, model = sides[place]
            running.append(
                respond(chat, talk, {**settings, "seed": seed}, system, fresh_seed=False, model=model)
            )
        frames: list[Frame | None] = [None, None]
        while any(running):
            for place, frames_of in enumerate(running):
                if frames_of is None:
                    continue
                frames[place] = frame = next(frames_of, frames[place])
                if frame is None or frame.done:
                    running[place] = None
            answers = [_answer(frame) for frame in frames]
            made = {**match, "order": order, "answers": answers, "seed": seed, "blind": blind}
            yield made, *_columns(sides, made, frames, reveal=not blind)

    def end(match: Match | None) -> tuple[Any, ...]:
        ready = bool(match and all(match["answers"]))
        return gr.Textbox(submit_btn="Compare", stop_btn=False), gr.Column(visible=ready)

    def vote(choice: str, match: Match, consent: bool, system: str) -> tuple[Any, ...]:
        names = [sides[place][0] for place in match["order"]]
        told = (
            f"You preferred {names[choice == 'B']}."
            if choice in "AB"
            else f"A was {names[0]}, B was {names[1]}."
        )
        if desk.feedback is not None and consent:
            lead = [{"role": "system", "content": system.strip()}] if system.strip() else []
            try:
                desk.feedback.add(
                    kind="vote", messages=[*lead, {"role": "user", "content": match["question"]}], consent=consent, model="both",
                    choice=choice, blind=match["blind"], seed=match["seed"],
                    sides=[{"name": name, "answer": text} for name, text in zip(names, match["answers"], strict=True)],
                )  # fmt: skip
            except ChatError as error:
                return gr.skip(), gr.skip(), gr.skip(), draw.said(str(error), "bad")
            told += " Your vote is stored."
        heads = [_head(letter, name, choice == letter) for letter, name in zip("AB", names, strict=True)]
        return (*heads, gr.Column(visible=False), draw.said(told, "good"))

    started = box.submit(begin, [box], [match, box, voting, said], **QUIET)
    answering = started.success(
        stream, [match, blind, *form.inputs], [match, *flat], show_progress="minimal", show_progress_on=columns[0][2],
        concurrency_id="model", concurrency_limit=desk.chat.engine.at_once, api_visibility="private",
    )  # fmt: skip
    answering.then(end, [match], [box, voting], **QUIET)
    box.stop(end, [match], [box, voting], cancels=[answering], **QUIET)
    for key, button in buttons.items():
        heads = [columns[0][0], columns[1][0], voting, said]
        button.click(_with(vote, key), [match, consent, form.inputs[0]], heads, **QUIET)


def _with(function: Any, choice: str) -> Any:
    def call(match: Match, consent: bool, system: str) -> Any:
        return function(choice, match, consent, system or "")

    return call


def _answer(frame: Frame | None) -> str:
    last = frame.talk["messages"][-1] if frame else None
    return str(last["content"]) if last and last["role"] == "assistant" else ""


def _columns(sides: Any, match: Match, frames: list[Frame | None], *, reveal: bool) -> list[Any]:
    cells: list[Any] = []
    for letter, place, frame in zip("AB", match["order"], frames, strict=True):
        note = frame.talk["messages"][-1].get("note") if frame else None
        error = frame.error if frame else None
        text = shown(_answer(frame))
        cells += [_head(letter, sides[place][0] if reveal else None), text, draw.figures(note, error)]
    return cells


def _head(letter: str, name: str | None, won: bool = False) -> str:
    who = f" <span>{safe(name)}</span>" if name else ""
    return f"<h3 class='side-name{' won' if won else ''}'>{letter}{who}</h3>"
