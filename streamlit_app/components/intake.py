"""Choosing a source, looking at its first rows, saying which column is what, and reading it as a job."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from curation import jobs
from curation.contract import digest
from curation.errors import InputError, TomeError
from curation.findings import count
from curation.ingest import Ingested, ingest
from curation.ingest.text import is_clean
from streamlit_app.components import data, shell, tables
from streamlit_app.components.conversation import messages_html
from streamlit_app.components.jobs_strip import ROOT, start
from streamlit_app.components.safe_html import safe_html

KINDS = ["jsonl", "json", "csv", "tsv", "parquet", "arrow", "gz", "zst"]
LOOK = 200
"""Rows that the preview reads."""
LARGE = 100_000_000
"""Bytes from which a file isn't previewed: telling its rows apart would keep the page waiting."""


@dataclass(frozen=True)
class Chosen:
    """A source that a person chose: its URI, a name for it, and whether it is on the Hub."""

    uri: str
    name: str
    hub: bool = False
    split: str = "train"
    token: str = ""


def workspace() -> Path:
    """The folder that paths may not leave: where the workbench was started."""
    return Path.cwd().resolve()


def confined(text: str) -> Path:
    """A path inside the workspace. Raises InputError for one that leaves it or isn't there."""
    root = workspace()
    path = (root / text).resolve()
    if not any(path.is_relative_to(one) for one in (root, data.home().root.resolve())):
        raise InputError(
            "this path leaves the workspace", where=text, mend=f"Give one inside {root}, or upload the file."
        )
    if not path.exists():
        raise InputError("there is no such file or folder", where=text)
    return path


def named(text: str) -> str:
    """A name made of a file's or dataset's own."""
    stem = Path(text.rstrip("/")).name.split(".")[0] or "source"
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:60] or "source"


def source() -> Chosen | None:
    """Draw the ways in and give what was chosen."""
    ways = ["Upload", "Path", "Hub"]
    way = st.segmented_control("From", ways, default=ways[0], required=True, key="from", bind="query-params")
    if way == "Upload":
        given = st.file_uploader("A file of conversations, up to 500 MB", type=KINDS, key="upload")
        return _kept(given) if given else None
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
            return Chosen(str(confined(text)), named(text))
        except InputError as error:
            shell.notice("bad", str(error))
            return None
    text = st.text_input("Dataset on the Hub", placeholder="mlabonne/FineTome-100k", key="hub").strip()
    split = st.text_input("Split", value="train", key="hub_split")
    token = st.text_input("Token, for a private dataset", type="password", key="hub_token", autocomplete="off",
                          help="Passed to the job only; it is never shown, logged or stored.")  # fmt: skip
    text = text.removeprefix("hf://").removeprefix("https://huggingface.co/datasets/")
    return (
        Chosen(f"hf://{text}", named(text), hub=True, split=split or "train", token=token) if text else None
    )


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
    return Chosen(str(path.resolve()), named(given.name))


@st.cache_data(max_entries=10, show_spinner="Looking at the first rows")
def _look(uri: str, mapping: tuple[tuple[str, str], ...], stamp: float) -> list[Ingested | TomeError]:  # noqa: ARG001
    try:
        return [ingest(uri, name="preview", mapping=dict(mapping), limit=LOOK, sample="head")]
    except TomeError as error:
        return [error]


@st.cache_data(max_entries=10, show_spinner=False)
def columns(uri: str, stamp: float) -> list[str]:  # noqa: ARG001 - in the key
    """The columns of a file's first rows; none where they can't be told."""
    from curation.ingest.parts import open_parts
    from curation.ingest.source import open_source

    try:
        parts, _ = open_parts(open_source(uri, split="train", revision=None, config=None).files, trees=False)
        names: dict[str, None] = {}
        for record in islice(parts[0].records(), 20):
            names.update(dict.fromkeys(record.value or {}))
        return [name for name in names if is_clean(name)]
    except (TomeError, OSError, IndexError):
        return []


def preview_and_start(chosen: Chosen) -> None:
    """Show what the first rows would become, let the columns be mapped, and start the job."""
    mapping: dict[str, str] = {}
    if chosen.hub:
        shell.note(
            "The columns are recognised while it is read; FineTome's are. A wrong name shows in the job's log."
        )
    elif Path(chosen.uri).is_file() and Path(chosen.uri).stat().st_size > LARGE:
        shell.note(
            "A file of this size isn't looked into here. The job recognises its columns, or says which it found."
        )
        mapping = _editor([], expanded=False)
    else:
        stamp = Path(chosen.uri).stat().st_mtime
        unsure = isinstance(_look(chosen.uri, (), stamp)[0], TomeError)
        mapping = _editor(columns(chosen.uri, stamp), expanded=unsure)
        looked = _look(chosen.uri, tuple(sorted(mapping.items())), stamp)[0]
        if isinstance(looked, TomeError):
            shell.notice("caution", str(looked))
        else:
            _preview(looked)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the source", value=chosen.name, key=f"name_{chosen.uri}", width=240)
        limit = st.number_input("Most rows, 0 for all", 0, 10_000_000, 0, 1000, key="limit", width=180)
        licence = st.text_input(
            "Licence, if it isn't stated", key="licence", placeholder="Apache-2.0", width=200
        )
    arguments = ["ingest", chosen.uri, "--name", name, "--json"]
    arguments += ["--map", ",".join(f"{k}={v}" for k, v in mapping.items())] if mapping else []
    arguments += ["--limit", str(int(limit))] if limit else []
    arguments += ["--licence", licence] if licence else []
    arguments += ["--split", chosen.split] if chosen.hub else []
    if st.button(f"Read it as {name}", type="primary"):
        secret = {"HF_TOKEN": chosen.token} if chosen.token else None
        job = start(arguments, f"Read {name}", secret_env=secret, cwd=ROOT if chosen.hub else None)
        st.session_state["ingest_job"] = job.id if job else None


def _editor(known: list[str], *, expanded: bool) -> dict[str, str]:
    with st.expander("Which column is what", expanded=expanded):
        shell.note("Say these where recognising the shape would be a guess; empty ones are recognised.")
        chosen = {}
        for place, (target, title) in enumerate(
            [
                ("user", "User"),
                ("assistant", "Assistant"),
                ("system", "System"),
                ("messages", "Whole conversation"),
                ("category", "Category"),
            ]
        ):
            if place % 3 == 0:
                cells = st.columns(3)
            with cells[place % 3]:
                column = st.selectbox(
                    title,
                    known,
                    index=None,
                    placeholder="not said",
                    key=f"map_{target}",
                    accept_new_options=True,
                )
            if column:
                chosen[target] = str(column)
    return chosen


def _preview(looked: Ingested) -> None:
    info = looked.info
    shell.note(f"Recognised as {info['shape']} in {info['kind']}: {count(looked.rows.height, 'row')} and "
               f"{count(looked.rejects.height, 'reject')} among the first {info['input_rows']:,}.")  # fmt: skip
    safe_html(messages_html(looked.rows["messages"][0].to_list()[:4]), key="preview")
    if looked.rejects.height:
        rejects_table(looked.rejects)


def rejects_table(rejects: pl.DataFrame) -> None:
    """Rejects with their line, reason and text."""
    rows = rejects.head(8).with_columns(pl.col("snippet").cast(pl.String).str.slice(0, 90)).to_dicts()
    tables.table([("line", "Line", "figure"), ("reason", "Reason", "text"), ("snippet", "Text", "text")], rows, label="Rejects")  # fmt: skip


def outcome(job_id: str) -> None:
    """What the job's answer says once it is done."""
    job = jobs.get(data.home(), job_id)
    said = job.answer() if job.status == "done" else None
    if said:
        shell.notice("good", f"{said['rows']:,} rows and {said['rejects']:,} rejects make {said['input_rows']:,} read. "
                             f"Licence: {said.get('licence') or 'not stated'}.")  # fmt: skip
        if said.get("reasons"):
            tables.table([("reason", "Reason", "text"), ("rows", "Rejects", "figure")],
                         [{"reason": r, "rows": n} for r, n in said["reasons"].items()], label="Rejects by reason")  # fmt: skip
        st.page_link(
            "screens/explore.py", label="Look at its rows", query_params={"version": said["version"]}
        )
