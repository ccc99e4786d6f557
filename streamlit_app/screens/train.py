"""Train: start a run or a sweep on an export as a job, and follow loss, speed and evaluation by category."""

from __future__ import annotations

import streamlit as st

from streamlit_app.components import (
    beginning,
    run_control,
    run_form,
    shell,
    sweep_form,
    sweeps,
    training_runs,
)
from streamlit_app.components.jobs_strip import watch

shell.head("Train")
one, many = st.tabs(["Runs", "Sweeps"], key="tab", bind="query-params")
if one.open:
    found = training_runs.runs()
    begins = beginning.awaited(beginning.RUN, found)
    left, right = one.columns([1, 3], gap="large")
    with left:
        names = run_control.choice(found)
        st.html("<h2 class='tw-h2'>A new run</h2>")
        run_form.form()
        if watched := st.session_state.get("train_job"):
            watch(watched, log=False)
    with right:
        if begins:
            beginning.wait(beginning.RUN, begins)
        elif found:
            training_runs.live(names)
        else:
            shell.finding("No runs yet.")
            shell.note(
                "Choose an export and a config on the left. The sample's export trains on two cores in minutes."
                if run_form.exported()
                else "Runs train on exports. Under Versions, write one; the sample's trains on two cores in minutes."
            )
    if found:
        with one:
            st.html("<h2 class='tw-h2'>All runs</h2>")
            training_runs.table_of_runs(found)
if many.open:
    left, right = many.columns([1, 3], gap="large")
    with left:
        st.html("<h2 class='tw-h2'>A new sweep</h2>")
        sweep_form.form()
    with right:
        sweeps.panel()
