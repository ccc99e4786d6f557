"""Browsing, cutting and drafting: what the workbench asks of a version, with exact answers."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from curation import browse, draft, findings, views
from curation.balance import plan
from curation.contract import Home
from curation.errors import InputError, StoreError
from curation.recipe import parse_recipe
from curation.rows import make_rows
from curation.step import LEDGER
from curation.store import Store, Version

TALKS = [
    ("math", "What is 2+2?", "FOUR, of course"),
    ("math", "And 3+3?", "Six"),
    ("legal", "May I (really)?", "No"),
    (None, "Hi", "Hello there, you"),
]


@pytest.fixture
def shelf(tmp_path: Path) -> tuple[Store, Version]:
    rows = make_rows(
        [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for _, q, a in TALKS],
        source="s",
        categories=[c for c, _, _ in TALKS],
        extra={"score": [4.0, 3.0, None, 5.0]},
    )
    store = Store(Home(tmp_path))
    with store.lock():
        return store, store.put(rows, pl.DataFrame(schema=LEDGER), kind="ingest", name="talks")


@pytest.mark.parametrize(
    ("query", "places"),
    [
        (browse.Query(), [0, 1, 2, 3]),
        (browse.Query(text="four"), [0]),
        (browse.Query(text="(really)"), [2]),
        (browse.Query(text=r"\bsix\b", regex=True), [1]),
        (browse.Query(values=(("category", ("math",)),)), [0, 1]),
        (browse.Query(values=(("category", ("(none)", "legal")),)), [2, 3]),
        (browse.Query(where="score >= 4"), [0, 3]),
        (browse.Query(where="contains(assistant, 'o')"), [0, 2, 3]),
        (browse.Query(ranges=(("words", 4, 5),)), [2, 3]),
        (browse.Query(sort="score", descending=True), [3, 0, 1, 2]),
        (browse.Query(sort="words"), [1, 2, 3, 0]),
        (browse.Query(text="zebra"), []),
    ],
)
def test_find(shelf: tuple[Store, Version], query: browse.Query, places: list[int]) -> None:
    assert browse.find(browse.open_index(*shelf), query).to_list() == places


def test_wrong_questions_are_named(shelf: tuple[Store, Version]) -> None:
    index = browse.open_index(*shelf)
    with pytest.raises(InputError, match="can't read the pattern"):
        browse.find(index, browse.Query(text="(", regex=True))
    with pytest.raises(InputError, match="there is no column"):
        browse.find(index, browse.Query(sort="nothing"))
    with pytest.raises(InputError, match="score"):
        browse.find(index, browse.Query(where="scroe > 1"))


def test_a_page_and_a_whole_row(shelf: tuple[Store, Version]) -> None:
    index = browse.open_index(*shelf)
    found = browse.find(index, browse.Query(sort="score", descending=True))
    page = browse.page(index, found, 2, 3)
    assert page["opens"].to_list() == ["May I (really)?"]
    assert browse.whole_row(index, 2)["messages"][1]["content"] == "No"
    assert "messages" not in index.narrow.columns


def test_what_can_be_grouped_and_measured(shelf: tuple[Store, Version]) -> None:
    index = browse.open_index(*shelf)
    assert browse.groupable(index) == ["category", "source", "origin", "split"]
    assert browse.numeric(index) == ["words", "score"]
    assert browse.values_of(index, "category") == [("math", 2), ("(none)", 1), ("legal", 1)]


def test_a_damaged_version_is_said(shelf: tuple[Store, Version]) -> None:
    store, version = shelf
    (version.folder / "rows.parquet").write_bytes(b"no")
    with pytest.raises(StoreError, match="damaged"):
        browse.open_index(store, version)


def test_a_stale_or_torn_text_file_is_made_anew(shelf: tuple[Store, Version]) -> None:
    browse.open_index(*shelf)
    path = browse.texts_path(*shelf, "kept")
    path.unlink()  # another open index may have the old file mapped
    path.write_bytes(b"torn")
    assert browse.find(browse.open_index(*shelf), browse.Query(text="four")).to_list() == [0]


def test_without_texts_rows_are_there_and_search_waits(shelf: tuple[Store, Version]) -> None:
    index = browse.open_index(*shelf, wait=False)
    assert index.texts is None
    found = browse.find(index, browse.Query(sort="score", descending=True))
    assert browse.page(index, found, 1, 3)["opens"].to_list() == ["Hi", "What is 2+2?", "And 3+3?"]
    assert browse.page(index, found.sort(), 1, 2)["opens"].to_list() == ["What is 2+2?", "And 3+3?"]
    with pytest.raises(InputError, match="the texts aren't indexed yet"):
        browse.find(index, browse.Query(text="four"))
    assert browse.span_of(index, "words") is None
    browse.prepare(*shelf)
    assert browse.find(browse.open_index(*shelf, wait=False), browse.Query(text="four")).to_list() == [0]


def test_flags_and_kin_are_found(shelf: tuple[Store, Version]) -> None:
    store, version = shelf
    ids = version.rows()["id"]
    rows = version.rows().with_columns(
        pl.Series("quality.refusal", [True, None, False, True]), pl.Series("hand.flag", [None, "check", None, "check"])
    )  # fmt: skip
    with store.lock():
        flagged = store.put(rows, pl.DataFrame(schema=LEDGER), kind="ingest", name="flagged")
    index = browse.open_index(store, flagged)
    assert browse.flags_of(index) == [("by hand: check", 2), ("quality.refusal", 2)]
    assert browse.find(index, browse.Query(flags=("quality.refusal",))).to_list() == [0, 3]
    assert browse.find(index, browse.Query(flags=("by hand: check", "quality.refusal"))).to_list() == [0, 1, 3]  # fmt: skip
    assert browse.find(index, browse.Query(kin=ids[2])).to_list() == [2]
    assert browse.find(index, browse.Query(kin=rows["family"][1])).to_list() == [1]
    assert browse.span_of(index, "score") == (3.0, 5.0, False)


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


def test_a_dumped_recipe_becomes_short_again_and_means_the_same() -> None:
    text = "name: x\nseed: 3\nsources:\n  - {uri: a.csv, name: a, map: {user: q, assistant: b}}\nsteps:\n  - stats\n  - {op: dedup, keep: {max: score}}\n"
    recipe = parse_recipe(text)
    short = draft.to_yaml(draft.slim(recipe.dump()))
    assert short == text
    assert parse_recipe(short).key() == recipe.key()


def test_findings_are_made_from_the_data(shelf: tuple[Store, Version]) -> None:
    shares = views.shares(browse.open_index(*shelf).narrow.lazy(), "category")
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
