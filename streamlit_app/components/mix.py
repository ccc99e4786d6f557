"""The controls of a mix, and the balance step that they say."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from curation import balance
from curation.steps.balance import Balance
from streamlit_app.components.shell import label

TARGETS = {
    "temperature": "Temperature",
    "uniform": "Equal",
    "largest": "To the largest",
    "median": "To the median",
    "weights": "By hand",
}


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
        step["to"] = {"weights": by_hand(by, rows)}
    else:
        step["to"] = target
    now = rows.filter(pl.col("split") == "train").height
    if st.toggle("Set a budget", key="budgeted", bind="query-params"):
        size = st.number_input(
            "Training rows in the mix", min_value=1, value=max(now, 1), step=max(1, now // 20), key="budget"
        )
        step["budget"] = {"rows": int(size)}
    step["max_repeats"] = st.slider("Most times a row may stand in the mix", 1.0, 10.0, 3.0, 0.5, key="repeats", bind="query-params",
                                    help="1 means no repeats. Up to about four cost little; more tend to be learnt by heart.")  # fmt: skip
    return step


def by_hand(by: str, rows: pl.DataFrame) -> dict[str, float]:
    """A slider a category, in parts; the shares are the parts over their sum."""
    group = pl.col(by).cast(pl.String).fill_null(balance.NONE).alias("group")
    counts = dict(rows.filter(pl.col("split") == "train").group_by(group).len().sort("len", "group", descending=[True, False]).iter_rows())  # fmt: skip
    total = sum(counts.values())
    parts = {}
    for place, (name, rows_now) in enumerate(counts.items()):
        share = round(100 * rows_now / total)
        parts[name] = st.slider(label(str(name)), 0, 100, max(1, share), key=f"part_{by}_{place}")
    whole = sum(parts.values()) or 1
    weights = {name: round(part / whole, 6) for name, part in parts.items()}
    first = next(iter(weights))
    weights[first] = round(weights[first] + 1 - sum(weights.values()), 6)
    return weights


def plan(step: dict[str, Any], rows: pl.DataFrame) -> balance.Plan:
    """What the step would do to these rows. Raises InputError."""
    return Balance.model_validate(step).plan(rows)
