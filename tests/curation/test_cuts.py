"""Cuts: every one drops exactly what its steps drop, the rows beside it, its sentence, and its place in a recipe."""

from __future__ import annotations

import polars as pl
import pytest

import curation
from curation import browse, draft, signals
from curation.contract import Home
from curation.cut_kinds import Alike, Flags, Overlap, Personal
from curation.cuts import AnyCut, Cut, beside, effect, marked, sentence
from curation.step import LEDGER
from curation.store import Store

FINE = "one two three four five six seven eight nine ten eleven twelve"
TALKS = [
    ("math", "What is 2+2?", f"{FINE} thirteen", 4.0),
    ("math", "What is 2+2?", f"{FINE} thirteen", 5.0),
    ("math", "What is 2+2?", f"{FINE} fourteen, and then some more", 9.0),
    ("legal", "May I write to ada@lovelace.org, or call +44 20 7946 0142?", "Yes, you may write or call.", None),
    ("legal", "May I call +44 20 7946 0142?", "You may.", 1.0),
    (None, "Say yes", "Yes", 2.0),
    (None, "A farmer has seventeen sheep and all but nine of them run away today", "Nine are left.", 3.0),
]  # fmt: skip
ITEM = "A farmer has seventeen sheep and all but nine of them run away today. How many are left?"


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[browse.Index, pl.DataFrame]:
    """Seven conversations with everything measured: their index, and the rows."""
    folder = tmp_path_factory.mktemp("cuts")
    (folder / "test.jsonl").write_text(f'{{"question": "{ITEM}"}}\n')
    from curation.rows import make_rows

    made = make_rows(
        [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for _, q, a, _ in TALKS],
        source="s",
        categories=[c for c, *_ in TALKS],
        extra={"score": [score for *_, score in TALKS]},
    )
    rows = curation.apply(
        made, "stats", {"op": "quality", "encoding": "pattern"}, "pii", {"op": "near_dup", "shingle": 2},
        {"op": "contamination", "against": [str(folder / "test.jsonl")], "ngram": 8},
    ).rows  # fmt: skip
    store = Store(Home(folder / "home"))
    with store.lock():
        version = store.put(rows, pl.DataFrame(schema=LEDGER), kind="ingest", name="talks")
    return browse.open_index(version), rows


@pytest.mark.parametrize(
    ("cut", "goes"),
    [
        (Cut("score", "below", 4.0), [4, 5, 6]),
        (Cut("score", "above", 4.0), [1, 2]),
        (Cut("category", values=("math",)), [0, 1, 2]),
        (Cut("category", values=("(none)",)), [5, 6]),
        (Cut("category", values=("(none)", "math")), [0, 1, 2, 5, 6]),
        (Cut("stats.system", values=("false",)), [0, 1, 2, 3, 4, 5, 6]),
        (Flags(("quality.one_word",)), [5]),
        (Flags(("quality.one_word", "quality.no_end")), [5]),
        (Alike(), [1]),
        (Alike(keep="score"), [0]),
        (Alike("near_dup.cluster", at=0.0, lowest=0.0), [1, 2]),
        (Alike("near_dup.cluster", keep="stats.words", at=0.0, lowest=0.0), [0, 1]),
        (Overlap(0.2), [6]),
        (Overlap(0.99), []),
        (Personal(("email", "phone"), redact=False), [3, 4]),
        (Personal(("email",), redact=False), [3]),
        (Personal(("email", "phone"), redact=False, least=2), [3]),
    ],
)
def test_a_cut_drops_what_its_steps_drop(
    scored: tuple[browse.Index, pl.DataFrame], cut: AnyCut, goes: list[int]
) -> None:
    index, rows = scored
    told = marked(index.narrow, cut)
    assert told["goes"].arg_true().to_list() == goes
    if isinstance(cut, Alike):
        assert cut.count(index.narrow) == len(goes)
    kept = curation.apply(rows, *cut.steps({})).rows["id"]
    assert told.filter(~pl.col("goes"))["id"].to_list() == kept.to_list()


def test_redacting_changes_the_rows_that_are_named(scored: tuple[browse.Index, pl.DataFrame]) -> None:
    index, rows = scored
    cut = Personal(("phone",))
    after = curation.apply(rows.select(pl.exclude("^(stats|quality|pii|near_dup|contamination)[.].*$")), *cut.steps({})).rows  # fmt: skip
    changed = rows.filter(rows["content_hash"] != after["content_hash"])["id"].to_list()
    assert marked(index.narrow, cut).filter("goes")["id"].to_list() == changed
    assert len(changed) == 2


def test_a_raised_similarity_runs_near_dup_anew(scored: tuple[browse.Index, pl.DataFrame]) -> None:
    index, rows = scored
    cut = Alike("near_dup.cluster", at=0.95, lowest=0.7)
    recipe = {"steps": ["stats", {"op": "near_dup", "shingle": 2}]}
    steps = cut.steps(recipe)
    assert steps == [
        {"op": "near_dup", "shingle": 2, "threshold": 0.95},
        {"op": "dedup", "by": "near_dup.cluster"},
    ]
    assert marked(index.narrow, cut).filter("goes")["id"].to_list() == [rows["id"][1]]
    bare = rows.select(pl.exclude("^near_dup[.].*$"))
    assert curation.apply(bare, *steps).rows["id"].to_list() == [*rows["id"][:1], *rows["id"][2:]]


def test_both_sides_of_a_cut(scored: tuple[browse.Index, pl.DataFrame]) -> None:
    told = marked(scored[0].narrow, Cut("score", "below", 4.5))
    goes, stays = beside(told)
    assert goes["value"].to_list() == [4.0, 3.0, 2.0, 1.0]
    assert stays["value"].to_list() == [5.0, 9.0]
    assert sentence(effect(told)) == "This cut drops 4 of 7 rows (57.1%), 2 of them from (none)."
    none = effect(marked(scored[0].narrow, Cut("score", "below", 1.0)))
    assert sentence(none) == "This cut drops nothing of 7 rows."
    legal = effect(marked(scored[0].narrow, Personal(("phone",))))
    assert sentence(legal, verb="changes") == "This cut changes 2 of 7 rows (28.6%), all from legal."
    even = effect(marked(scored[0].narrow, Cut("score", "above", 8.0)))
    assert sentence(even, at_most=True) == "This cut drops up to 1 of 7 rows (14.3%), all from math."


def test_beside_a_copy_stands_the_row_that_stays_for_it(scored: tuple[browse.Index, pl.DataFrame]) -> None:
    index, rows = scored
    goes, stays = beside(
        marked(index.narrow, Alike("near_dup.cluster", keep="stats.words", at=0.0, lowest=0.0))
    )
    assert set(goes["id"]) == {rows["id"][0], rows["id"][1]}
    assert stays["id"].to_list() == [rows["id"][2]] * 2


def test_what_was_found_under_each_topic(scored: tuple[browse.Index, pl.DataFrame]) -> None:
    index = scored[0]
    assert signals.found(index) == {
        "Length": "", "Duplicates": "1 exact, 2 near", "Contamination": "1 row", "Quality": "1 flagged",
        "Personal data": "2 rows", "Language": "not measured", "Other": "",
    }  # fmt: skip
    assert signals.kinds(index) == {"email": 1, "phone": 2}
    assert [one.title for one in signals.signals(index, "Duplicates")] == ["Exact copies", "Near-duplicates"]
    assert [one.kind for one in signals.signals(index, "Contamination")] == ["overlap", "number"]
    assert signals.signals(index, "Language") == []


def test_the_steps_of_cuts_stand_in_a_recipe_once() -> None:
    recipe = {"name": "x", "steps": ["normalize", "dedup", {"op": "split", "eval": 0.1}]}
    where = {"op": "filter", "where": "score is None or score >= 4"}
    once = draft.with_cut(recipe, [where])
    assert draft.with_cut(once, [where]) == once
    more = draft.with_cut(once, [{"op": "near_dup"}, {"op": "dedup", "by": "near_dup.cluster"}, {"op": "dedup", "keep": {"max": "score"}}])  # fmt: skip
    assert more["steps"] == [
        {"op": "normalize"}, {"op": "dedup", "keep": {"max": "score"}}, where, {"op": "near_dup"},
        {"op": "dedup", "by": "near_dup.cluster"}, {"op": "split", "eval": 0.1},
    ]  # fmt: skip
