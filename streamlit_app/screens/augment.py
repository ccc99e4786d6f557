"""Augment: candidates beside their parents, every gate's value, what people decide, and the step that makes the rows."""

from __future__ import annotations

import streamlit as st

from curation.errors import TomeError
from streamlit_app.components import augment_form, candidates, data, shell

version = shell.workspace("Augment")
try:
    rows = data.unbalanced(version)
except TomeError as error:
    shell.notice("bad", str(error))
    st.stop()
sentence = st.container()
left, right = st.columns([1, 2.6], gap="large")
with left:
    step = augment_form.controls(rows)
    augment_form.trying(version, step)
with right:
    found = candidates.result()
    if found:
        candidates.rates(found)
        candidates.listing(found)
    else:
        candidates.before(version)
with sentence:
    shell.finding(candidates.finding(found) if found else augment_form.finding(rows))
with left:
    augment_form.adding(version, step)
candidates.made(version)
