"""The controls of a mix, the balance step that they say, and what it would do, moving with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import streamlit as st

from curation import balance, draft, findings, views
from curation.errors import TomeError
from curation.steps.balance import Balance
from curation.store import Version
from streamlit_app.components import charts, cutting, shell, tables, weights
from streamlit_app.components.tokens import category_colours

TARGETS = {
    "temperature": "Temperature",
    "uniform": "Equal",
    "largest": "To the largest",
    "median": "To the median",
    "weights": "By hand",
}
KEEP = {"random": "Chance", "score": "The highest by a column", "diverse": "The most different in meaning"}


def title(column: str) -> str:
    """A column as a person reads it."""
    return "language" if column.startswith("language.") else column.replace("_", " ")


def panel(version: Version, by: str, rows: pl.DataFrame) -> None:
    """The controls beside what the mix would do; only this part runs again when a slider moves."""
    left, right = st.columns([1, 3.2], gap="large")
    with left:
        st.html("<h2 class='tw-h2'>The mix</h2>")
        step = controls(by, rows)
    try:
        found = plan(step, rows)
    except TomeError as error:
        with right:
            shell.notice("bad", str(error))
        return
    colours = category_colours(line.category for line in found.lines)
    says = findings.plan_finding(found)
    with right:
        st.html(f"<h2 class='tw-h2'>{shell.plain(says)}</h2>")
        shell.legend([("before", "now"), ("after", "in the mix")])
        charts.draw(charts.plan_dots(found, colours), says=says, data=tables.plan_frame(found), rows=found.after.rows,
                    name=f"{version.manifest.name}-{by}-mix")  # fmt: skip
        tables.strip(tables.plan_figures(found))
    tables.plan_table(found, colours)
    with st.container(horizontal=True, vertical_alignment="center", key="add_mix"):
        st.code(f"- {draft.one_line(step)}", language="yaml", wrap_lines=True)
        if st.button("Add to the recipe", type="primary"):
            cutting.add(version, step)


def controls(by: str, rows: pl.DataFrame) -> dict[str, Any]:
    """Draw the controls and give the step as a recipe would hold it."""
    target = st.selectbox("Target", list(TARGETS), format_func=TARGETS.__getitem__, key="target", bind="query-params",
                          help="How large each category should become, before the cap of repeats.")  # fmt: skip
    step: dict[str, Any] = {"op": "balance", "by": by}
    if target == "temperature":
        alpha = st.slider("Temperature", 0.0, 1.0, 0.5, 0.05, key="temperature", bind="query-params",
                          help="Shares go with rows to this power: 1 leaves the mix as it is, 0 makes it equal.")  # fmt: skip
        step["to"] = {"temperature": alpha}
    elif target == "weights":
        step["to"] = {"weights": weights.by_hand(by, rows)}
    else:
        step["to"] = target
    now = rows.filter(pl.col("split") == "train").height
    if st.toggle("Set a budget", key="budgeted", bind="query-params"):
        step["budget"] = _budget(rows, now)
    step["max_repeats"] = st.slider("Most times a row may stand in the mix", 1.0, 10.0, 3.0, 0.5, key="repeats", bind="query-params",
                                    help="1 means no repeats. Up to about four cost little; more tend to be learnt by heart.")  # fmt: skip
    keep = st.selectbox("Where there is too much, keep by", list(KEEP), format_func=KEEP.__getitem__, key="keep", bind="query-params",
                        help="Which rows stay in a category that has more than its target.")  # fmt: skip
    if keep == "score":
        scores = [
            name
            for name, dtype in rows.schema.items()
            if dtype.is_numeric() and name not in ("row", "source_row", "words")
        ]
        step["keep"] = {"max": str(st.selectbox("Column", scores, key="keep_by", bind="query-params"))}
    elif keep == "diverse":
        step["keep"] = {"diverse": "static"}
    return step


def _budget(rows: pl.DataFrame, now: int) -> dict[str, Any]:
    """How large the mix should be, in rows, or in tokens where a step counted them."""
    tokens = "tokens.total" in rows.columns
    unit = (
        st.segmented_control(
            "Budget in", ["rows", "tokens"], default="rows", required=True, key="budget_unit"
        )
        if tokens
        else "rows"
    )
    if unit == "tokens":
        held = int(rows.filter(pl.col("split") == "train")["tokens.total"].sum())
        size = st.number_input(
            "Training tokens in the mix",
            min_value=1,
            value=max(held, 1),
            step=max(1, held // 20),
            key="token_budget",
        )
    else:
        size = st.number_input(
            "Training rows in the mix", min_value=1, value=max(now, 1), step=max(1, now // 20), key="budget"
        )
    return {str(unit): int(size)}


def plan(step: dict[str, Any], rows: pl.DataFrame) -> balance.Plan:
    """What the step would do to these rows. Raises InputError."""
    # which rows stay decides nothing about how many, and models aren't read while a slider moves
    found = Balance.model_validate({**step, "keep": "random"}).plan(rows)
    names = views.length_names()
    if step["by"] == "length" and {line.category for line in found.lines} <= set(names):
        found = replace(found, lines=tuple(sorted(found.lines, key=lambda line: names.index(line.category))))
    return found
