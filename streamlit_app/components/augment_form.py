"""What to augment, with which generators and gates; trying it as a job, and adding the step to the recipe."""

from __future__ import annotations

import typing
from typing import Any

import polars as pl
import streamlit as st

from curation import draft
from curation.augment import specs
from curation.augment.gates import Gates
from curation.balance import NONE
from curation.errors import InputError
from curation.findings import count, percent
from curation.steps.split import TRAIN
from curation.store import Version
from streamlit_app.components import candidates, cutting, shell
from streamlit_app.components.fields import fields
from streamlit_app.components.jobs_strip import ROOT, start
from streamlit_app.components.recipe_run import OWN
from streamlit_app.components.workspace import check_recipe

SPECS: dict[str, type[specs.Spec]] = {
    name: model
    for model in (specs.Words, specs.BackTranslation, specs.Paraphrase, specs.Synthesize, specs.Contextual)
    for name in typing.get_args(model.model_fields["name"].annotation)
}
HELD = "augment_fields"
"""What was set of each generator and of the gates, by name."""


def _sizes(rows: pl.DataFrame) -> dict[str, int]:
    """Original training rows by category, fewest first."""
    mine = rows.filter((pl.col("split") == TRAIN) & pl.col("made_by").is_null())
    counts = mine.group_by(pl.col("category").fill_null(NONE)).len().sort("len", "category")
    return dict(counts.iter_rows())


def finding(rows: pl.DataFrame) -> str:
    """What lacks rows most."""
    sizes = _sizes(rows)
    if not sizes:
        return "There are no training rows to augment."
    name, least = next(iter(sizes.items()))
    return f"{name} has {count(least, 'training row')} of its own, {percent(least / sum(sizes.values()))} of all; new ones can be made from them."


def controls(rows: pl.DataFrame) -> dict[str, Any]:
    """Draw the controls and give the step as a recipe would hold it."""
    sizes = _sizes(rows)
    st.html("<h2 class='tw-h2'>What to make</h2>")
    category = st.selectbox(
        "Category to raise",
        list(sizes),
        format_func=lambda name: f"{name} ({sizes[name]:,})",
        key="augment_category",
    )
    number = int(
        st.number_input(
            "Rows to add", 1, 1_000_000, max(1, sizes.get(str(category), 1)), key=f"augment_rows_{category}"
        )
    )
    chosen = st.multiselect("Generators, in turn", list(SPECS), default=["synonym"], key="generators", select_all=False,
                            help="Words and spelling work offline; paraphrase and synthesize ask a language model.")  # fmt: skip
    held: dict[str, dict[str, Any]] = st.session_state.setdefault(HELD, {})
    for name in chosen:
        with st.expander(f"{name}: its parameters"):
            shell.note((SPECS[name].__doc__ or "").split("\n")[0])
            fields(SPECS[name], held.get(name, {}), _keep(name), key=f"spec_{name}", across=1)
    with st.expander("Gates: what a candidate must keep"):
        fields(Gates, held.get("gates", {}), _keep("gates"), key="gates", across=1)
    generators = [{name: held[name]} if held.get(name) else name for name in chosen]
    step: dict[str, Any] = {"op": "augment", "category": category, "rows": number, "generators": generators}
    if held.get("gates"):
        step["gates"] = held["gates"]
    return step | candidates.decisions()


def _keep(name: str) -> Any:
    def write(changed: dict[str, Any]) -> None:
        st.session_state[HELD][name] = changed

    return write


def trying(version: Version, step: dict[str, Any]) -> None:
    """Make some candidates as a job; no version comes of it."""
    number = int(st.slider("Candidates to look at", 4, 60, 16, 4, key="augment_number"))
    if st.button(f"Try {number} candidates", type="secondary" if candidates.result() else "primary", disabled=not step["generators"],
                 help="Makes candidates from the rows just before this step. Nothing is added to any version."):  # fmt: skip
        text = st.session_state.get("recipe_text") or st.session_state.get("recipe_draft")
        base = draft.parsed(text) if text else draft.recipe_of(version)
        # a try of more candidates than rows are wanted goes on past the last row, in the same order
        recipe = draft.with_step(
            base or draft.recipe_of(version), {**step, "rows": max(step["rows"], number)}
        )
        try:
            check_recipe(recipe, ROOT)
        except InputError as error:
            shell.notice("bad", str(error))
            return
        place = max(
            at
            for at, one in enumerate(recipe["steps"])
            if one.get("op") == "augment" and one.get("category") == step["category"]
        )
        job = start(
            ["augment", "preview", OWN, "-n", str(number), "--step", str(place), "--json"],
            f"Try {number} candidates",
            cwd=ROOT,
            files={OWN: draft.to_yaml(recipe)},
        )
        st.session_state[candidates.JOB] = job.id if job else None
        st.rerun()
    candidates.waiting()


def adding(version: Version, step: dict[str, Any]) -> None:
    """The step as the recipe will hold it, and the button that adds it."""
    st.html("<h2 class='tw-h2'>The step for the recipe</h2>")
    st.code(f"- {draft.one_line(step)}", language="yaml", wrap_lines=True)
    if st.button(
        f"Add to the recipe: {count(step['rows'], 'row')} for {shell.label(str(step['category']))}",
        type="primary" if candidates.result() else "secondary",
        disabled=not step["generators"],
    ):
        cutting.add(version, step)
