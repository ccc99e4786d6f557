"""hand: exact outcomes of each decision, what is left alone, and a step that can be repeated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import curation
from curation.decisions import Decision, fold, tally, write_decisions
from curation.errors import InputError, RecipeError
from curation.recipe import step_from


def lines(ledger: pl.DataFrame) -> list[tuple[Any, ...]]:
    return [
        (row, action, reason, json.loads(evidence) if evidence else None)
        for row, action, reason, evidence in ledger.select(
            "row_id", "action", "reason", "evidence"
        ).iter_rows()
    ]


def test_each_decision_does_what_it_says(small: pl.DataFrame) -> None:
    ids, hashes = small["id"], small["content_hash"]
    told = [
        {"row": ids[4], "do": "edit", "turns": {2: "Good morning!", 3: ""}, "hash": hashes[4], "reason": "rude", "by": "ann"},
        {"row": ids[0], "do": "drop", "reason": "too easy", "by": "ann"},
        {"row": ids[2], "do": "category", "to": "colour"},
        {"row": ids[2], "do": "flag", "to": "check"},
        {"row": ids[1], "do": "category"},
    ]  # fmt: skip
    result = curation.apply(small, {"op": "hand", "decisions": told})
    assert result.dropped.rows() == [(ids[0], "by hand: too easy")]
    assert result.rows["id"].to_list() == ids.to_list()[1:]
    assert result.rows["category"].to_list() == [None, "colour", "talk", "talk", None]
    assert result.rows["hand.flag"].to_list() == [None, "check", None, None, None]
    edited = result.rows.row(3, named=True)
    assert [turn["content"] for turn in edited["messages"]] == ["Be brief.", "Hi", "Good morning!", "Goodbye!"]  # fmt: skip
    assert edited["content_hash"] != hashes[4]
    before = small["messages"][4].to_list()
    assert lines(result.ledger) == [
        (ids[0], "dropped", "by hand: too easy", {"why": "too easy", "by": "ann"}),
        (ids[1], "set category", None, None),
        (ids[2], "set category", "colour", None),
        (ids[2], "flagged", "check", None),
        (ids[4], "edited", None, {"before": before, "after": edited["messages"], "why": "rude", "by": "ann"}),
    ]
    assert result.summaries[0] == {"decisions": 5, "left_alone": 0, "absent": 0}


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        ({"do": "drop", "hash": "0" * 32}, "its text isn't the one that was judged"),
        ({"do": "edit", "turns": {9: "x"}}, "it has no turn 9"),
        ({"do": "edit", "turns": {0: "", 1: ""}}, "no turn would be left"),
    ],
)
def test_a_decision_that_doesnt_fit_leaves_the_row_alone_on_record(
    small: pl.DataFrame, decision: dict[str, Any], says: str
) -> None:
    row = small["id"][2]
    result = curation.apply(
        small, {"op": "hand", "decisions": [{"row": row, **decision}, {"row": "gone", "do": "drop"}]}
    )
    assert result.rows.select(small.columns).equals(small)
    assert lines(result.ledger) == [(row, "left alone", says, {"do": decision["do"]})]
    assert result.summaries[0] == {"decisions": 2, "left_alone": 1, "absent": 1}


def test_a_drop_outweighs_other_decisions_about_its_row(small: pl.DataFrame) -> None:
    row = small["id"][2]
    told = [
        {"row": row, "do": "edit", "turns": {1: "Red."}},
        {"row": row, "do": "drop"},
        {"row": row, "do": "flag", "to": "x"},
    ]
    result = curation.apply(small, {"op": "hand", "decisions": told})
    assert lines(result.ledger) == [(row, "dropped", "by hand", None)]


def test_a_secret_edit_keeps_nothing_of_the_text_before(small: pl.DataFrame) -> None:
    told = [{"row": small["id"][2], "do": "edit", "turns": {1: "[NAME] is it."}, "secret": True}]
    result = curation.apply(small, {"op": "hand", "decisions": told})
    assert lines(result.ledger) == [
        (small["id"][2], "edited", None, {"turns": [{"turn": 1, "after": "[NAME] is it."}]})
    ]


def test_a_second_step_moves_a_flag_and_takes_it_away(small: pl.DataFrame) -> None:
    a, b = small["id"][2], small["id"][3]
    first = [{"row": a, "do": "flag", "to": "check"}, {"row": b, "do": "flag", "to": "check"}]
    result = curation.apply(small, {"op": "hand", "decisions": first}, {"op": "hand", "decisions": [{"row": a, "do": "flag"}]})  # fmt: skip
    assert result.rows["hand.flag"].to_list() == [None, None, None, "check", None, None]
    assert lines(result.ledger)[2:] == [(a, "flagged", None, None)]


def test_a_file_of_decisions_is_part_of_the_cache_key(tmp_path: Path, small: pl.DataFrame) -> None:
    path = tmp_path / "decisions.jsonl"
    write_decisions(path, [Decision(row=small["id"][0], do="drop")])
    step = step_from({"op": "hand", "file": str(path)})
    assert step.inputs() == [path]
    assert curation.apply(small, step).dropped["id"].to_list() == [small["id"][0]]


def test_mistakes_are_named(tmp_path: Path, small: pl.DataFrame) -> None:
    with pytest.raises(RecipeError, match="row a has two decisions to drop"):
        step_from({"op": "hand", "decisions": [{"row": "a", "do": "drop"}] * 2})
    with pytest.raises(RecipeError, match="an edit gives the new text in turns"):
        step_from({"op": "hand", "decisions": [{"row": "a", "do": "edit"}]})
    with pytest.raises(RecipeError, match="drop has no 'to'"):
        step_from({"op": "hand", "decisions": [{"row": "a", "do": "drop", "to": "x"}]})
    path = tmp_path / "decisions.jsonl"
    with pytest.raises(InputError, match="there is no such file of decisions"):
        step_from({"op": "hand", "file": str(path)}).inputs()
    path.write_text('{"row": "a", "do": "drop"}\n{"row": "b", "do": "dorp"}\n')
    with pytest.raises(InputError, match=r"decisions\.jsonl:2: do: Input should be 'drop', 'edit'"):
        curation.apply(small, {"op": "hand", "file": str(path)})


def test_the_later_of_two_decisions_stands() -> None:
    a, b = Decision(row="r", do="category", to="a"), Decision(row="r", do="category", to="b")
    other = Decision(row="r", do="flag", to="x")
    assert fold([a, other, b]) == [b, other]
    assert tally([a, other, other]) == "1 new category, 2 flags"
