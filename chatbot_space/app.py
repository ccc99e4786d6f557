"""The chatbot: one Gradio app, the same on this machine and on Hugging Face Spaces."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

from chatbot_space.desk import Desk
from chatbot_space.errors import ChatError, MissingError

SESSIONS = 200
"""People whose state the server remembers, 0.2 MB each; their conversations are in their browsers."""


def launch(
    desk: Desk, *, host: str = "127.0.0.1", port: int = 7860, open_browser: bool = False, block: bool = True
) -> Any:
    """Serve the app; ``port`` 0 takes a free one. Returns the Blocks, whose ``local_url`` is its address.

    Raises ChatError when the port is taken.
    """
    _need_gradio()
    from chatbot_space.guard import app_options
    from chatbot_space.look import css, frame_css, theme
    from chatbot_space.screens import build

    app = build(desk)
    try:
        app.launch(
            server_name=host, server_port=port or _free_port(host), inbrowser=open_browser, prevent_thread_lock=True,
            quiet=True, share=False, show_error=True, footer_links=[], ssr_mode=False, theme=theme(), css=css(),
            head=f"<style>{frame_css()}</style>{HEAD}", app_kwargs=app_options(), allowed_paths=[], max_file_size=1, enable_monitoring=False, pwa=False,
            mcp_server=False, state_session_capacity=SESSIONS,
        )  # fmt: skip
    except OSError as error:
        raise ChatError(f"port {port} is taken: {error}", mend=_OTHER_PORT) from None
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
    courier = None
    try:
        desk = open_desk(folder, engine=os.environ.get("TOME_ENGINE", "auto"))
        repo = os.environ.get("TOME_FEEDBACK")
        if repo and desk.feedback:
            from huggingface_hub import HfApi

            from chatbot_space.feedback_push import Courier

            courier = Courier(desk.feedback, repo, HfApi()).start()
        host = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
        launch(desk, host=host, port=int(os.environ.get("GRADIO_SERVER_PORT", "7860")))
    except ChatError as error:
        sys.exit(f"chatbot: {error}")
    finally:
        if courier:
            courier.close()


def _need_gradio() -> None:
    try:
        import gradio  # noqa: F401
    except ImportError:
        raise MissingError.of("gradio") from None


def check_port(host: str, port: int) -> None:
    """Raise ChatError when the port is taken, before anything heavy is loaded; port 0 is always free."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ChatError(f"port {port} is taken: {error.strerror}", mend=_OTHER_PORT) from None


_OTHER_PORT = "Give another --port, or 0 for a free one."


def _free_port(host: str) -> int:
    import socket

    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
