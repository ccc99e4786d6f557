"""Ingest: a Hub dataset, a path or an upload; the shape that is recognised; then a job."""

from __future__ import annotations

import streamlit as st

from curation.errors import TomeError
from streamlit_app.components import intake, reading, shell
from streamlit_app.components.jobs_strip import watch

shell.head("Ingest")
sentence = st.container()
left, right = st.columns([1, 2.2], gap="large")
with left:
    source = intake.source()
with right:
    if watched := st.session_state.get("ingest_job"):
        watch(watched)
        reading.outcome(watched)
    if source is None:
        with sentence:
            shell.finding(
                "Bring conversations in; every input row becomes a row, or a reject with its reason."
            )
        intake.what_is_read()
    else:
        try:
            reading.panel(source, sentence)
        except TomeError as error:
            shell.notice("bad", str(error))
