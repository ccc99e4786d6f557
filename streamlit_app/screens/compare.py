"""Compare: two runs side by side: what came of them by category, what they answered, what they were told; and the way to the rows."""

from __future__ import annotations

import streamlit as st

from streamlit_app.components import rivals, run_charts, shell, tables, training_runs
from streamlit_app.components.charts import draw

shell.head("Compare")
found = training_runs.runs()
if len(found) < 2:
    shell.finding("Comparing takes two runs." if found else "No runs yet.")
    shell.note(
        "Train two: on two versions of the data, say, or with two configs. Then they stand side by side here."
    )
    st.page_link("screens/train.py", label="Start a run")
    st.stop()
names = list(found)
sentence = st.container()
with st.container(horizontal=True):
    a = str(st.selectbox("Run", names, index=1, key="a", bind="query-params", width=320))
    b = str(st.selectbox("Against", names, index=0, key="b", bind="query-params", width=320))
both = rivals.by_category(found[a][0], found[b][0])
says = rivals.finding(a, b, both)
with sentence:
    shell.finding(says)
if both.height:
    if said := rivals.uneven(found[a][0], found[b][0]):
        shell.notice("caution", said)
    shell.legend([("before", a), ("after-accent", b)])
    draw(run_charts.evaluation_dots(both), says=says, data=both, rows=int(both["rows"].max() or 0), name="compare", unit="evaluation rows")  # fmt: skip
    rivals.table(a, b, both, found[b][1])
frames = {name: training_runs.steps(found[name][0]) for name in dict.fromkeys((a, b))}
st.html("<h2 class='tw-h2'>Training loss</h2>")
draw(run_charts.curve(frames, "loss", "training loss", 200), says="Training loss of both runs by step", data=rivals.curves(frames),
     rows=sum(frame.height for frame in frames.values()), name="losses", unit="steps")  # fmt: skip
rivals.answers(found[a], found[b])
differs = training_runs.differences(found[a][1], found[b][1])
st.html("<h2 class='tw-h2'>What they were told differently</h2>")
if differs:
    tables.table(
        [("field", "Field", "code"), ("a", a, "text"), ("b", b, "text")],
        differs,
        label="Differences of configs",
    )
else:
    shell.note("Nothing: the same data, model and config.")
