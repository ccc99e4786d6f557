"""Recipe: the steps as cards and as text, checked as you type, tried on a sample, run as a job."""

from __future__ import annotations

import streamlit as st

from curation import draft
from curation.errors import RecipeError
from curation.findings import count
from curation.recipe import parse_recipe
from streamlit_app.components import editor, recipe_run, shell
from streamlit_app.components.live_text import live_text

version = shell.workspace("Recipe")
# a text area's own state ends with its page, so the draft is kept beside it
if not st.session_state.get("recipe_text"):
    st.session_state["recipe_text"] = st.session_state.get("recipe_draft") or draft.to_yaml(
        draft.recipe_of(version)
    )
sentence = st.container()
left, right = st.columns(2, gap="large")
with right:
    st.html("<h2 class='tw-h2'>As text</h2>")
    text = str(
        st.text_area("The recipe in YAML", key="recipe_text", height=420, label_visibility="collapsed")
    )
    live_text("recipe_text")
    st.session_state["recipe_draft"] = text
    problem = st.container()
try:
    recipe, error = parse_recipe(text), None
except RecipeError as wrong:
    recipe, error = None, wrong
with left:
    st.html("<h2 class='tw-h2'>Step by step</h2>")
    editor.cards(text, error)
with sentence:
    if recipe is None:
        shell.finding("This recipe can't run yet.")
    else:
        shell.finding(
            f"{recipe.name}: {count(len(recipe.sources), 'source')}, {count(len(recipe.steps), 'step')}."
        )
with problem:
    if error is not None:
        shell.notice("bad", str(error))
    else:
        shell.notice("good", "The recipe reads well: every field is known and its order leaks nothing.")
with right:
    recipe_run.buttons(text, recipe)
    st.button("Start again from this version", type="tertiary", on_click=editor.start_again,
              help="Puts the recipe of the version at the top in place of this text.")  # fmt: skip
recipe_run.log()
