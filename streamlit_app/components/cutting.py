"""The way from a page to the recipe: what a topic of Clean lacks, and steps that go into the draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from curation import draft
from curation.signals import TOPICS
from curation.steps import BY_OP
from curation.store import Version
from streamlit_app.components import shell

SAMPLE = "data/samples/benchmark.jsonl"


def missing(chosen: str, version: Version) -> None:
    """Say which step brings the scores of a topic, and add it to the recipe."""
    op = TOPICS[chosen].op
    if op not in BY_OP:
        shell.note(f"No step of this installation scores {chosen.lower()}.")
        return
    near = op == "near_dup"
    what = "Near-duplicates aren't measured in this version. The" if near else "The"
    shell.note(f"{what} step {op} measures {'them' if near else 'it'}; it changes no row. Run the recipe with it, and what to drop shows here.")  # fmt: skip
    step: dict[str, Any] = {"op": op}
    if op == "contamination":
        given = st.text_input("Test sets to compare with, separated by commas", value=SAMPLE, key="against",
                              help="Files or folders inside the workspace, or hf://owner/name, of which the split test is read.")  # fmt: skip
        step["against"] = [one.strip() for one in given.split(",") if one.strip()]
    if st.button(f"Add {op} to the recipe", type="primary", disabled=step.get("against") == []):
        add(version, step)


def base(version: Version) -> dict[str, Any]:
    """The recipe that is being written, or the one that made the version."""
    text = st.session_state.get("recipe_text") or st.session_state.get("recipe_draft")
    return (draft.parsed(text) if text else {}) or draft.recipe_of(version)


def add(version: Version, step: dict[str, Any], *, replace: bool = True) -> None:
    """Put a step into the draft recipe and open it."""
    open_draft(version, draft.with_step(base(version), step, replace=replace))


def add_cut(version: Version, steps: Sequence[Mapping[str, Any]]) -> None:
    """Put the steps of a cut into the draft recipe and open it."""
    open_draft(version, draft.with_cut(base(version), steps))


def open_draft(version: Version, recipe: dict[str, Any]) -> None:
    """Open a recipe under Recipe, as the draft."""
    st.session_state["recipe_text"] = draft.to_yaml(recipe)
    # without parameters Streamlit tries to clear those that are bound to widgets, and fails
    st.switch_page("screens/recipe.py", query_params={"version": version.id})
