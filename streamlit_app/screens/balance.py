"""Balance: what is unequal, what a mix would do about it, and the step that does it."""

from __future__ import annotations

import streamlit as st

from curation import facets, findings
from curation.errors import TomeError
from streamlit_app.components import charts, crossing, cutting, data, indexes, mix, shell

version = shell.workspace("Balance")
try:
    index = indexes.counted(str(version.folder), "kept")
    rows = data.unbalanced(version)
except TomeError as error:
    shell.notice("bad", str(error))
    st.stop()
spoken = next((name for name in facets.groupable(index) if name.startswith("language.")), None)
known = list(dict.fromkeys(["category", "source", spoken or "language", "length", *facets.groupable(index)]))
left, right = st.columns([1, 3.2], gap="large")
with left:
    by = str(st.selectbox("Look at", known, format_func=mix.title, key="look", bind="query-params"))
with right:
    if by == "language":
        shell.finding("Languages aren't told apart in this version.")
        cutting.missing("Language", version)
    else:
        before, unit = data.unbalanced_shares(version, by)
        says = (
            findings.length_finding(before)
            if by == "length"
            else findings.balance_finding(before, mix.title(by), unit)
        )
        shell.finding(says)
        shell.legend(
            [("original", "original rows"), ("repeat", "repeats and augmented"), ("tick", f"share of {unit}")]
        )
        charts.draw(charts.share_bars(before, unit=unit), says=says, data=before, rows=int(before["rows"].sum()),
                    name=f"{version.manifest.name}-{by}-shares")  # fmt: skip
if by == "length" and by not in rows.columns:
    rows = data.unbalanced_by_length(version)
if by in rows.columns:
    st.fragment(mix.panel)(version, by, rows)
crossing.panel(version, index)
