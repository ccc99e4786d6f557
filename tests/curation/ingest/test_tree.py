"""Flat message trees: the path that is taken, and what becomes of every other message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError
from curation.ingest import Ingested, ingest
from curation.ingest.record import Record
from curation.ingest.tree import best_path, plant


def message(id: str | None, parent: str | None, role: str, rank: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "message_id": id,
        "parent_id": parent,
        "role": role,
        "text": f"text {id}",
        "rank": rank,
        "lang": "en",
        **more,
    }


def read(folder: Path, *messages: Any, **options: Any) -> Ingested:
    path = folder / "tree.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in messages))
    return ingest(str(path), name="s", **options)


FORKED = [
    message("r", None, "prompter", created_date="2023", labels={"spam": 0}),
    message("b", "r", "assistant", 1),
    message("a", "r", "assistant", 0),
    message("n", "r", "assistant", None),
    message("a2", "a", "prompter", None),
    message("a1", "a", "prompter", None),
    message("a1x", "a1", "assistant", 2.0),
    message("a1y", "a1", "assistant", "1"),
    message("a1y1", "a1y", "prompter", None),
]


def test_the_lowest_rank_wins_nulls_last_ties_by_id(tmp_path: Path) -> None:
    got = read(tmp_path, *FORKED)
    assert got.rows["messages"].to_list() == [
        [
            {"role": "user", "content": "text r"},
            {"role": "assistant", "content": "text a"},
            {"role": "user", "content": "text a1"},
            {"role": "assistant", "content": "text a1y"},
        ]
    ]
    assert got.rejects.rows() == [
        (1, 2, "tree.jsonl", "not on the best-ranked path", "text b"),
        (3, 4, "tree.jsonl", "not on the best-ranked path", "text n"),
        (4, 5, "tree.jsonl", "not on the best-ranked path", "text a2"),
        (6, 7, "tree.jsonl", "not on the best-ranked path", "text a1x"),
        (8, 9, "tree.jsonl", "no answer follows it", "text a1y1"),
    ]
    assert got.rows[:, 10:].to_dicts() == [
        {"message_id": "r", "lang": "en", "created_date": "2023", "labels": '{"spam":0}'}
    ]
    assert got.info["trees"] == {"trees": 1, "messages": 9, "in_rows": 4, "off_path": 4}
    assert (got.info["shape"], got.info["input_rows"], got.info["total_rows"]) == ("tree", 6, 9)


def test_messages_that_belong_to_no_tree_are_rejects(tmp_path: Path) -> None:
    got = read(
        tmp_path,
        message("r", None, "prompter"),
        message("a", "r", "assistant"),
        message("orphan", "gone", "assistant"),
        message("below", "orphan", "prompter"),
        message("c1", "c2", "assistant"),
        message("c2", "c1", "assistant"),
        message("a", "r", "assistant"),
        message(None, "r", "assistant"),
        message("odd", "r", "narrator"),
        message("child", "odd", "assistant"),
        message("mute", "r", "assistant", text=None),
        message("dead", "r", "assistant", deleted=True),
        message("list", "r", "assistant", text=["x"]),
        message("role", "r", None),  # type: ignore[arg-type]
        5,
        message("lonely", None, "prompter"),
        message("echo", "lonely", "prompter"),
    )
    assert [(place, reason) for place, _, _, reason, _ in got.rejects.rows()] == [
        (2, "its tree's root is not in the data"),
        (3, "its tree's root is not in the data"),
        (4, "its parents form a circle"),
        (5, "its parents form a circle"),
        (6, "message id is there twice"),
        (7, "a message without an id"),
        (8, "unknown role"),
        (9, "its parent message is a reject"),
        (10, "a message without text"),
        (11, "marked as deleted"),
        (12, "a message part is not text"),
        (13, "a message without a role"),
        (14, "not an object"),
        (15, "its tree has no answer"),
        (16, "its tree has no answer"),
    ]
    assert got.rows["source_row"].to_list() == [0]


def test_a_limit_takes_whole_trees(tmp_path: Path) -> None:
    trees = [
        m
        for n in range(20)
        for m in (message(f"r{n}", None, "prompter"), message(f"a{n}", f"r{n}", "assistant"))
    ]
    got = read(tmp_path, *trees, message("o", "gone", "assistant"), limit=3, seed=1)
    assert got.info["sampled"] == "random 3 of 20 trees, seed 1"
    assert (got.rows.height, got.rejects.height, got.info["input_rows"]) == (3, 0, 3)
    assert all(len(messages) == 2 for messages in got.rows["messages"])


def test_trees_may_cross_files(tmp_path: Path) -> None:
    (tmp_path / "1.jsonl").write_text(json.dumps(message("r", None, "prompter")) + "\n")
    (tmp_path / "2.jsonl").write_text(
        json.dumps(message("a", "r", "assistant")) + "\n" + json.dumps(message("o", "x", "assistant")) + "\n"
    )
    got = ingest(str(tmp_path), name="s")
    assert [len(messages) for messages in got.rows["messages"]] == [2]
    assert got.rejects.select("source_row", "line", "file").rows() == [(2, 2, "2.jsonl")]


def test_trees_without_any_answer_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="every one of 1 input rows was rejected, 1 for: its tree has no answer"
    ):
        read(tmp_path, message("r", None, "prompter"))


def test_a_deep_tree_needs_no_recursion(tmp_path: Path) -> None:
    roles = ("prompter", "assistant")
    chain = [message(str(n), str(n - 1) if n else None, roles[n % 2]) for n in range(20_000)]
    assert [len(messages) for messages in read(tmp_path, *chain).rows["messages"]] == [20_000]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 8),
            st.none() | st.integers(0, 8),
            st.sampled_from(["prompter", "assistant", "narrator"]),
            st.none() | st.integers(0, 3),
        ),
        max_size=14,
    )
)
def test_every_message_is_in_one_row_or_is_one_reject(
    drawn: list[tuple[int, int | None, str, int | None]],
) -> None:
    records = [
        Record(place, place + 1, message(str(id), None if parent is None else str(parent), role, rank))
        for place, (id, parent, role, rank) in enumerate(drawn)
    ]
    forest = plant(iter(records))
    places = [record.place for record, _ in forest.loose]
    for root in forest.roots.values():
        path, rest = best_path(root)
        places += [node.record.place for node in path] + [record.place for record, _ in rest]
        assert not path or path[-1].role == "assistant"
    assert sorted(places) == list(range(len(drawn)))
    assert forest.messages == len(drawn)
