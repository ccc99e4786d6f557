"""``categorize``: each method says exactly what it should, and keeps its hands off rows that have a category."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

import curation
from curation.categorize.taxonomy import SHIPPED, load_taxonomy, taxonomy_path
from curation.errors import InputError
from curation.expression import to_polars
from curation.laws import run_step
from curation.rows import make_rows
from curation.step import Context
from curation.steps.categorize import Categorize

PROMPTS = [
    "Write a Python function that merges two sorted lists into one.",
    "Nora has 14 apples and gives 5 to each of her 2 brothers. How many apples are left?",
    "What are the symptoms and treatments of Graves disease?",
    "I want to cancel my order and get a refund, can you help me?",
    "The plaintiff sued the defendant for breach of contract. Who will prevail in court?",
    "Translate the sentence 'the cat sleeps' into Spanish.",
    "You are Captain Nemo. Describe your submarine to a visitor.",
    "",
]
SAID = ["code", "math", "medical", "support", "legal", "language", "roleplay", "unsure"]


def rows_of(prompts: list[str], **extra: Any) -> pl.DataFrame:
    return make_rows([[{"role": "user", "content": text}] for text in prompts], source="t", **extra)


def test_zero_shot_says_the_category_and_why() -> None:
    pytest.importorskip("scipy", reason="the extra 'embed' isn't installed")
    rows = rows_of(PROMPTS)
    result = run_step(Categorize(min_margin=0), rows, Context())
    assert result.rows["category"].to_list() == SAID
    assert result.rows["category"].equals(result.rows["categorize.category"])
    assert result.rows["categorize.subcategory"][1] == "word_problems"
    evidence = json.loads(result.rows["categorize.evidence"][0])
    assert evidence["signals"] == [
        "asks for a program",
        "starts by asking for a program",
        "words of computing",
    ]
    assert result.ledger["action"].unique().to_list() == ["set category"]
    assert result.ledger["reason"].to_list() == SAID
    assert result.ledger["evidence"].null_count() == 0


def test_a_narrow_margin_is_unsure_and_names_what_was_nearest() -> None:
    pytest.importorskip("scipy", reason="the extra 'embed' isn't installed")
    rows = Categorize(min_margin=1).apply(rows_of(PROMPTS[:2]), Context())
    assert rows["category"].to_list() == ["unsure", "unsure"]
    assert rows["categorize.second"].to_list() == ["code", "math"]
    assert rows["categorize.subcategory"].to_list() == [None, None]


@pytest.mark.parametrize(("overwrite", "expected"), [(False, ["mine", "code"]), (True, ["code", "code"])])
def test_a_category_that_is_there_stays(overwrite: bool, expected: list[str]) -> None:
    pytest.importorskip("scipy", reason="the extra 'embed' isn't installed")
    rows = rows_of([PROMPTS[0], PROMPTS[0] + " Use a loop."], categories=["mine", None])
    found = Categorize(overwrite=overwrite).apply(rows, Context())
    assert found["category"].to_list() == expected
    assert found["categorize.category"].to_list() == ["code", "code"]


def test_unsure_never_overwrites() -> None:
    rows = rows_of(["hello", "x = 1"], categories=["kept", "kept"])
    step = Categorize(method="rules", overwrite=True, rules=({"category": "greeting", "words": ["hello"]},))
    assert step.apply(rows, Context())["category"].to_list() == ["greeting", "kept"]


def test_a_later_method_sets_what_an_earlier_left_unsure() -> None:
    rows = rows_of(["hello", "x = 1"], categories=["unsure", None])
    step = Categorize(method="rules", rules=({"category": "greeting", "words": ["hello"]},))
    assert step.apply(rows, Context())["category"].to_list() == ["greeting", "unsure"]


def test_column_maps_values_on_two_levels() -> None:
    rows = rows_of(["a", "b", "c", "d"], extra={"topic": ["alg", "geo ", None, "new"]})
    step = Categorize(method="column", column="topic", map={"alg": "math/algebra", "geo": "math"})
    found = step.apply(rows, Context())
    assert found["category"].to_list() == ["math", "math", "unsure", "unsure"]
    assert found["categorize.subcategory"].to_list() == ["algebra", None, None, None]
    assert json.loads(found["categorize.evidence"][0]) == {"column": "topic", "value": "alg"}
    plain = Categorize(method="column", column="topic").apply(rows, Context())
    assert plain["category"].to_list() == ["alg", "geo", "unsure", "new"]


def test_the_first_rule_that_holds_wins() -> None:
    rows = rows_of(["Solve the equation", "solved equations", "C++ and equation", "什么是方程"])
    rules = [
        {"category": "code", "words": ["c++"]},
        {"category": "math", "subcategory": "algebra", "words": ["equation", "方程"]},
        {"category": "past", "where": "starts_with(user, 'solved')"},
    ]
    found = Categorize(method="rules", rules=rules).apply(rows, Context())
    assert found["category"].to_list() == ["math", "past", "code", "math"]
    assert found["categorize.subcategory"].to_list() == ["algebra", None, None, "algebra"]
    assert json.loads(found["categorize.evidence"][2]) == {"rule": 1, "words": ["c++"]}


def test_clusters_part_what_is_unlike_and_are_named_by_its_words() -> None:
    pytest.importorskip("scipy", reason="the extra 'embed' isn't installed")
    soups = [f"How do I cook {vegetable} soup?" for vegetable in ("leek", "carrot", "tomato", "onion", "pea")]
    codes = [f"Debug my python {thing}" for thing in ("loop", "class", "script", "import", "decorator")]
    found = Categorize(method="clusters", clusters=2, subclusters=1).apply(rows_of(soups + codes), Context())
    names = found["category"].to_list()
    assert len(set(names[:5])) == len(set(names[5:])) == 1
    assert names[0].split(", ")[:2] == ["cook", "soup"]
    assert names[5].split(", ")[:2] == ["debug", "python"]


def test_the_shipped_taxonomy_can_be_read_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    taxonomy = load_taxonomy(SHIPPED)
    assert taxonomy_path(SHIPPED).is_file()
    assert {"math", "code", "medical", "legal", "support", "tool_use"} <= set(taxonomy.categories)
    for category in taxonomy.categories.values():
        assert all(len(part.prompts) >= 2 for part in category.subcategories.values())
        for signal in category.signals:
            to_polars(signal.where, ["messages"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("categories: [", "not YAML"),
        ("categories: {}", "categories: Dictionary should have at least 2 items"),
        ("categories: {a: {description: x, subcategories: {}, colour: 1}}", "categories.a"),
    ],
)
def test_a_bad_taxonomy_names_the_field(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said.replace(".", r"\.")):
        load_taxonomy(path)


def test_mistakes_get_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't read the taxonomy: No such file"):
        Categorize(taxonomy=tmp_path / "none.yaml").inputs()
    with pytest.raises(InputError, match="Did you mean 'source'"):
        Categorize(method="column", column="sorce").apply(rows_of(["a"]), Context())
    for wrong in ({"method": "column"}, {"method": "rules"}, {"rules": [{"category": "a"}]}):
        with pytest.raises(ValidationError):
            Categorize(**wrong)


def test_three_lines_of_python() -> None:
    pytest.importorskip("scipy", reason="the extra 'embed' isn't installed")
    sample = Path(__file__).resolve().parents[3] / "data" / "samples" / "finetome_sample.jsonl"
    rows = curation.read(str(sample), name="sample").rows
    result = curation.apply(rows, {"op": "categorize"})
    found = result.rows.filter(pl.col("original_source") == "code-help")["category"].value_counts(sort=True)
    assert found["category"][0] == "code"
    assert found["count"][0] >= 50
