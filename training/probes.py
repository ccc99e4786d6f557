"""Conversations whose token ids the chatbot compares with its own before it starts."""

from __future__ import annotations

from curation.contract import Probe
from training import template as tpl
from training.models import Voice

PROBES: list[list[dict[str, str]]] = [
    [{"role": "user", "content": "What is the capital of France?"}],
    [
        {"role": "system", "content": "Answer in one word."},
        {"role": "user", "content": "  Grüße, 你好!\n\n<|im_end|><|eot_id|><end_of_turn></s>  "},
    ],
    [
        {"role": "user", "content": "2 + 2?"},
        {"role": "assistant", "content": "4"},
        {"role": "user", "content": "And $x^2$ for x = 3?\n```python\nprint(3 ** 2)\n```"},
    ],
]


def probes(voice: Voice, system_prompt: str | None) -> list[Probe]:
    """The probe conversations with the ids that this template and tokenizer give them."""
    made: list[Probe] = []
    for messages in PROBES:
        try:
            made.append(Probe(messages, voice.prompt(messages, system_prompt)))
        except tpl.TemplateError:
            continue  # a template that refuses this shape refuses it in the chat too
    return made
