"""Versions: the list, the lineage, comparing, checking, exporting and downloading."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import streamlit as st

from curation.diff import Diff
from curation.errors import TomeError
from curation.store import Version
from curation.views import ago, lineage_lines
from streamlit_app.components import data, shell, tables
from streamlit_app.components.conversation import messages_html
from streamlit_app.components.jobs_strip import start, watch
from streamlit_app.components.safe_html import safe_html


def listing(versions: list[Version], current: Version) -> None:
    """All versions as a table."""
    names: dict[str, list[str]] = {}
    for ref, one in data.store().refs().items():
        names.setdefault(one, []).append(ref)
    rows = [
        {"here": "▸" if v.id == current.id else "", "name": ", ".join(names.get(v.id, [])) or v.manifest.name, "id": v.id,
         "kind": v.manifest.kind, "rows": v.manifest.rows, "categories": len(v.manifest.categories),
         "dropped": sum(int(s["dropped"]) for s in v.manifest.steps), "made": ago(v.manifest.created)}
        for v in versions
    ]  # fmt: skip
    tables.table(
        [("here", "", "text"), ("name", "Name", "text"), ("id", "Id", "code"), ("kind", "Kind", "text"),
         ("rows", "Rows", "figure"), ("categories", "Categories", "figure"), ("dropped", "Dropped", "figure"), ("made", "Made", "text")],
        rows, label="Versions",
    )  # fmt: skip


def steps(version: Version) -> None:
    """What each step did."""
    rows = [
        {
            **step,
            "place": place,
            "why": "; ".join(f"{n:,} {why}" for why, n in list(step["reasons"].items())[:2]),
        }
        for place, step in enumerate(version.manifest.steps)
    ]
    if rows:
        tables.table(
            [("op", "Step", "text"), ("in", "In", "figure"), ("dropped", "Dropped", "figure"), ("made", "Made", "figure"),
             ("edited", "Edited", "figure"), ("out", "Out", "figure"), ("why", "Reasons", "text")],
            rows, label="What each step did",
        )  # fmt: skip


def lineage(version: Version) -> None:
    """The versions that it came from, as a graph from left to right."""
    store = data.store()
    edges = lineage_lines(store, version)
    ids = list(dict.fromkeys([*(one for edge in edges for one in edge), version.id]))
    titles = {one.id: f"{one.manifest.name}<br/>{one.manifest.rows:,} rows" for one in data.shelf()[0]}
    lines = ["flowchart LR"]
    lines += [f'  v{one}["{titles.get(one, one[:8] + "<br/>not here")}"]' for one in ids]
    lines += [f"  v{a} --> v{b}" for a, b in edges]
    st.mermaid_chart("\n".join(lines), width="content", alt="The versions that this one came from")


def compare(before: Version, after: Version) -> Diff | None:
    """What changed, by category, and examples of each kind."""
    try:
        found = data.difference(before, after)
    except TomeError as error:
        shell.notice("bad", str(error))
        return None
    by = found.by_category.with_columns(change=pl.col("after") - pl.col("before"))
    tables.table(
        [("category", "Category", "text"), ("before", before.manifest.name, "figure"), ("after", after.manifest.name, "figure"),
         ("change", "Change", "delta"), ("added", "Added", "figure"), ("dropped", "Dropped", "figure"), ("edited", "Edited", "figure")],
        by.to_dicts(), label="Rows by category, before and after",
    )  # fmt: skip
    return found


def examples(found: Diff, before: Version, after: Version) -> None:
    """A few rows of each kind of change, with their text."""
    kinds = [kind for kind, rows in found.counts().items() if rows and kind != "moved"]
    if not kinds:
        return
    kind = str(st.segmented_control("Examples of rows", kinds, default=kinds[0], required=True, key="kind"))
    frame: pl.DataFrame = getattr(found, kind)
    for line in frame.head(3).to_dicts():
        try:
            story = data.story(before if kind == "dropped" else after, line["id"])
        except TomeError as error:
            shell.notice("bad", str(error))
        else:
            why = f"{line.get('op') or ''} {line.get('reason') or ''}".strip() or (story.made_by or "")
            shell.note(f"{line['id']} · {line['category'] or 'no category'}{' · ' + why if why else ''}")
            safe_html(messages_html(story.messages[:2]), key=f"example_{kind}_{line['id']}")


def check(version: Version) -> bool:
    """Whether every hash can be derived again; remembered for the session."""
    key = f"verified_{version.id}"
    if st.button("Verify", help="Derive every hash again and compare it with the manifest."):
        try:
            data.store().verify(version)
            st.session_state[key] = ""
        except TomeError as error:
            st.session_state[key] = str(error)
    said = st.session_state.get(key)
    if said:
        shell.notice("bad", f"{said} It can't be exported.")
    elif said == "":
        shell.notice("good", f"Whole: {version.manifest.rows:,} rows, every hash derived again.")
    return not said


def export(version: Version, *, whole: bool) -> None:
    """Write the export folder, as a job; training reads it."""
    name = st.text_input("Name of the export", value=version.manifest.name, key=f"export_name_{version.id}")
    if st.button(
        f"Write {version.manifest.rows:,} rows to exports/{name}", type="primary", disabled=not whole
    ):
        job = start(["export", version.id, "--name", name, "--overwrite", "--json"], f"Export {name}")
        st.session_state["export_job"] = job.id if job else None
    if st.session_state.get("export_job"):
        watch(st.session_state["export_job"])


SHAPES = {
    "ShareGPT": lambda m: {"conversations": [{"from": _FROM[x["role"]], "value": x["content"]} for x in m]},
    "messages": lambda m: {"messages": [dict(x) for x in m]},
    "Alpaca": lambda m: _alpaca(m),
}
_FROM = {"user": "human", "assistant": "gpt", "system": "system", "tool": "tool"}


def _alpaca(messages: list[dict[str, str]]) -> dict[str, str] | None:
    said = {
        role: [m["content"] for m in messages if m["role"] == role]
        for role in ("system", "user", "assistant")
    }
    if len(said["user"]) != 1 or len(said["assistant"]) != 1:
        return None
    extra = {"system": said["system"][0]} if said["system"] else {}
    return {"instruction": said["user"][0], "input": "", "output": said["assistant"][0], **extra}


def jsonl(version: Version, shape: str) -> Iterator[str]:
    """The rows as lines of JSON in a shape; Alpaca holds single turns only, other rows are left out."""
    for row in (
        version.scan().select("id", "messages", "category", "split", "source").collect().iter_rows(named=True)
    ):
        held: Any = SHAPES[shape](row["messages"])
        if held is not None:
            yield (
                json.dumps(
                    {**held, **{k: row[k] for k in ("id", "category", "split", "source")}}, ensure_ascii=False
                )
                + "\n"
            )


def downloads(version: Version) -> None:
    """The rows as a file: Parquet, or JSONL in three shapes; built when it is asked for."""
    name = f"{version.manifest.name}-{version.id[:8]}"
    with st.container(horizontal=True):
        st.download_button(
            "Parquet",
            (version.folder / "rows.parquet").read_bytes,
            file_name=f"{name}.parquet",
            on_click="ignore",
        )
        for shape in SHAPES:
            st.download_button(
                f"JSONL, {shape}", lambda shape=shape: "".join(jsonl(version, shape)), file_name=f"{name}-{shape.lower()}.jsonl",
                mime="application/jsonl", on_click="ignore",
            )  # fmt: skip
