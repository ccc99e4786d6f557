"""The recipe as cards and as text, always the same: whatever changes one, changes the other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st
import yaml

from curation import draft
from curation.errors import RecipeError
from curation.fieldnotes import notes
from curation.recipe import Recipe, Source
from curation.steps import BY_OP
from streamlit_app.components import shell
from streamlit_app.components.fields import fields
from streamlit_app.components.rich_text import plain

OPEN = "recipe_open"
"""The card whose fields are open: ``head``, ``sources.0``, ``steps.3``."""


def write(recipe: Mapping[str, Any]) -> None:
    """Put a changed recipe into the text."""
    st.session_state["recipe_text"] = draft.to_yaml(recipe)


def start_again() -> None:
    """Leave the draft; the page then takes up the recipe of the version at the top."""
    st.session_state.update({"recipe_text": "", "recipe_draft": "", OPEN: None})


def move(recipe: Mapping[str, Any], part: str, place: int, to: int) -> None:
    """Move a source or step to another place; before the first, it is taken out."""
    items = list(recipe[part])
    item = items.pop(place)
    if to >= 0:
        items.insert(to, item)
    opened = st.session_state.get(OPEN)
    if opened == f"{part}.{place}":
        st.session_state[OPEN] = f"{part}.{to}" if to >= 0 else None
    elif opened == f"{part}.{to}":
        st.session_state[OPEN] = f"{part}.{place}"
    elif str(opened).startswith(f"{part}.") and to < 0:
        st.session_state[OPEN] = None
    write({**recipe, part: items})


def cards(text: str, error: RecipeError | None) -> None:
    """One card for the recipe's head, each source and each step: open, move, take out; and the ways to add."""
    recipe = draft.parsed(text)
    if not isinstance(recipe.get("steps") or [], list) or not isinstance(recipe.get("sources"), list):
        shell.note("The text isn't a recipe yet: it needs name, sources and steps.")
        return
    recipe["steps"] = recipe.get("steps") or []
    wrong = str(error) if error else ""
    _head(recipe)
    for part in ("sources", "steps"):
        for place, item in enumerate(recipe[part]):
            at = (
                (f"step {place} (" in wrong or f"steps.{place}" in wrong)
                if part == "steps"
                else f"sources.{place}" in wrong
            )
            _card(recipe, part, place, item, at)
    _adding(recipe)
    if any(line.lstrip().startswith("#") for line in text.splitlines()):
        shell.note("A change on a card writes the text anew, without its comments.")


def _adding(recipe: dict[str, Any]) -> None:
    ops = sorted(BY_OP)
    with st.container(horizontal=True, vertical_alignment="bottom", key="add_card"):
        op = st.selectbox("Add a step", ops, index=None, placeholder="choose a step", key="add_op")
        st.button("Add", disabled=op is None, on_click=_add, args=(recipe, str(op)), key="add_step")
        st.button("Add a source", on_click=_add_source, args=(recipe,), key="add_source")
    if op:
        shell.note((BY_OP[op].__doc__ or "").strip().split("\n\n")[0].replace("\n", " ").replace("``", ""))


def _add(recipe: dict[str, Any], op: str) -> None:
    empty: dict[str, Any] = {"texts": [], "choices": [], "yaml": None}
    needed = {note.name: empty.get(note.kind, "") for note in notes(BY_OP[op]) if note.needed}
    changed = draft.with_step(recipe, {"op": op, **needed}, replace=False)
    before = [draft.one_line(step) for step in recipe["steps"]]
    after = [draft.one_line(step) for step in changed["steps"]]
    write(changed)
    st.session_state["add_op"] = None
    added = [place for place, line in enumerate(after) if line not in before]
    st.session_state[OPEN] = f"steps.{added[-1]}" if added and needed else None


def _add_source(recipe: dict[str, Any]) -> None:
    taken = {str(one.get("name")) for one in recipe["sources"] if isinstance(one, dict)}
    name = next(f"source{n}" for n in range(1, 1000) if f"source{n}" not in taken)
    write({**recipe, "sources": [*recipe["sources"], {"uri": "", "name": name}]})
    st.session_state[OPEN] = f"sources.{len(recipe['sources'])}"


def _toggle(at: str) -> None:
    st.session_state[OPEN] = None if st.session_state.get(OPEN) == at else at


def _head(recipe: dict[str, Any]) -> None:
    said = {
        name: recipe[name]
        for name in ("name", "seed", "system_prompt", "require")
        if recipe.get(name) not in (None, [], "")
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="step_head"):
        st.html(f'<div class="tw-step tw-source"><b>recipe</b> <code>{plain(_flow(said))}</code></div>')
        _open_button("head", "the recipe's name and seed")
    if st.session_state.get(OPEN) == "head":
        with st.container(key="fields_head"):
            fields(
                Recipe,
                recipe,
                lambda changed: write(_ordered(changed)),
                key="f_head",
                skip=("sources", "steps"),
            )


def _ordered(recipe: dict[str, Any]) -> dict[str, Any]:
    return {
        name: recipe[name] for name in ("name", "seed", "system_prompt", "require") if name in recipe
    } | recipe


def _card(recipe: dict[str, Any], part: str, place: int, item: Any, wrong: bool) -> None:
    values = dict(item) if isinstance(item, dict) else {}
    op = str(values.get("op", "?")) if isinstance(item, dict) else str(item)
    model: Any = Source if part == "sources" else BY_OP.get(op)
    name, kind = ("read", "") if part == "sources" else (op, model.kind if model else "unknown")
    said = _flow({k: v for k, v in values.items() if k != "op"})
    at = f"{part}.{place}"
    tag = f'<span class="tw-kind">{kind}</span>' if kind else ""
    style = f"tw-step{' tw-source' if part == 'sources' else ''}{' tw-wrong' if wrong else ''}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"step_{part}_{place}"):
        st.html(f'<div class="{style}"><b>{plain(name)}</b> {tag} <code>{plain(said)}</code></div>')
        if model:
            _open_button(at, f"{name} {values.get('name', '')}".strip())
        last = len(recipe[part]) - 1
        for sign, what, to, off in (("↑", "Move up", place - 1, place == 0), ("↓", "Move down", place + 1, place == last), ("×", "Take it out", -1, False)):  # fmt: skip
            st.button(sign, key=f"{what}_{at}", help=what, type="tertiary", disabled=off, on_click=move, args=(recipe, part, place, to))  # fmt: skip
    if model and st.session_state.get(OPEN) == at:
        with st.container(key=f"fields_{part}_{place}"):
            first = {"op": op} if part == "steps" else {}
            held = {k: v for k, v in values.items() if k != "op"}
            fields(
                model,
                held,
                partial(_put, recipe, part, place, first),
                key=f"f_{part}_{place}_{op if part == 'steps' else ''}",
            )


def _put(
    recipe: dict[str, Any], part: str, place: int, first: dict[str, Any], changed: dict[str, Any]
) -> None:
    items = list(recipe[part])
    items[place] = {**first, **changed}
    write({**recipe, part: items})


def _open_button(at: str, what: str) -> None:
    opened = st.session_state.get(OPEN) == at
    st.button("Done" if opened else "Edit", key=f"edit_{at}", help=f"The fields of {shell.label(what)}", type="tertiary", on_click=_toggle, args=(at,))  # fmt: skip


def _flow(values: Mapping[str, Any]) -> str:
    if not values:
        return ""
    return yaml.safe_dump(
        dict(values), default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6
    ).strip()[1:-1]
