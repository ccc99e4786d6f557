"""Versions: the history, names and roll back, what changed from one to another, the card, and the ways out."""

from __future__ import annotations

import streamlit as st

from curation import findings
from streamlit_app.components import comparing, data, history, naming, shell, shipping

version = shell.workspace("Versions")
versions = data.shelf()[0]
shell.finding(f"{version.manifest.name}: {findings.version_finding(version.manifest)}")
everything, names, compared, out, card = st.tabs(
    ["History", "Names", "Compare", "Check, export, download", "Card"], key="tab", bind="query-params"
)
if everything.open:
    with everything:
        history.listing(versions, version)
        st.html("<h2 class='tw-h2'>Where it came from, and what came of it</h2>")
        history.lineage(version)
        history.steps(version)
if names.open:
    with names:
        naming.panel(version, versions)
if compared.open:
    with compared:
        comparing.panel(version, versions)
if out.open:
    with out:
        left, right = st.columns(2, gap="large")
        with left:
            st.html("<h2 class='tw-h2'>Check</h2>")
            whole = shipping.check(version)
            st.html("<h2 class='tw-h2'>Download</h2>")
            shipping.downloads(version, whole=whole)
        with right:
            st.html("<h2 class='tw-h2'>Export for training</h2>")
            name = shipping.export(version, whole=whole)
            st.html("<h2 class='tw-h2'>Push to the Hub</h2>")
            shipping.push(version, name, whole=whole)
if card.open:
    with card:
        shipping.card(version)
