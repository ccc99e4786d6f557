"""``tome ui``: open the workbench in the browser."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from curation.errors import InputError, MissingExtra

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)
SERVER = Path(__file__).with_name("server.py")


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


def free_port(wanted: int) -> int:
    """The wanted port, or the next free one of the twenty after it. Raises InputError when none is free."""
    import socket

    for port in range(wanted, wanted + 20):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise InputError(f"ports {wanted} to {wanted + 19} are all in use", mend="Give another --port.")


@app.command("ui")
def ui_command(
    port: Annotated[
        int, typer.Option(min=1, max=65500, help="The port; the next free one if it's taken.")
    ] = 8501,
    headless: Annotated[bool, typer.Option("--headless", help="Don't open a browser.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object with the address.")] = False,
) -> None:
    """Open the workbench in the browser; it listens on this machine only. Example: tome ui --port 8501"""
    from importlib.util import find_spec

    if find_spec("streamlit") is None:
        raise MissingExtra.of("streamlit", "app")
    chosen = free_port(port)
    address = f"http://127.0.0.1:{chosen}"
    if json:
        from curation.console import answer

        answer({"url": address, "port": chosen}, as_json=True)
    else:
        print(f"The workbench is at {address}  (Ctrl-C ends it; jobs that run go on)", flush=True)
    command = [
        sys.executable, "-m", "streamlit", "run", str(SERVER),
        "--server.port", str(chosen), "--server.address", "127.0.0.1",
        "--server.headless", "true" if headless or not sys.stdout.isatty() else "false",
        "--browser.gatherUsageStats", "false", "--logger.hideWelcomeMessage", "true",
    ]  # fmt: skip
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, with no shell between
