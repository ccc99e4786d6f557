"""Balance: what is unequal, what a mix would do about it, and the step that does it."""

from __future__ import annotations

import streamlit as st

from curation import browse, draft, findings
from curation.errors import TomeError
from streamlit_app.components import charts, cutting, data, mix, shell, tables
from streamlit_app.components.tokens import category_colours

version = shell.workspace("Balance")
try:
    index = data.index(version)
    rows = data.unbalanced(version)
except TomeError as error:
    shell.notice("bad", str(error))
    st.stop()
left, right = st.columns([1, 3.2], gap="large")
with left:
    by = str(st.selectbox("Balance by", browse.groupable(index), key="by", bind="query-params"))
    st.html("<h2 class='tw-h2'>The mix</h2>")
    step = mix.controls(by, rows)
before = data.unbalanced_shares(version, by)
with right:
    shell.finding(findings.balance_finding(before, by))
    shell.legend(
        [("original", "original rows"), ("repeat", "repeats and augmented"), ("tick", "share of words")]
    )
    charts.draw(charts.share_bars(before), says=findings.balance_finding(before, by), data=before,
                rows=int(before["rows"].sum()), name=f"{version.manifest.name}-{by}-shares")  # fmt: skip
    try:
        plan = mix.plan(step, rows)
    except TomeError as error:
        shell.notice("bad", str(error))
        st.stop()
    st.html(f"<h2 class='tw-h2'>{findings.plan_finding(plan)}</h2>")
    shell.legend([("before", "now"), ("after", "in the mix")])
    colours = category_colours(line.category for line in plan.lines)
    charts.draw(charts.plan_dots(plan, colours), says=findings.plan_finding(plan), data=tables.plan_frame(plan),
                rows=plan.after.rows, name=f"{version.manifest.name}-{by}-mix")  # fmt: skip
tables.plan_table(plan, colours)
tables.strip(tables.plan_figures(plan))
st.html("<h2 class='tw-h2'>The step for the recipe</h2>")
st.code(f"- {draft.one_line(step)}", language="yaml", wrap_lines=True)
if st.button("Add to the recipe", type="primary"):
    cutting.add(version, step)
