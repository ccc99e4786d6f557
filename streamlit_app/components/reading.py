"""Reading a source as a job: its name, how many rows, its licence, and what came of it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from curation import jobs
from curation.ingest.look import Look
from curation.store import NAME
from streamlit_app.components import data, first_rows, shell, tables
from streamlit_app.components.intake import Chosen
from streamlit_app.components.jobs_strip import ROOT, start


def panel(chosen: Chosen, sentence: st.delta_generator.DeltaGenerator) -> None:
    """Look at the source, let its columns be mapped, show its rows and rejects, and start the job. ``sentence`` takes the finding."""
    bare = first_rows.look_at(chosen, {})
    mapping = {}
    if isinstance(bare, Look):
        table = st.container()
        mapping = first_rows.editor([c["name"] for c in bare.columns], chosen.uri, expanded=bare.unsure)
    found = first_rows.look_at(chosen, mapping) if mapping else bare
    if isinstance(bare, Look):
        with table:
            first_rows.columns_table(found if isinstance(found, Look) else bare)
    with sentence:
        shell.finding(first_rows.finding(found, chosen.shown))
    if isinstance(found, str):
        shell.notice("bad", found.replace(Path(chosen.uri).name, chosen.shown))
        return
    first_rows.as_job(chosen, mapping, found)
    wrong = False
    if found is not None and found.problem:
        wrong = True
        help_ = "Say above which column asks and which answers." if found.unsure else found.mend or ""
        shell.notice("caution", f"{found.problem[0].upper()}{found.problem[1:].rstrip('.')}. {help_}")
    form(chosen, mapping, found, wrong=wrong)
    if found is not None and found.rows:
        first_rows.conversations(found)
        first_rows.rejects(found)


def form(chosen: Chosen, mapping: dict[str, str], found: Look | None, *, wrong: bool) -> None:
    """The name, how many rows, the licence, and the button."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="read_it"):
        name = st.text_input(
            "Name of the source", value=chosen.name, key=f"name_{chosen.uri}", width=220
        ).strip()
        limit = st.number_input("Most rows, 0 for all", 0, 10_000_000, 0, 1000, key="limit", width=170)
        stated = found.licence if found else None
        licence = st.text_input("Licence", key="licence", placeholder=stated or "not stated", width=190,
                                help="Goes onto the dataset card. Say it where the source doesn't, as Apache-2.0 or CC-BY-4.0.").strip()  # fmt: skip
    if not NAME.fullmatch(name):
        shell.note("A name has letters, digits, '.', '_' and '-', and starts with a letter or digit.")
    elif found is not None and not (stated or licence):
        shell.note(
            "The source states no licence: what is made of it can be trained on, but say it before you publish."
        )
    elif stated and not licence:
        shell.note(f"Licence: {stated}, as the source states.")
    said = ["ingest", chosen.uri, "--name", name, "--json"]
    said += ["--map", ",".join(f"{k}={v}" for k, v in mapping.items())] if mapping else []
    said += ["--limit", str(int(limit))] if limit else []
    said += ["--licence", licence] if licence else []
    said += ["--split", chosen.split] if chosen.hub else []
    rows = min(int(limit) or found.total, found.total) if found else None
    what = f"Read {rows:,} rows as {name}" if rows and rows > 1 else f"Read it as {name}"
    if st.button(shell.label(what), type="primary", disabled=wrong or not NAME.fullmatch(name)):
        secret = {"HF_TOKEN": chosen.token} if chosen.token else None
        job = start(said, f"Read {name}", secret_env=secret, cwd=ROOT if chosen.hub else None)
        if job:
            st.session_state["ingest_job"] = job.id
            st.rerun()


def outcome(job_id: str) -> None:
    """What the job's answer says once it is done."""
    job = jobs.get(data.home(), job_id)
    said = job.answer() if job.status == "done" else None
    if not said:
        return
    shell.notice("good", f"{said['rows']:,} rows and {said['rejects']:,} rejects make {said['input_rows']:,} read. "
                         f"Licence: {said.get('licence') or 'not stated'}.")  # fmt: skip
    if said.get("reasons"):
        tables.table([("reason", "Reason", "text"), ("rows", "Rejects", "figure")],
                     [{"reason": r, "rows": n} for r, n in said["reasons"].items()], label="Rejects by reason")  # fmt: skip
    with st.container(horizontal=True):
        to = {"version": said["version"]}
        st.page_link("screens/explore.py", label="Look at its rows", query_params=to)
        st.page_link("screens/clean.py", label="See what is wrong with them", query_params=to)
        st.page_link("screens/balance.py", label="See what is unequal", query_params=to)
