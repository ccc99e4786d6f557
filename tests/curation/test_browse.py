"""Browsing, cutting and drafting: what the workbench asks of a version, with exact answers."""

from __future__ import annotations

import pytest

from curation import browse, draft, findings, views
from curation.balance import plan
from curation.errors import InputError, StoreError
from curation.facets import span_of
from curation.query import Query, find
from curation.recipe import parse_recipe
from curation.store import Version


def test_a_page_and_a_whole_row(talks: Version) -> None:
    index = browse.open_index(talks)
    found = find(index, Query(sort="score", descending=True))
    page = browse.page(index, found, 2, 3)
    assert page["opens"].to_list() == ["May I (really)?"]
    assert "messages" not in index.narrow.columns


def test_a_damaged_version_is_said(talks: Version) -> None:
    (talks.folder / "rows.parquet").write_bytes(b"no")
    with pytest.raises(StoreError, match="damaged"):
        browse.open_index(talks)


def test_without_texts_rows_are_there_and_search_waits(talks: Version) -> None:
    index = browse.open_narrow(talks)
    assert index.texts is None
    found = find(index, Query(sort="score", descending=True))
    assert browse.page(index, found, 1, 3)["opens"].to_list() == ["Hi", "What is 2+2?", "And 3+3?"]
    assert browse.page(index, found.sort(), 1, 2)["opens"].to_list() == ["What is 2+2?", "And 3+3?"]
    with pytest.raises(InputError, match="the texts aren't indexed yet"):
        find(index, Query(text="four"))
    assert span_of(index, "words") is None
    assert find(browse.with_texts(index), Query(text="four")).to_list() == [0]


def test_a_step_finds_its_place_in_a_recipe() -> None:
    recipe = {
        "name": "x",
        "seed": 1,
        "sources": [{"uri": "a.jsonl", "name": "a"}],
        "steps": ["normalize", {"op": "split", "eval": 0.1}],
    }
    cut = draft.with_step(recipe, {"op": "filter", "where": "stats.words >= 3"}, replace=False)
    assert [step["op"] for step in cut["steps"]] == ["normalize", "stats", "filter", "split"]
    mixed = draft.with_step(cut, {"op": "balance", "to": "uniform"})
    assert [step["op"] for step in mixed["steps"]] == ["normalize", "stats", "filter", "split", "balance"]
    again = draft.with_step(mixed, {"op": "balance", "to": "median"})
    assert again["steps"][-1] == {"op": "balance", "to": "median"}
    assert parse_recipe(draft.to_yaml(again)).steps[-1].op == "balance"
    clean = draft.with_step(recipe, {"op": "redact"})
    assert [step["op"] for step in clean["steps"]] == ["redact", "normalize", "split"]
    counted = draft.with_step(clean, {"op": "filter", "where": "stats.words >= 3"})
    assert [step["op"] for step in counted["steps"]] == ["redact", "normalize", "stats", "filter", "split"]
    bare = draft.with_step({**recipe, "steps": []}, {"op": "balance"})
    assert [step["op"] for step in bare["steps"]] == ["split", "balance"]
    legal = {"op": "augment", "category": "legal", "rows": 3, "generators": ["swap"]}
    safety = {**legal, "category": "safety"}
    both = draft.with_step(draft.with_step(mixed, legal), safety)
    assert both["steps"][-3:] == [legal, safety, {"op": "balance", "to": "uniform"}]
    more = draft.with_step(both, {**legal, "rows": 5})
    assert more["steps"][-3:] == [{**legal, "rows": 5}, safety, {"op": "balance", "to": "uniform"}]


def test_a_dumped_recipe_becomes_short_again_and_means_the_same() -> None:
    text = "name: x\nseed: 3\nsources:\n  - {uri: a.csv, name: a, map: {user: q, assistant: b}}\nsteps:\n  - stats\n  - {op: dedup, keep: {max: score}}\n"
    recipe = parse_recipe(text)
    short = draft.to_yaml(draft.slim(recipe.dump()))
    assert short == text
    assert parse_recipe(short).key() == recipe.key()


def test_findings_are_made_from_the_data(talks: Version) -> None:
    shares = views.shares(browse.open_index(talks).narrow.lazy(), "category")
    assert findings.balance_finding(shares) == (
        "The smallest, legal, is 25.0% of rows and 23.5% of words; the largest, math, is 2.0 times as large."
    )
    said = findings.plan_finding(plan({"a": 8, "b": 2}, "uniform", max_repeats=2))
    assert (
        said
        == "This mix drops 3 rows, adds 2 repeats and leaves 1 row to augment: 9 training rows, as even as 2.0 equal categories of 2 (1.6 now)."
    )
    assert [findings.percent(share) for share in (0, 0.0004, 0.021, 0.5, 1)] == [
        "0%",
        "<0.1%",
        "2.1%",
        "50.0%",
        "100%",
    ]
