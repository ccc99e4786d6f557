"""A look at a source: columns in words, rows, rejects and their reasons, and what is in the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from curation.cli import app
from curation.contract import Home
from curation.errors import InputError
from curation.ingest.look import Look, look

GOOD = {"question": "Why?", "answer": "So.", "topic": "life", "empty": None}


def write(path: Path, *lines: object) -> str:
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    return str(path)


def test_columns_are_told_in_words_and_rejects_by_reason(tmp_path: Path) -> None:
    found = look(write(tmp_path / "a.jsonl", GOOD, "{broken", {**GOOD, "question": ""}, GOOD))
    assert [(c["name"], c["role"], c["example"]) for c in found.columns] == [
        ("question", "user", "Why?"), ("answer", "assistant", "So."), ("topic", "kept as a column", "life"),
        ("empty", "kept as a column", None),
    ]  # fmt: skip
    assert (found.kind, found.shape, found.total, found.input_rows, found.good) == ("JSON lines", "question/answer", 4, 4, 2)  # fmt: skip
    assert found.reasons == {"broken JSON": 1, "no question": 1}
    assert [(one["line"], one["reason"]) for one in found.rejects] == [(2, "broken JSON"), (3, "no question")]
    assert found.rows[0]["messages"] == [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]  # fmt: skip
    assert found.problem is None
    assert not found.unsure


def test_a_shape_that_is_not_known_is_said_with_the_columns(tmp_path: Path) -> None:
    uri = write(tmp_path / "a.csv", "ask,reply,area", "Where?,There.,help")
    found = look(uri)
    assert found.unsure
    assert "no shape of conversation is recognised" in str(found.problem)
    assert [c["role"] for c in found.columns] == [None, None, None]
    said = look(uri, mapping={"user": "ask", "assistant": "reply", "category": "area"})
    assert [c["role"] for c in said.columns] == ["user", "assistant", "category"]
    assert (said.shape, said.good, said.rows[0]["category"]) == ("map", 1, "help")


def test_whole_conversations_systems_and_trees_have_their_words(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    found = look(write(tmp_path / "a.jsonl", {"messages": turns, "system": "Be kind.", "category": "x"}))
    assert {c["name"]: c["role"] for c in found.columns} == {"messages": "the conversation", "system": "system prompt", "category": "category"}  # fmt: skip
    tree = [{"message_id": "1", "parent_id": None, "role": "prompter", "text": "a", "lang": "en"},
            {"message_id": "2", "parent_id": "1", "role": "assistant", "text": "b", "lang": "en"}]  # fmt: skip
    found = look(write(tmp_path / "b.jsonl", *tree))
    assert {c["name"]: c["role"] for c in found.columns} == {**dict.fromkeys(("message_id", "parent_id", "role", "text"), "the message tree"), "lang": "kept as a column"}  # fmt: skip


def test_every_row_a_reject_is_a_problem_of_the_rows(tmp_path: Path) -> None:
    found = look(write(tmp_path / "a.jsonl", {**GOOD, "answer": " "}))
    assert not found.unsure
    assert "every one of 1 input rows was rejected" in str(found.problem)


def test_only_the_first_rows_are_read(tmp_path: Path) -> None:
    found = look(write(tmp_path / "a.jsonl", *[GOOD] * 300))
    assert (found.total, found.input_rows, found.good, len(found.rows)) == (300, 200, 200, 8)


@pytest.mark.parametrize(
    ("name", "start", "says"),
    [("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is a PNG image, not CSV"), ("a.jsonl", b"", "is empty"), ("a.parquet", b"GIF89a", "is a GIF image")],
)  # fmt: skip
def test_what_cannot_be_opened_is_said(tmp_path: Path, name: str, start: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(start)
    with pytest.raises(InputError, match=says):
        look(str(tmp_path / name))


def test_the_command_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOME_HOME", str(tmp_path / "home"))
    ran = CliRunner().invoke(app, ["ingest", write(tmp_path / "a.jsonl", GOOD, "{"), "--look", "--json"])
    assert ran.exit_code == 0
    said = Look(**json.loads(ran.stdout))
    assert (said.good, said.reasons) == (1, {"broken JSON": 1})
    assert not Home(tmp_path / "home").versions.exists()
