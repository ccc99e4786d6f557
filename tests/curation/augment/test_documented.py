"""The examples in docs/augmentation.md are what the product says today."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from checkout import ROOT

from curation.augment import resources
from curation.augment.preview import preview
from curation.contract import Home
from curation.recipe import load_recipe
from curation.store import Store

pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        resources.find(resources.WORDNET) is None or resources.find(resources.TAGGER) is None,
        reason="WordNet or the tagger isn't here: run `tome augment setup`",
    ),
    pytest.mark.skipif(
        not resources.directions() >= {"eng-spa", "spa-eng", "eng-cat", "cat-eng"},
        reason=f"Apertium isn't here: {resources.APERTIUM}",
    ),
]
PAGE = (ROOT / "docs" / "augmentation.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## What the generators make")[2].partition("\n## ")[0]
CELLS = [
    [cell.strip() for cell in line.strip("| ").split("|")]
    for line in SECTION.split("\n")
    if line.startswith("| `")
]
ROWS = [cells for cells in CELLS if cells[-1].startswith(("kept", "refused"))]
"""Generator (and pivots), parent, candidate, verdict."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        store = Store(Home(tmp_path_factory.mktemp("home")))
        return preview(load_recipe(Path("data/recipes/generators.yaml")), store, 160).candidates.to_dicts()


def says(shown: str, text: str) -> bool:
    """Whether a text is what stands in the table: pieces of it with ``...`` between, what is new in bold."""
    pieces = [re.escape(piece.strip()) for piece in shown.replace("**", "").split("...")]
    return re.fullmatch(".*".join(pieces), text, re.DOTALL) is not None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1][:20]}")
def test_an_example_is_what_the_preview_says(row: list[str], found: list[dict[str, Any]]) -> None:
    who, parent, candidate, verdict = row
    name, *via = who.replace("`", "").split(", ")
    mine = [
        one
        for one in found
        if one["generator"] == name
        and (not via or json.loads(one["parameters"])["via"] in via)
        and says(parent, one["before"])
        and (not candidate or says(candidate, one["after"] or ""))
    ]
    want = verdict.partition(" (")[0].removeprefix("refused: ") if verdict.startswith("refused") else None
    assert {one["reason"] for one in mine} == {want}


def test_the_counts_beside_the_examples(found: list[dict[str, Any]]) -> None:
    assert {row[0].split("`")[1] for row in ROWS} == {one["generator"] for one in found}
    kept = [one for one in found if one["kept"]]
    assert f"Of {len(found)} candidates {len(kept)} were kept" in SECTION
    for reason, name in (("no synonym fits", "synonym"), ("no change reads well", "back_translation")):
        every = [one for one in found if one["generator"] == name]
        assert f"{reason} ({sum(one['reason'] == reason for one in every)} of {len(every)})" in SECTION
    fine = {name: [one["kept"] for one in found if one["generator"] == name] for name in ("synonym", "back_translation")}  # fmt: skip
    said = f"{sum(fine['synonym'])} of {len(fine['synonym'])} synonyms were kept, one of them wrong, and {sum(fine['back_translation'])} of {len(fine['back_translation'])} translations"
    assert said in SECTION
    assert f"The {len(kept) - sum(map(sum, fine.values()))} kept in the preview above" in SECTION
