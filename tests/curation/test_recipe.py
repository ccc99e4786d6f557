"""Recipes: what is refused, with file, line and the nearest right name; orders that leak; keys to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import RecipeError
from curation.recipe import Recipe, load_recipe, parse_recipe
from curation.steps import Balance, Dedup, Normalize, Split, Stats

HEAD = "name: x\nsources:\n  - {uri: a, name: b}\nsteps:\n"


def refusal(text: str) -> str:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, "r.yaml")
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def of_steps(*steps: str) -> str:
    return HEAD + "".join(f"  - {step}\n" for step in steps)


def test_a_recipe_reads() -> None:
    recipe = parse_recipe(
        of_steps("normalize", "stats", "{op: dedup, keep: {max: score}}", "split", "balance")
    )
    assert [type(step) for step in recipe.steps] == [Normalize, Stats, Dedup, Split, Balance]
    assert parse_recipe("name: x\nsources: [{uri: a, name: b}]").steps == ()


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("normalise", "r.yaml:6: steps.1: there is no step 'normalise'. Did you mean 'normalize'? Known: "),
        (
            "{op: nrmalize}",
            "r.yaml:6: steps.1: there is no step 'nrmalize'. Did you mean 'normalize'? Known: ",
        ),
        ("{opp: split}", "r.yaml:6: steps.1: a step needs an op. Known: "),
        ("3", "r.yaml:6: steps.1: expected a step's name or a mapping with an op, found 3"),
        ("[a]", "r.yaml:6: steps.1: expected a step's name or a mapping with an op, found ['a']"),
        (
            "{op: split, evall: 0.5}",
            "r.yaml:6: steps.1.evall: there is no field 'evall'. Did you mean 'eval'? Known: at_least, eval, stratify.",
        ),
        (
            "{op: balance, to: {math: 0.5, code: 0.5}}",
            "r.yaml:6: steps.1.to: a share for each category is written {weights: {math: 0.6, code: 0.4}}",
        ),
        ("{op: split, eval: 1.5}", "r.yaml:6: steps.1.eval: Input should be less than 1, found 1.5"),
        ("{op: split, eval: lots}", "r.yaml:6: steps.1.eval: Input should be a valid number"),
        ("{op: split, eval: .nan}", "r.yaml:6: steps.1.eval: "),
        (
            "{op: balance, max_repeats: .inf}",
            "r.yaml:6: steps.1.max_repeats: Input should be a finite number",
        ),
        (
            "{op: balance, to: {temprature: 0.5}}",
            "r.yaml:6: steps.1.to.temprature: there is no field 'temprature'. Did you mean 'temperature'?",
        ),
        (
            "{op: balance, to: {temperature: 2}}",
            "r.yaml:6: steps.1.to.temperature: Input should be less than or",
        ),
        (
            "{op: balance, to: unifrom}",
            "r.yaml:6: steps.1.to: 'unifrom' is none of its values. Did you mean 'uniform'? "
            "Known: largest, median, uniform.",
        ),
        ("{op: balance, budget: 100}", "r.yaml:6: steps.1.budget: expected a mapping, found 100"),
        (
            "{op: balance, budget: {row: 100}}",
            "r.yaml:6: steps.1.budget.row: there is no field 'row'. Did you mean 'rows'?",
        ),
        (
            "{op: dedup, keep: longst}",
            "r.yaml:6: steps.1.keep: 'longst' is none of its values. Did you mean 'longest'?",
        ),
        (
            "{op: dedup, keep: {max: a, min: b}}",
            "r.yaml:6: steps.1.keep: keep wants exactly one of max, min, sources",
        ),
        ("{op: filter}", "r.yaml:6: steps.1.where: field 'where' is missing"),
        (
            "{op: filter, wehre: score > 1}",
            "r.yaml:6: steps.1.wehre: there is no field 'wehre'. Did you mean 'where'?",
        ),
        ("{op: filter, where: 'a +'}", "r.yaml:6: steps.1.where: 'a +': can't read the expression"),
        ("{op: split, op: dedup}", "r.yaml:6: not YAML: 'op' stands there twice"),
    ],
)
def test_a_mistake_in_a_step(step: str, says: str) -> None:
    assert refusal(of_steps("stats", step)).startswith(says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "r.yaml: a recipe is a mapping with name, sources and steps"),
        ("- a", "r.yaml: a recipe is a mapping"),
        ("name: x\nsources: [a\nsteps:\n", "r.yaml:3: not YAML: expected ',' or ']'"),
        ("name: x\n\tb: 1", "r.yaml:2: not YAML: found character '\\t'"),
        ("a\x00", "r.yaml: not YAML: "),
        ("name: !!python/object:os.system x", "r.yaml:1: not YAML: could not determine a constructor"),
        ("name: x\nname: y\nsources: []", "r.yaml:2: not YAML: 'name' stands there twice"),
        ("name: x\nsource: []", "r.yaml:2: source: there is no field 'source'. Did you mean 'sources'?"),
        ("name: x", "r.yaml: sources: field 'sources' is missing"),
        ("name: x\nsources: []", "r.yaml:2: sources: it needs 1 value at least, found []"),
        ("name: a/b\nsources:\n  - {uri: a, name: b}", "r.yaml:1: name: String should match pattern"),
        ("name: x\nsources:\n  - {uri: a}", "r.yaml:3: sources.0.name: field 'name' is missing"),
        (
            "name: x\nsources:\n  - {uri: a, name: b,\n     limt: 3}",
            "r.yaml:4: sources.0.limt: there is no field 'limt'. Did you mean 'limit'?",
        ),
        (
            "name: x\nsources:\n  - {uri: a, name: b, split: [1]}",
            "r.yaml:3: sources.0.split: Input should be a valid",
        ),
        (
            "name: x\nsources:\n  - {uri: a, name: b}\n  - {uri: c, name: b}",
            "r.yaml: two sources are called 'b'",
        ),
        (
            "name: x\nsources:\n  - {uri: 'version:a', name: b, map: {user: c}}",
            "r.yaml:3: sources.0: a version is read as it is, so 'map' has no meaning for version:a",
        ),
        (HEAD, "r.yaml:4: steps: expected a list, found null"),
        (
            "name: x\nsources: [{uri: a, name: b}]\nrequire: [pie]",
            "r.yaml:3: require.0: 'pie' is none of its values",
        ),
    ],
)
def test_a_mistake_elsewhere(text: str, says: str) -> None:
    assert refusal(text).startswith(says)


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        (["balance"], "r.yaml:5: step 0 (balance): rows are made before the split"),
        (["balance", "split"], "r.yaml:5: step 0 (balance): rows are made before the split"),
        (["split", "balance", "dedup"], "r.yaml:7: step 2 (dedup): dedup would undo the repeats of balance"),
        (["split", "near_dup"], "r.yaml:6: step 1 (near_dup): families are found after the split"),
        (
            ["normalize", "redact"],
            "r.yaml:6: step 1 (redact): normalize runs before it, so its columns, its ledger",
        ),
        (["pii", "stats", "redact"], "r.yaml:7: step 2 (redact): stats runs before it"),
        (["split", "dedup", "split"], "r.yaml: there are two split steps. Split once."),
    ],
)
def test_an_order_that_leaks_is_refused(steps: list[str], says: str) -> None:
    assert refusal(of_steps(*steps)).startswith(says)


def test_orders_that_hold() -> None:
    parse_recipe(of_steps("redact", "normalize"))
    parse_recipe(of_steps("pii", "redact", "redact", "pii"))
    parse_recipe(of_steps("near_dup", "dedup", "split", "stats", "balance"))
    parse_recipe("name: x\nsources: [{uri: 'version:a', name: b, limit: 5, weight: 0.5}]\nsteps: [balance]")


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text(of_steps("split"), encoding="utf-8")
    assert load_recipe(path).steps == (Split(),)
    with pytest.raises(
        RecipeError, match=r"demoo\.yaml: there is no such recipe\. Did you mean '.*demo\.yaml'"
    ):
        load_recipe(tmp_path / "demoo.yaml")
    with pytest.raises(RecipeError, match="can't be read"):
        load_recipe(tmp_path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="can't be read"):
        load_recipe(path)


def test_the_key_is_golden_and_sees_everything() -> None:
    text = of_steps("normalize", "{op: split, eval: 0.1}")
    recipe = parse_recipe(text)
    assert recipe.key() == "398ad2ef5ad2dc564b745547548682b1"
    assert (
        parse_recipe(of_steps("{op: normalize, form: NFC}", "{eval: 0.1, op: split}")).key() == recipe.key()
    )
    other = {
        text.replace("0.1", "0.2"), text.replace("name: x", "name: y"), text.replace("uri: a", "uri: c"),
        "seed: 1\n" + text, text.replace("  - normalize\n", ""), "system_prompt: Hi\n" + text,
    }  # fmt: skip
    assert len({parse_recipe(one).key() for one in other} - {recipe.key()}) == len(other)


@given(
    st.builds(
        Recipe,
        name=st.just("x"),
        seed=st.integers(0, 9),
        sources=st.just(({"uri": "a", "name": "b"},)),
        system_prompt=st.none() | st.just("yes: no # 3"),
        steps=st.lists(
            st.sampled_from(
                [
                    "normalize", {"op": "split", "stratify": None}, {"op": "split", "eval": 0},
                    {"op": "dedup", "keep": {"max": "score"}}, {"op": "filter", "where": "a == 'b: c' and d > 1"},
                    {"op": "balance", "to": {"weights": {"yes": 0.5, "1": 0.5}}, "budget": {"rows": 3}},
                ]
            ),
            max_size=3,
        ),
    )
)  # fmt: skip
def test_a_recipe_survives_its_own_yaml_and_dump(recipe: Recipe) -> None:
    assert Recipe.model_validate(recipe.dump()) == recipe
    import yaml

    assert Recipe.model_validate(yaml.safe_load(recipe.to_yaml())) == recipe
