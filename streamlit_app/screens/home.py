"""Home: what there is, what runs, and what to do next."""

from __future__ import annotations

import streamlit as st

from curation.findings import count
from streamlit_app.components import cards, data, shell
from streamlit_app.components.jobs_strip import ROOT, start, watch
from streamlit_app.components.tokens import category_colours

versions, broken = data.shelf()
home, refs = data.home(), data.store().refs()
exported, trained = cards.exports(home), cards.runs(home)
shell.head("Home")
if versions:
    newest = versions[0].manifest
    shell.finding(
        f"{count(len(versions), 'version')}; the newest, {newest.name}, has {count(newest.rows, 'row')}."
    )
else:
    shell.finding("See what your data is made of, balance it, and train on it.")
    shell.note("Start with the sample: 286 conversations in 8 uneven categories. It takes five seconds.")
with st.container(horizontal=True, key="next_steps"):
    if st.button("Load the sample", type="secondary" if versions else "primary", key="load_sample"):
        job = start(["run", "data/recipes/demo.yaml", "--json"], "Curate the sample", cwd=ROOT)
        st.session_state["watched_job"] = job.id if job else None
        st.rerun()
    st.page_link("screens/ingest.py", label="Read a file", query_params={"from": "Upload"})
    st.page_link("screens/ingest.py", label="Read from the Hub", query_params={"from": "Hub"})
    if versions:
        st.page_link("screens/explore.py", label="Look at rows")
        st.page_link("screens/balance.py", label="Plan a mix")
if watched := st.session_state.get("watched_job"):
    watch(watched)
shell.warn(broken)
names: dict[str, list[str]] = {}
for ref, one in refs.items():
    names.setdefault(one, []).append(ref)
if versions:
    every = {name for version in versions[:9] for name in version.manifest.categories}
    colours = category_colours(every) if len(every) <= 8 else {}
    shown = [cards.version_card(version, names.get(version.id, []), colours) for version in versions[:9]]
    cards.grid("Versions", shown, "")
    cards.grid("Exports", [cards.export_card(*one) for one in exported[:6]],
               "None yet. Under Versions, write one as an export folder; training reads it.")  # fmt: skip
    cards.grid("Runs", [cards.run_card(*one) for one in trained[:6]],
               "None yet. Under Train, start one on an export; the sample takes a few minutes on two cores.")  # fmt: skip
