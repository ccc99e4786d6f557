"""Compare: two runs side by side: what they were told, what came of it, category by category."""

from __future__ import annotations

import polars as pl
import streamlit as st

from streamlit_app.components import charts, run_charts, shell, tables, training_runs

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
with st.container(horizontal=True):
    a = str(st.selectbox("Run", names, index=1, key="a", bind="query-params", width=320))
    b = str(st.selectbox("Against", names, index=0, key="b", bind="query-params", width=320))
last = {name: training_runs.by_category(training_runs.evaluations(found[name][0])) for name in (a, b)}
if all(frame.height for frame in last.values()):
    both = (
        last[a]
        .select("category", "rows", before="after")
        .join(last[b].select("category", after="after"), on="category")
    )
    both = both.with_columns(change=pl.col("after") - pl.col("before")).sort("before", descending=True)
    overall = both.filter(pl.col("category") == "all").to_dicts()[0]
    better = both.filter((pl.col("change") < 0) & (pl.col("category") != "all")).height
    says = f"{b} has an evaluation loss of {overall['after']:.3f}, {a} {overall['before']:.3f}; {b} is better in {better} of {both.height - 1} categories."
    shell.finding(says)
    shell.legend([("before", a), ("after-accent", b)])
    charts.draw(
        run_charts.evaluation_dots(both), says=says, data=both, rows=int(overall["rows"]), name="compare"
    )
else:
    shell.finding(f"{a} and {b} have no evaluation to compare.")
charts.draw(run_charts.curve({name: training_runs.steps(found[name][0]) for name in dict.fromkeys((a, b))}, "loss", "training loss"),
            says="Training loss of both runs by step", data=training_runs.steps(found[a][0]), rows=sum(training_runs.steps(found[n][0]).height for n in (a, b)),
            name="losses", unit="steps")  # fmt: skip
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
