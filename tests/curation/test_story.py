"""What changed and why: diff, why, and the small frames of views."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from curation.diff import diff
from curation.errors import InputError
from curation.recipe import parse_recipe
from curation.run import run_recipe
from curation.store import Store, Version
from curation.views import ago, histogram, shares
from curation.why import why

Text = Callable[..., str]


def test_diff_of_a_source_and_what_became_of_it(store: Store, ran: Version) -> None:
    source = store.get("s")
    found = diff(store, source, ran)
    assert found.counts() == {"added": 6, "dropped": 11, "edited": 25, "moved": 25}
    assert set(found.added["id"]) == set(ran.rows().filter(pl.col("made_by").is_not_null())["id"])
    assert found.dropped.group_by("op").len().sort("op").rows() == [("balance", 9), ("filter", 2)]
    assert found.by_category.rows() == [
        ("math", 24, 13, 0, 11, 13),
        ("law", 8, 11, 3, 0, 8),
        ("art", 4, 7, 3, 0, 4),
    ]
    same = diff(store, ran, ran)
    assert same.counts() == {"added": 0, "dropped": 0, "edited": 0, "moved": 0}
    back = diff(store, ran, source)
    assert (back.counts()["added"], back.counts()["dropped"]) == (11, 6)
    assert back.reasons().rows() == [("no step", "not told: not in B's history", 6)]


def test_edits_and_empty_versions(store: Store, recipe_text: Text) -> None:
    run_recipe(parse_recipe(recipe_text("  - normalize\n")), store)
    source, ran = store.get("s"), store.get("tiny")
    edited = diff(store, source, ran).edited
    trimmed = source.rows().filter(pl.col("messages").list.get(1).struct.field("content").str.ends_with(" "))
    assert trimmed.height == 36
    assert edited["id"].to_list() == trimmed["id"].to_list()
    none = run_recipe(
        parse_recipe(recipe_text('  - {op: filter, where: "score > 99"}\n', name="none")), store
    )
    gone = diff(store, ran, none)
    assert gone.counts()["dropped"] == 36
    assert gone.by_category["after"].to_list() == [0, 0, 0]
    assert diff(store, none, none).by_category.height == 0


def test_the_story_of_a_kept_a_dropped_and_a_made_row(store: Store, ran: Version) -> None:
    rows, dropped = ran.rows(), ran.dropped()
    made = rows.filter(pl.col("made_by").is_not_null())
    parent = made["parent_id"][0]
    told = why(store, parent)
    assert (told.state, told.version, told.source, told.source_row) == ("kept", ran.id, "s", told.source_row)
    assert [(d.op, d.action) for d in told.decisions] == [("normalize", "edited"), ("split", "set split")]
    assert told.decisions[1].reason == "train"
    assert told.children == made.filter(pl.col("parent_id") == parent)["id"].to_list()
    assert told.scores["stats.turns"] == 2
    assert told.origin["licence"] == "MIT"

    child = why(store, made["id"][0][:10])
    assert (child.id, child.parent_id, child.made_by) == (made["id"][0], parent, "balance")
    assert [(d.op, d.action) for d in child.decisions] == [
        ("normalize (parent)", "edited"),
        ("split (parent)", "set split"),
        ("balance", "made"),
    ]
    gone = why(store, dropped.filter(pl.col("dropped_by") == "filter")["id"][0])
    assert gone.state == "dropped"
    assert [(d.op, d.action, d.reason) for d in gone.decisions] == [
        ("normalize", "edited", None),
        ("filter", "dropped", "not score >= 0.2"),
    ]
    assert gone.decisions[1].evidence == {"score": gone.scores["score"]}
    assert why(store, gone.id, store.get("s")).state == "kept"


def test_what_the_parent_met_later_is_not_the_childs_story(store: Store, ran: Version) -> None:
    recipe = 'name: next\nsources: [{uri: "version:tiny", name: t}]\nsteps:\n  - {op: filter, where: "made_by is not None"}\n'
    later = run_recipe(parse_recipe(recipe), store)
    child = later.rows()["id"][0]
    told = why(store, child)
    assert told.version == later.id
    assert told.decisions[-1].action == "made"
    assert "filter (parent)" not in [d.op for d in told.decisions]
    assert why(store, str(told.parent_id)).decisions[-1].op == "filter"


def test_no_such_row_and_too_many(store: Store, ran: Version) -> None:
    with pytest.raises(InputError, match="no row 'zzz'"):
        why(store, "zzz")
    with pytest.raises(InputError, match=r"'' could be any of .* Give more of the id\."):
        why(store, "")


def test_shares(ran: Version) -> None:
    found = shares(ran.scan(), "category").to_dicts()
    assert [line["value"] for line in found] == sorted(
        (line["value"] for line in found),
        key=lambda name: (-next(x["rows"] for x in found if x["value"] == name), name),
    )
    assert sum(line["rows"] for line in found) == 31
    assert sum(line["train"] + line["eval"] for line in found) == 31
    assert (sum(line["original"] for line in found), sum(line["made"] for line in found)) == (25, 6)
    assert abs(sum(line["share"] for line in found) - 1) < 1e-9
    words = dict(ran.rows().group_by("category").agg(pl.col("stats.words").sum()).iter_rows())
    assert {line["value"]: line["words"] for line in found} == words


def test_shares_of_no_rows_and_of_nulls(small: pl.DataFrame) -> None:
    assert shares(small.head(0).lazy(), "category").height == 0
    found = shares(small.lazy(), "category")
    assert found.select("value", "rows", "words").rows() == [
        ("math", 2, 12), ("talk", 2, 12), ("(none)", 1, 9), ("art", 1, 10),
    ]  # fmt: skip


def test_histogram() -> None:
    def of(*values: float | None, bins: int = 4) -> list[tuple[float, float, int]]:
        rows = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)}).lazy()
        return histogram(rows, "x", bins).rows()

    assert of(0, 1, 2, 3, 4, 4, None) == [(0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 4, 3)]
    assert of(5, 5) == [(5, 6, 2)]
    assert of() == []
    assert of(None, float("nan"), float("inf")) == []
    assert of(0, 4, float("nan"), float("-inf")) == [(0, 1, 1), (1, 2, 0), (2, 3, 0), (3, 4, 1)]
    assert histogram(pl.DataFrame({"x": [True, False, True]}).lazy(), "x", 2).rows() == [
        (0, 0.5, 1),
        (0.5, 1, 2),
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7_199, "1 hour ago"),
        (180_000, "2 days ago"),
        (-5, "just now"),
    ],
)
def test_ago(seconds: float, said: str) -> None:
    assert ago(1_000_000 - seconds, now=1_000_000) == said
