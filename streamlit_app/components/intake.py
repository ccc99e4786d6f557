"""Choosing a source: an upload, a path inside the workspace, or a dataset on the Hub."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from curation.contract import digest
from curation.errors import InputError
from curation.ingest.kinds import KINDS, suffix_of
from streamlit_app.components import data, shell, tables
from streamlit_app.components.workspace import confined

MOST_MB = 500
"""Largest upload, as ``.streamlit/config.toml`` has it."""


@dataclass(frozen=True)
class Chosen:
    """A source that a person chose: its URI, a name for it, how people know it, and whether it is on the Hub."""

    uri: str
    name: str
    shown: str
    hub: bool = False
    split: str = "train"
    token: str = field(default="", repr=False)


def named(text: str) -> str:
    """A name made of a file's or dataset's own."""
    stem = Path(text.rstrip("/")).name.split(".")[0] or "source"
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:60] or "source"


def source() -> Chosen | None:
    """Draw the ways in and give what was chosen."""
    ways = ["Upload", "Path", "Hub"]
    way = st.segmented_control("From", ways, default=ways[0], required=True, key="from", bind="query-params")
    if way == "Upload":
        return _uploaded()
    if way == "Path":
        text = st.text_input(
            "Path inside the workspace",
            placeholder="data/samples/larkfield.csv",
            key="path",
            bind="query-params",
        )
        if not text:
            return None
        try:
            return Chosen(str(confined(text)), named(text), Path(text).name)
        except InputError as error:
            shell.notice("bad", str(error))
            return None
    text = st.text_input("Dataset on the Hub", placeholder="mlabonne/FineTome-100k", key="hub").strip()
    split = st.text_input("Split", value="train", key="hub_split")
    token = st.text_input("Token, for a private dataset", type="password", key="hub_token", autocomplete="off",
                          help="Passed to the job only; it is never shown, logged or stored.")  # fmt: skip
    text = text.removeprefix("hf://").removeprefix("https://huggingface.co/datasets/")
    return (
        Chosen(f"hf://{text}", named(text), text, hub=True, split=split or "train", token=token)
        if text
        else None
    )


def _uploaded() -> Chosen | None:
    given = st.file_uploader(f"A file of conversations, up to {MOST_MB} MB", key="upload")
    # Streamlit says so to screen readers alone; the style sheet shows this where it does
    st.html(f'<p class="tw-notice tw-bad tw-too-large">This file is larger than {MOST_MB} MB. Put it into the workspace and give '
            "its path, or split it.</p>")  # fmt: skip
    if given is None:
        shell.note("JSONL, JSON, CSV, TSV, Parquet or Arrow, also packed as .gz or .zst.")
        return None
    if suffix_of(given.name) is None:
        known = ", ".join(suffix for suffix in KINDS if suffix not in (".feather", ".ipc"))
        shell.notice(
            "bad", f"{given.name} is of a kind that isn't read. Upload one of {known}, also with .gz or .zst."
        )
        return None
    return _kept(given)


def _kept(given: Any) -> Chosen:
    """An upload as a file under the home folder, named by its content."""
    content = given.getvalue()
    suffix = "".join(Path(given.name).suffixes[-2:])
    path = (
        data.home().root
        / "uploads"
        / f"{named(given.name)}-{digest(content)[:10]}{re.sub(r'[^A-Za-z0-9.]', '', suffix)}"
    )
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Chosen(str(path.resolve()), named(given.name), given.name)


READ = [
    ("ShareGPT", "conversations, each turn with from and value"),
    ("Messages", "messages, each with role and content"),
    ("Alpaca", "instruction, input, output"),
    (
        "Question and answer",
        "question, prompt, query or user beside answer, response, completion or assistant",
    ),
    ("Message tree", "message_id, parent_id, role, text"),
    ("Anything else", "you say which column asks and which answers"),
]


def what_is_read() -> None:
    """What stands beside the ways in until something is chosen: the shapes that are recognised."""
    shell.note("Nothing is read before you choose. The first rows are shown with what they would become; these are recognised by their columns:")  # fmt: skip
    tables.table([("shape", "Shape", "text"), ("columns", "Columns", "text")], [{"shape": a, "columns": b} for a, b in READ], label="Shapes that are recognised")  # fmt: skip
