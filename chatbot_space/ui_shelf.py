"""The left side: a new conversation, and those that this browser keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from chatbot_space.talk import checked, choices


@dataclass(frozen=True)
class ShelfWidgets:
    """The browser's store, the list of its conversations, and the two buttons."""

    store: Any
    listed: Any
    new: Any
    delete: Any


def draw_shelf(run_id: str) -> ShelfWidgets:
    """Draw the list. Conversations live in the browser's local storage, nowhere else."""
    store = gr.BrowserState([], storage_key=f"tomewright-{run_id}", secret=f"tomewright-{run_id}")
    gr.HTML('<p class="brand"><span class="mark" aria-hidden="true"></span>Tomewright</p>', padding=False)
    new = gr.Button("New conversation", variant="primary", elem_id="new")
    listed = gr.Radio([], label="Conversations", container=False, elem_id="shelf", interactive=True)
    delete = gr.Button("Delete this conversation", size="sm", elem_id="delete")
    gr.HTML('<p class="quiet small">Conversations are kept in this browser alone.</p>', padding=False)
    return ShelfWidgets(store, listed, new, delete)


def fill_shelf(talks: Any) -> Any:
    """The list as the browser has it, when the page opens."""
    return gr.Radio(choices(checked(talks)), value=None)
