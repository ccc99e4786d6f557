"""The signals of Clean, the threshold with its live count, and the rows beside the cut."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from curation import browse, draft
from curation.cuts import Cut
from curation.steps import BY_OP
from curation.store import Version
from streamlit_app.components import shell, tables

TOPICS = {
    "Length": (("words", "stats."), "stats"),
    "Duplicates": (("near_dup.", "semantic_dup."), "near_dup"),
    "Contamination": (("contamination.",), "contamination"),
    "Quality": (("quality.", "score"), "quality"),
    "Personal data": (("pii.",), "pii"),
    "Language": (("language.",), "language"),
    "Other": ((), ""),
}
ABOVE = ("near_dup.", "semantic_dup.", "contamination.", "pii.", "quality.")
"""Signals of which more is worse."""


def topic(index: browse.Index) -> tuple[str, list[str]]:
    """Draw the choice of topic and give it with the columns of this version that belong to it."""
    known = [*browse.numeric(index), *browse.groupable(index)]
    chosen = str(st.radio("What to look at", list(TOPICS), key="topic", bind="query-params"))
    prefixes = tuple(prefix for others, _ in TOPICS.values() for prefix in others)
    if chosen == "Other":
        return chosen, [
            name for name in known if not name.startswith(prefixes) and name not in ("origin", "split")
        ]
    own = [name for name in known if name.startswith(TOPICS[chosen][0])]
    return chosen, [name for name in own if name != "stats.words"]


def missing(chosen: str, version: Version) -> None:
    """Say which step brings the scores of a topic, and add it to the recipe."""
    op = TOPICS[chosen][1]
    if op not in BY_OP:
        shell.note(f"No step of this installation scores {chosen.lower()}.")
        return
    shell.note(f"This version has no such scores. The step {op} adds them; it changes no row.")
    needed = [name for name, field in BY_OP[op].model_fields.items() if field.is_required() and name != "op"]
    if st.button(f"Add {op} to the recipe", type="primary"):
        add(version, {"op": op, **dict.fromkeys(needed, "")})


def add(version: Version, step: dict[str, Any], *, replace: bool = True) -> None:
    """Put a step into the draft recipe and open it."""
    text = st.session_state.get("recipe_text") or st.session_state.get("recipe_draft")
    recipe = draft.parsed(text) if text else draft.recipe_of(version)
    open_draft(version, draft.with_step(recipe, step, replace=replace))


def open_draft(version: Version, recipe: dict[str, Any]) -> None:
    """Open a recipe under Recipe, as the draft."""
    st.session_state["recipe_text"] = draft.to_yaml(recipe)
    # without parameters Streamlit tries to clear those that are bound to widgets, and fails
    st.switch_page("screens/recipe.py", query_params={"version": version.id})


def threshold(index: browse.Index, column: str) -> Cut | None:
    """Draw the cut of a column: a threshold for numbers, values for the rest."""
    held = index.narrow[column].drop_nulls()
    if not held.dtype.is_numeric():
        counts = dict(browse.values_of(index, column))
        chosen = st.multiselect("Values to drop", list(counts), format_func=lambda value: f"{value} ({counts[value]:,})",
                                key=f"drop_{column}", select_all=False)  # fmt: skip
        return Cut(column, values=tuple(chosen)) if chosen else None
    if held.is_empty():
        return None
    low, high = float(held.min()), float(held.max())  # type: ignore[arg-type]
    worse = "above" if column.startswith(ABOVE) else "below"
    side = st.segmented_control(
        "Drop rows that are", ["below", "above"], default=worse, required=True, key=f"side_{column}"
    )
    whole = held.dtype.is_integer()
    start = float(held.quantile(0.02 if side == "below" else 0.98) or 0.0)
    if whole:
        at = float(st.slider("The cut", int(low), int(high) + 1, int(start), key=f"at_{column}_{side}"))
    else:
        at = float(
            st.slider(
                "The cut", low, high, start, step=(high - low) / 200, format="%.3f", key=f"at_{column}_{side}"
            )
        )
    return Cut(column, side, at)  # type: ignore[arg-type]


def sides(goes: pl.DataFrame, stays: pl.DataFrame, column: str) -> None:
    """Both sides of the cut, beside one another."""
    columns: list[Any] = [("opens", "Opens with", "text"), ("category", "Category", "category")]
    if column not in ("category", "opens"):
        columns.insert(0, (column, column, "figure" if goes.schema[column].is_numeric() else "text"))
    with st.container(key="both_sides"):
        places = st.columns(2, gap="large")
    for place, (title, rows) in zip(places, [("These go", goes), ("These just stay", stays)], strict=True):
        with place:
            st.html(f"<h2 class='tw-h2'>{title}</h2>")
            if rows.is_empty():
                shell.note("None.")
            else:
                short = rows.with_columns(pl.col("opens").str.slice(0, 110))
                tables.table(columns, short.to_dicts(), label=title)
