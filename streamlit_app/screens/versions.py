"""Versions: the history, what changed from one to another, and the ways out."""

from __future__ import annotations

import streamlit as st

from curation import findings
from streamlit_app.components import data, history, shell

version = shell.workspace("Versions")
versions = data.shelf()[0]
shell.finding(f"{version.manifest.name}: {findings.version_finding(version.manifest)}")
everything, compared, out = st.tabs(
    ["History", "Compare", "Check, export, download"], key="tab", bind="query-params"
)
with everything:
    history.listing(versions, version)
    st.html("<h2 class='tw-h2'>Where it came from</h2>")
    history.lineage(version)
    if version.manifest.steps:
        st.html("<h2 class='tw-h2'>What each step did</h2>")
        history.steps(version)
with compared:
    others = [one for one in versions if one.id != version.id]
    if others:
        parents = [one for one in others if one.id in version.manifest.parents]
        start_with = others.index(max(parents, key=lambda one: one.manifest.rows)) if parents else 0
        titles = {
            one.id: f"{one.manifest.name} · {one.id[:8]} · {one.manifest.rows:,} rows" for one in others
        }
        chosen = st.selectbox(
            "Compare with", others, index=start_with, format_func=lambda one: titles[one.id], width=420
        )
        if found := history.compare(chosen, version):
            shell.note(findings.diff_finding(found.counts(), chosen.manifest.name, version.manifest.name))
            history.examples(found, chosen, version)
    else:
        shell.note("There is one version only. Change its recipe and run it, then compare the two here.")
with out:
    left, right = st.columns(2, gap="large")
    with left:
        st.html("<h2 class='tw-h2'>Check</h2>")
        whole = history.check(version)
        st.html("<h2 class='tw-h2'>Download</h2>")
        history.downloads(version)
    with right:
        st.html("<h2 class='tw-h2'>Export for training</h2>")
        history.export(version, whole=whole)
