"""Balance: every column it looks at, the mix and its controls, the way to rows and to the recipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from curation.contract import Home
from curation.recipe import parse_recipe
from curation.run import run_recipe
from curation.store import Store, Version
from streamlit_app.components import data
from streamlit_app.components.filters import address
from streamlit_app.components.weights import shares
from tests.streamlit_app.test_pages import html, open_page


def recipe_text(test: object) -> str:
    return test.text_area(key="recipe_text").value  # type: ignore[attr-defined]


def add(test: object) -> object:
    button = next(one for one in test.button if one.label == "Add to the recipe")  # type: ignore[attr-defined]
    return button.click().run()


@pytest.mark.parametrize(
    ("look", "says"),
    [
        ("source", "have the same source: turns"),
        ("length", "have under 25 words"),
        ("language", "Languages aren&#x27;t told apart in this version."),
    ],
)
def test_balance_looks_at_any_column(one: Version, look: str, says: str) -> None:
    test = open_page("balance.py", version=one.id)
    test.selectbox(key="look").set_value(look).run()
    assert not test.exception
    assert says in html(test)


def test_a_cell_of_the_heat_map_leads_to_its_rows(one: Version) -> None:
    test = open_page("balance.py", version=one.id)
    assert "The largest cell is category" in html(test)
    cell = test.selectbox(key="cell_category_source")
    assert "legal and turns (2)" in cell.options
    cell.set_value("legal and turns (2)").run()
    assert not test.exception
    assert "2 of 6 rows (33.3%): all legal" in html(test)
    assert test.query_params["category"] == "legal"


def test_an_address_holds_lengths_values_and_a_second_column() -> None:
    assert address({"length": "25 to 49", "source": "turns"}) == {"words": ["25", "49"], "source": ["turns"]}
    assert address({"quality.flag": "long", "pii.found": "true"}) == {
        "by": "quality.flag",
        "by_values": ["long"],
        "where": "pii.found == True",
    }


def test_weights_by_hand_go_into_the_step(one: Version) -> None:
    test = open_page("balance.py", version=one.id)
    test.selectbox(key="target").set_value("weights").run()
    parts = {slider.label: slider for slider in test.slider if slider.key.startswith("part_")}
    parts["legal"].set_value(80.0).run()
    next(s for s in test.slider if s.label == "math").set_value(20.0).run()
    next(s for s in test.slider if s.label == "code").set_value(0.0).run()
    test = add(test)
    assert "to: {weights: {math: 0.2, code: 0.0, legal: 0.8}}" in recipe_text(test)


def test_what_is_kept_and_the_budget_go_into_the_step(one: Version) -> None:
    test = open_page("balance.py", version=one.id)
    test.selectbox(key="keep").set_value("score").run()
    test.selectbox(key="keep_by").set_value("stats.words").run()
    test.toggle(key="budgeted").set_value(True).run()
    test.number_input(key="budget").set_value(5).run()
    assert "5 training rows" in html(test)
    test = add(test)
    assert "budget: {rows: 5}" in recipe_text(test)
    assert "keep: {max: stats.words}" in recipe_text(test)
    assert "every field is known" in html(test)


@given(some.dictionaries(some.text(min_size=1), some.floats(0, 1e6), min_size=1, max_size=40))
def test_shares_of_parts_sum_to_one(parts: dict[str, float]) -> None:
    found = shares(parts)
    assert list(found) == list(parts)
    assert abs(sum(found.values()) - 1) < 1e-6
    assert all(weight >= -1e-9 for weight in found.values())


def test_a_mix_by_length_goes_into_the_recipe(one: Version) -> None:
    test = open_page("balance.py", version=one.id, look="length")
    assert not test.exception
    test.selectbox(key="target").set_value("uniform").run()
    assert "under 25 words" in html(test)
    assert "This mix changes nothing: 7 training rows, as even as 1.0 equal categories of 1" in html(test)
    test = add(test)
    assert "{op: balance, by: length, to: uniform" in recipe_text(test)
    assert "every field is known" in html(test)


def test_shares_and_the_budget_go_by_tokens_where_they_were_counted(one: Version, home: Path) -> None:
    recipe = one.manifest.recipe
    assert recipe
    steps = [{"op": "tokens"}, *recipe["steps"]]
    counted = run_recipe(
        parse_recipe(json.dumps({**recipe, "name": "counted", "steps": steps})), Store(Home(home)), workers=1
    )
    test = open_page("balance.py", version=counted.id)
    held = data.unbalanced(counted)["tokens.total"].sum()
    test.toggle(key="budgeted").set_value(True).run()
    next(one for one in test.segmented_control if one.label == "Budget in").set_value("tokens").run()
    assert test.number_input(key="token_budget").value == held
    test.number_input(key="token_budget").set_value(30).run()
    assert "budget: {tokens: 30}" in recipe_text(add(test))
