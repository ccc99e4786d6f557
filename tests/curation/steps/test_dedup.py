"""``dedup``: which row stays, to the id."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from talks import talk

import curation
from curation.errors import InputError, RecipeError
from curation.rows import make_rows


@pytest.fixture
def rows() -> pl.DataFrame:
    """Rows 0, 2 and 3 share the key k, 1 and 5 the key l; 4 has none."""
    return make_rows(
        [
            talk("a", "b"),
            talk("c", "d"),
            talk("a", "b longest of all"),
            talk("e", "f"),
            talk("g", "h"),
            talk("i", "j"),
        ],
        source="s",
        extra={
            "key": ["k", "l", "k", "k", None, "l"],
            "score": [2.0, None, 3.0, float("nan"), 9.0, 1.0],
            "rank": [1, 2, 1, 3, 4, 1],
        },
    )


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ("first", [0, 1, 4]),
        ("last", [3, 4, 5]),
        ("longest", [1, 2, 4]),
        ({"max": "score"}, [2, 4, 5]),
        ({"min": "score"}, [0, 4, 5]),
        ({"max": "rank"}, [1, 3, 4]),
        ({"min": "rank"}, [0, 4, 5]),
        ({"sources": ["other", "s"]}, [0, 1, 4]),
    ],
)
def test_the_best_stays(rows: pl.DataFrame, keep: Any, kept: list[int]) -> None:
    done = curation.apply(rows, {"op": "dedup", "by": "key", "keep": keep})
    assert done.rows["source_row"].to_list() == kept
    best = {rows["key"][n]: rows["id"][n] for n in kept}
    gone = [n for n in range(6) if n not in kept]
    assert done.dropped.rows() == [(rows["id"][n], f"duplicate of {best[rows['key'][n]]}") for n in gone]
    assert [json.loads(text) for text in done.ledger["evidence"]] == [
        {"kept": best[rows["key"][n]], "by": "key", "key": rows["key"][n]} for n in gone
    ]


def test_by_source() -> None:
    both = pl.concat([make_rows([talk("a", "b")], source=name) for name in ("web", "books", "chat")])
    done = curation.apply(both, {"op": "dedup", "keep": {"sources": ["books", "chat"]}})
    assert done.rows["source"].to_list() == ["books"]


def test_exact_duplicates(small: pl.DataFrame) -> None:
    done = curation.apply(small, "dedup")
    ids = small["id"].to_list()
    assert done.rows["id"].to_list() == [ids[0], *ids[2:]]
    assert done.dropped.rows() == [(ids[1], f"duplicate of {ids[0]}")]


@pytest.mark.parametrize("keep", [{}, {"max": "score", "min": "score"}])
def test_keep_wants_exactly_one(keep: dict[str, str]) -> None:
    with pytest.raises(RecipeError, match="keep wants exactly one of max, min, sources"):
        curation.apply(make_rows([], source="s"), {"op": "dedup", "keep": keep})


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"by": "kye"}, "there is no column 'kye'. Did you mean 'key'?"),
        ({"keep": {"max": "scor"}}, "there is no column 'scor'. Did you mean 'score'?"),
        ({"keep": {"max": "key"}}, "column 'key' is String, not a number"),
        ({"by": "messages"}, "holds List"),
    ],
)
def test_wrong_columns(rows: pl.DataFrame, step: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        curation.apply(rows, {"op": "dedup", **step})
    assert says in str(caught.value)
