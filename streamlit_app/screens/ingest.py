"""Ingest: a Hub dataset, a path or an upload; the shape that is recognised; then a job."""

from __future__ import annotations

import streamlit as st

from curation.errors import TomeError
from streamlit_app.components import intake, shell
from streamlit_app.components.jobs_strip import watch

shell.head("Ingest")
shell.finding("Bring conversations in; every input row becomes a row, or a reject with its reason.")
left, right = st.columns([1, 1.6], gap="large")
with left:
    source = intake.source()
with right:
    if source is None:
        shell.note(
            "Choose a file, give a path inside the workspace, or name a Hub dataset. Nothing is read before that."
        )
    else:
        try:
            intake.preview_and_start(source)
        except TomeError as error:
            shell.notice("bad", str(error))
    if watched := st.session_state.get("ingest_job"):
        watch(watched)
        intake.outcome(watched)
