"""The chatbot: one Gradio app, the same on this machine and on Hugging Face Spaces."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

from chatbot_space.desk import Desk
from chatbot_space.errors import ChatError, MissingError

MOST_WAITING = 32
"""People in the queue; one more is told kindly to come back."""


def build(desk: Desk) -> Any:
    """The app's screens, as Gradio Blocks."""
    gr = _gradio()
    from chatbot_space import draw
    from chatbot_space.ui_chat import QUIET, draw_chat, wire_chat
    from chatbot_space.ui_compare import draw_compare
    from chatbot_space.ui_feedback import draw_feedback
    from chatbot_space.ui_settings import draw_settings
    from chatbot_space.ui_shelf import draw_shelf, fill_shelf

    run = desk.chat.run
    with gr.Blocks(
        title=f"{run.run_id} \u00b7 Tomewright", fill_height=True, fill_width=True, analytics_enabled=False
    ) as app:
        with gr.Sidebar(width=264, elem_id="left"):
            shelf = draw_shelf(run.run_id)
        with (
            gr.Sidebar(width=340, position="right", open=False, elem_id="right"),
            gr.Tabs(elem_id="side-tabs"),
        ):
            with gr.Tab("Settings"):
                form = draw_settings(run, desk.chat.engine.context)
            with gr.Tab("Why this answer"):
                gr.HTML("<p class='quiet small'>The training rows whose questions share most words with yours (TF-IDF, cosine). They show what the model was taught about these words, not what it thought.</p>", padding=False)  # fmt: skip
                near = gr.HTML(draw.near_rows(None, []), elem_id="near", padding=False)
            with gr.Tab("Model"):
                gr.HTML(draw.about(desk.chat), elem_id="about", padding=False)
        gr.HTML(draw.header(run), padding=False)
        with gr.Tabs(elem_id="main-tabs"):
            with gr.Tab("Chat", scale=1):
                ui = draw_chat(desk)
                draw_feedback(desk, ui, form)
            with gr.Tab("Compare"):
                draw_compare(desk, form)
        wire_chat(desk, ui, form, shelf, near)
        app.load(fill_shelf, [shelf.store], [shelf.listed], **QUIET)
    app.queue(max_size=MOST_WAITING, default_concurrency_limit=4, api_open=False)
    return app


def launch(
    desk: Desk, *, host: str = "127.0.0.1", port: int = 7860, open_browser: bool = False, block: bool = True
) -> Any:
    """Serve the app; ``port`` 0 takes a free one. Returns the Blocks, whose ``local_url`` is its address.

    Raises ChatError when the port is taken.
    """
    from chatbot_space.guard import app_options
    from chatbot_space.look import css, theme

    app = build(desk)
    try:
        app.launch(
            server_name=host, server_port=port or _free_port(host), inbrowser=open_browser, prevent_thread_lock=True,
            quiet=True, share=False, show_error=True, footer_links=[], ssr_mode=False, theme=theme(), css=css(),
            head=HEAD, app_kwargs=app_options(), allowed_paths=[], max_file_size=1, enable_monitoring=False, pwa=False,
            mcp_server=False, state_session_capacity=500,
        )  # fmt: skip
    except OSError as error:
        raise ChatError(
            f"port {port} is taken: {error}", mend="Give another --port, or 0 for a free one."
        ) from None
    print(f"The chatbot is at {app.local_url}", file=sys.stderr, flush=True)
    if block:
        app.block_thread()
    return app


HEAD = """
<script>
(() => {
  const clean = (text) => text.replaceAll("\\u2060", "");
  if (navigator.clipboard) {
    const write = navigator.clipboard.writeText.bind(navigator.clipboard);
    navigator.clipboard.writeText = (text) => write(clean(text));
  }
  document.addEventListener("copy", (event) => {
    const text = document.getSelection().toString();
    if (text.includes("\\u2060")) { event.clipboardData.setData("text/plain", clean(text)); event.preventDefault(); }
  });
})();
</script>
"""
"""Copying takes out the invisible characters that keep typed HTML from being run."""


def main(folder: Path) -> None:
    """What a Space's ``app.py`` calls: serve the run in ``folder``, its settings taken from the environment."""
    from chatbot_space.opening import open_desk

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        desk = open_desk(folder, engine=os.environ.get("TOME_ENGINE", "auto"))
        launch(
            desk,
            host=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
            port=int(os.environ.get("GRADIO_SERVER_PORT", "7860")),
        )
    except ChatError as error:
        sys.exit(f"chatbot: {error}")


def _gradio() -> Any:
    try:
        import gradio
    except ImportError:
        raise MissingError.of("gradio") from None
    return gradio


def _free_port(host: str) -> int:
    import socket

    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
