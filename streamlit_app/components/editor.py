"""The recipe as cards and as text, always the same; dry run and run as jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st
import yaml

from curation import draft
from curation.contract import write_atomic
from curation.errors import RecipeError
from curation.findings import count
from curation.recipe import Recipe
from curation.steps import BY_OP
from streamlit_app.components import data
from streamlit_app.components.jobs_strip import ROOT, start
from streamlit_app.components.rich_text import plain


def write(recipe: dict[str, Any]) -> None:
    """Put a changed recipe into the text."""
    st.session_state["recipe_text"] = draft.to_yaml(recipe)


def move(recipe: dict[str, Any], place: int, to: int) -> None:
    """Move a step to another place; before the first, it is taken out."""
    steps = list(recipe["steps"])
    step = steps.pop(place)
    if to >= 0:
        steps.insert(to, step)
    write({**recipe, "steps": steps})


def cards(text: str, error: RecipeError | None) -> None:
    """One card a source and a step, with the ways to move it and take it out, and one to add a step."""
    recipe = draft.parsed(text)
    steps = recipe.get("steps")
    if not isinstance(steps, list) or not isinstance(recipe.get("sources"), list):
        st.html('<p class="tw-note">The text isn\'t a recipe yet: it needs name, sources and steps.</p>')
        return
    for source in recipe["sources"]:
        st.html(
            f'<div class="tw-step tw-source"><b>read</b><code>{plain(draft.one_line(source))}</code></div>'
        )
    wrong = str(error) if error else ""
    for place, step in enumerate(steps):
        _card(recipe, place, step, f"step {place} (" in wrong or f"steps.{place}" in wrong)
    ops = sorted(BY_OP)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        op = st.selectbox("Add a step", ops, index=None, placeholder="choose a step", key="add_op")
        st.button("Add", disabled=op is None, on_click=lambda: _add(recipe, str(op)), key="add_step")
    if op:
        st.html(f'<p class="tw-note">{plain(_first_line(op))}</p>')


def _add(recipe: dict[str, Any], op: str) -> None:
    needed = {
        name: "" for name, field in BY_OP[op].model_fields.items() if field.is_required() and name != "op"
    }
    write(draft.with_step(recipe, {"op": op, **needed}, replace=False))
    st.session_state["add_op"] = None


def _first_line(op: str) -> str:
    return (BY_OP[op].__doc__ or "").strip().split("\n\n")[0].replace("\n", " ").replace("``", "")


def _card(recipe: dict[str, Any], place: int, step: Any, wrong: bool) -> None:
    op = step if isinstance(step, str) else str(step.get("op", "?")) if isinstance(step, dict) else "?"
    fields = {k: v for k, v in step.items() if k != "op"} if isinstance(step, dict) else {}
    kind = BY_OP[op].kind if op in BY_OP else "unknown"
    said = yaml.safe_dump(fields, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6).strip()[1:-1] if fields else ""  # fmt: skip
    last = len(recipe["steps"]) - 1
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"step_{place}"):
        st.html(
            f'<div class="tw-step{" tw-wrong" if wrong else ""}"><b>{plain(op)}</b><span class="tw-kind">{kind}</span><code>{plain(said)}</code></div>'
        )
        st.button("↑", key=f"up_{place}", disabled=place == 0, help="Move up", type="tertiary", on_click=move, args=(recipe, place, place - 1))  # fmt: skip
        st.button("↓", key=f"dn_{place}", disabled=place == last, help="Move down", type="tertiary", on_click=move, args=(recipe, place, place + 1))  # fmt: skip
        st.button("×", key=f"rm_{place}", help="Take it out", type="tertiary", on_click=move, args=(recipe, place, -1))  # fmt: skip


def run(text: str, recipe: Recipe | None) -> None:
    """Save the recipe under its name and run it as a job: on some rows for a try, or on all."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        limit = st.number_input(
            "Rows of each source for a dry run", 10, 100_000, 200, 50, key="dry_rows", width=220
        )
        dry = st.button(
            "Dry run", disabled=recipe is None, help="Makes a version of a sample, named with -dry."
        )
        full = st.button(
            "Run it" if recipe is None else f"Run {count(len(recipe.steps), 'step')}",
            type="primary",
            disabled=recipe is None,
        )
    if recipe is None or not (dry or full):
        return
    name = f"{recipe.name}-dry" if dry else recipe.name
    path = data.home().root / "recipes" / f"{name}.yaml"
    write_atomic(path, text if full else draft.to_yaml({**draft.parsed(text), "name": name}))
    arguments = ["run", str(path.resolve()), "--json", *(["--limit", str(int(limit))] if dry else [])]
    where = ROOT if not Path("data/samples").is_dir() and (ROOT / "data/samples").is_dir() else None
    job = start(arguments, f"{'Dry run' if dry else 'Run'} {recipe.name}", cwd=where)
    st.session_state["recipe_job"] = job.id if job else None
