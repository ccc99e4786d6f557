"""Clean: every topic with what was found, the cut and its count, the rows beside it, and its steps in the recipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from curation.contract import Home
from curation.recipe import parse_recipe
from curation.run import run_recipe
from curation.store import Store, Version
from tests.streamlit_app.test_pages import html, open_page

LONG = "one two three four five six seven eight nine ten eleven twelve"
SHEEP = "A farmer has seventeen sheep and all but nine of them run away today"
TALKS = [
    ("math", "What is 2+2?", f"{LONG} thirteen."),
    ("math", "What is 2+2?", f"{LONG} thirteen."),
    ("math", "What is 2+2?", f"{LONG} fourteen."),
    ("legal", "May I call +44 20 7946 0142?", "You may call."),
    ("math", SHEEP, "Nine are left."),
    ("code", "Say yes", "Yes"),
]


@pytest.fixture
def scored(home: Path) -> Version:
    """Six conversations with something to find under every topic but language."""
    home.mkdir(parents=True)
    source, tests = home / "talks.jsonl", home / "test.jsonl"
    source.write_text(
        "".join(json.dumps({"category": c, "question": q, "answer": a}) + "\n" for c, q, a in TALKS)
    )
    tests.write_text(json.dumps({"question": f"{SHEEP}. How many are left?"}) + "\n")
    recipe = {
        "name": "scored", "seed": 1, "sources": [{"uri": str(source), "name": "talks"}],
        "steps": ["stats", {"op": "quality", "encoding": "pattern"}, "pii", {"op": "near_dup", "shingle": 2},
                  {"op": "contamination", "against": [str(tests)], "ngram": 8}],
    }  # fmt: skip
    return run_recipe(parse_recipe(json.dumps(recipe)), Store(Home(home)), workers=1)


def added(test: AppTest, label: str) -> str:
    """The recipe after the button of that label was pressed."""
    next(one for one in test.button if one.label == label).click().run()
    assert not test.exception
    assert "every field is known" in html(test)
    return str(test.text_area(key="recipe_text").value)


def test_each_topic_says_what_was_found(scored: Version) -> None:
    test = open_page("clean.py")
    assert not test.exception
    assert list(test.radio(key="topic").proto.captions) == ["", "1 exact, 2 near", "1 row", "1 flagged", "1 row", "not measured", ""]  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "signal", "says", "label", "step"),
    [
        ("Length", None, "This cut drops ", None, None),
        ("Duplicates", "Exact copies", "This cut drops 1 of 6 rows (16.7%), all from math.", "Add to the recipe: drop 1 row", "- op: dedup"),
        ("Duplicates", "Near-duplicates", "This cut drops 2 of 6 rows (33.3%), all from math.", "Add to the recipe: drop 2 rows", "{op: dedup, by: near_dup.cluster}"),
        ("Contamination", None, "This cut drops 1 of 6 rows (16.7%), all from math.", "Add to the recipe: drop 1 row", "{op: decontaminate, overlap: 0.2}"),
        ("Quality", None, "This cut drops 1 of 6 rows (16.7%), all from code.", "Add to the recipe: drop 1 row", "quality.one_word"),
        ("Personal data", None, "This cut changes 1 of 6 rows (16.7%), all from legal.", "Add to the recipe: redact 1 row", "{op: redact, kinds: [phone]}"),
    ],
)  # fmt: skip
def test_a_cut_is_counted_and_added(
    scored: Version, topic: str, signal: str | None, says: str, label: str | None, step: str | None
) -> None:
    test = open_page("clean.py", topic=topic)
    if signal:
        test.selectbox(key=f"signal_{topic}").set_value(signal).run()
    assert not test.exception
    assert says in html(test)
    if label and step:
        text = added(test, label)
        assert step.removeprefix("- op: ") in text


def test_the_count_follows_the_cut(scored: Version) -> None:
    test = open_page("clean.py", topic="Contamination")
    test.slider(key="overlap_at").set_value(1.0).run()
    assert "This cut drops nothing of 6 rows." in html(test)
    test = open_page("clean.py", topic="Personal data")
    test.segmented_control(key="personal_how").set_value("drop").run()
    assert "This cut drops 1 of 6 rows (16.7%), all from legal." in html(test)
    assert [code.value for code in test.code] == ["- {op: filter, where: pii.phone < 1}"]


def test_a_topic_that_is_not_measured_offers_its_step(scored: Version, one: Version) -> None:
    test = open_page("clean.py", version=one.id, topic="Contamination")
    assert "Contamination isn&#x27;t measured in this version." in html(test)
    text = added(test, "Add contamination to the recipe")
    assert "{op: contamination, against: [data/samples/benchmark.jsonl]}" in text
    test = open_page("clean.py", version=one.id, topic="Duplicates")
    assert "Near-duplicates aren&#x27;t measured in this version." in html(test)


def test_duplicates_begin_with_the_kind_that_there_is(scored: Version, home: Path) -> None:
    assert (
        open_page("clean.py", topic="Duplicates").selectbox(key="signal_Duplicates").value == "Exact copies"
    )
    recipe = scored.manifest.recipe
    assert recipe
    alone = parse_recipe(json.dumps({**recipe, "steps": [*recipe["steps"], {"op": "dedup"}]}))
    run_recipe(alone, Store(Home(home)), workers=1)
    test = open_page("clean.py", topic="Duplicates")
    assert test.selectbox(key="signal_Duplicates").value == "Near-duplicates"
    assert "This cut drops 1 of 5 rows" in html(test)
