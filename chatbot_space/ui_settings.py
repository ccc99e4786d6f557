"""The settings: every figure of sampling, and the system prompt, with what each does in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from chatbot_space.run import Run
from chatbot_space.settings import Settings

NAMES = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_tokens", "seed")


@dataclass(frozen=True)
class SettingsForm:
    """The widgets; ``inputs`` in the order that ``read`` takes their values."""

    inputs: list[Any]

    @staticmethod
    def read(values: tuple[Any, ...]) -> tuple[str, dict[str, Any], bool]:
        """System prompt, settings as a form, and whether to draw a new seed, from the widgets' values."""
        system, fresh, *rest = values
        return str(system or ""), dict(zip(NAMES, rest, strict=True)), bool(fresh)


def draw_settings(run: Run, context: int) -> SettingsForm:
    """Draw the form."""
    usual = Settings()
    system = gr.Textbox(
        run.system_prompt or "", label="System prompt", lines=2, max_lines=8, max_length=4000,
        placeholder="None, as in training", info="What the model is told before you speak. Training's own is the start.",
    )  # fmt: skip
    longest = gr.Slider(
        16, max(64, min(2048, context // 2)), min(usual.max_tokens, context // 2), step=16, label="Longest answer", info="In tokens; a word is about 1.3."
    )  # fmt: skip
    temperature = gr.Slider(
        0, 2, usual.temperature, step=0.05, label="Temperature", info="0 always takes the likeliest word."
    )
    with gr.Accordion("More", open=False):
        top_p = gr.Slider(
            0.05,
            1,
            usual.top_p,
            step=0.05,
            label="Top-p",
            info="Only the likeliest words that make up this share.",
        )
        top_k = gr.Slider(0, 200, usual.top_k, step=1, label="Top-k", info="Only this many words; 0 is off.")
        min_p = gr.Slider(
            0,
            0.5,
            usual.min_p,
            step=0.01,
            label="Min-p",
            info="Only words this likely beside the likeliest; 0 is off.",
        )
        penalty = gr.Slider(
            0.8, 1.5, usual.repetition_penalty, step=0.01, label="Repetition penalty", info="1 is off."
        )
        fresh = gr.Checkbox(True, label="A new seed for each answer")
        seed = gr.Number(usual.seed, precision=0, minimum=0, maximum=2**31 - 1, label="Seed", info="Used when the box above is off: the same seed, the same answer.")  # fmt: skip
    return SettingsForm([system, fresh, temperature, top_p, top_k, min_p, penalty, longest, seed])
