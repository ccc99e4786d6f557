"""Every shape with the exact messages that come out, and the cases in which recognition would be a guess."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation.errors import InputError
from curation.ingest import Ingested, ingest
from curation.rows import check

Q, A = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
S = {"role": "system", "content": "s"}


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Ingested]:
    def read(*rows: Any, **options: Any) -> Ingested:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        got = ingest(str(path), name="s", **options)
        assert got.rows.height + got.rejects.height == got.info["input_rows"] == len(rows)
        check(got.rows, where="here", deep=True)
        return got

    return read


CALL = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
CALL_TEXT = '[{"function":{"arguments":"{}","name":"f"},"id":"1","type":"function"}]'


@pytest.mark.parametrize(
    ("row", "shape", "messages"),
    [
        ({"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}, "sharegpt", [Q, A]),
        ({"conversation": [{"from": "User", "value": "q"}, {"from": "ChatGPT", "value": "a"}]}, "sharegpt", [Q, A]),
        ({"conversations": [{"role": "user", "content": "q"}, {"role": "model", "text": "a"}]}, "sharegpt", [Q, A]),
        ({"conversation": [{"input": "q", "output": "a"}]}, "sharegpt", [Q, A]),
        ({"conversations": [{"from": "human", "value": "q"}], "system": "s"}, "sharegpt", [S, Q]),
        ({"conversations": [{"from": "system", "value": "own"}], "system": "s"}, "sharegpt",
         [{"role": "system", "content": "own"}]),
        ({"conversations": {"from": ["human", "gpt"], "value": ["q", "a"]}}, "sharegpt", [Q, A]),
        ({"messages": json.dumps([Q, A])}, "messages", [Q, A]),
        ({"messages": [S, Q, A]}, "messages", [S, Q, A]),
        ({"messages": [{"role": "developer", "content": "s"}, Q, A]}, "messages", [S, Q, A]),
        ({"messages": [Q, {"role": "function", "name": "f", "content": "42"}]}, "messages",
         [Q, {"role": "tool", "content": "42"}]),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "one"}, "two"]}]}, "messages",
         [{"role": "user", "content": "one\ntwo"}]),
        ({"messages": [Q, {"role": "assistant", "content": None, "tool_calls": CALL}]}, "messages",
         [Q, {"role": "assistant", "content": CALL_TEXT}]),
        ({"messages": [Q, {"role": "assistant", "content": "a", "tool_calls": CALL}]}, "messages",
         [Q, {"role": "assistant", "content": "a\n" + CALL_TEXT}]),
        ({"messages": [Q, {"role": "assistant", "content": 42}]}, "messages",
         [Q, {"role": "assistant", "content": "42"}]),
        ({"messages": [Q, {"role": "assistant", "content": ""}]}, "messages",
         [Q, {"role": "assistant", "content": ""}]),
        ({"conversations": [{"from": "function_call", "value": {"name": "f", "arguments": {}}}]}, "sharegpt",
         [{"role": "assistant", "content": '{"arguments":{},"name":"f"}'}]),
        ({"conversations": [{"from": "human", "value": "q"}, {"from": "function_call", "value": "{}"},
                            {"from": "observation", "value": "1"}, {"from": "gpt", "value": "a"}]}, "sharegpt",
         [Q, {"role": "assistant", "content": "{}"}, {"role": "tool", "content": "1"}, A]),
        ({"instruction": "q", "input": "", "output": "a"}, "alpaca", [Q, A]),
        ({"instruction": "q", "input": "i", "output": "a"}, "alpaca", [{"role": "user", "content": "q\n\ni"}, A]),
        ({"instruction": "", "input": "i", "output": "a"}, "alpaca", [{"role": "user", "content": "i"}, A]),
        ({"instruction": "q", "output": "a", "system": "s", "history": [["h1", "h2"]]}, "alpaca",
         [S, {"role": "user", "content": "h1"}, {"role": "assistant", "content": "h2"}, Q, A]),
        ({"instruction": "q", "context": "c", "response": "a"}, "instruction/response",
         [{"role": "user", "content": "q\n\nc"}, A]),
        ({"prompt": "q", "completion": "a"}, "prompt/completion", [Q, A]),
        ({"prompt": [Q], "completion": [A]}, "prompt/completion", [Q, A]),
        ({"prompt": "q", "response": "a"}, "prompt/response", [Q, A]),
        ({"query": "q", "answer": "a"}, "query/answer", [Q, A]),
        ({"question": "q", "answer": "a"}, "question/answer", [Q, A]),
        ({"Question": "q", "Answer": "a"}, "question/answer", [Q, A]),
        ({"question": 1, "answer": True}, "question/answer",
         [{"role": "user", "content": "1"}, {"role": "assistant", "content": "true"}]),
        ({"system_prompt": "s", "question": "q", "response": "a"}, "question/response", [S, Q, A]),
        ({"input": "q", "output": "a"}, "input/output", [Q, A]),
        ({"user": "q", "assistant": "a"}, "user/assistant", [Q, A]),
    ],
)  # fmt: skip
def test_a_shape_gives_exactly_these_messages(
    jsonl: Callable[..., Ingested], row: Any, shape: str, messages: list[dict[str, str]]
) -> None:
    got = jsonl(row)
    assert got.rows["messages"].to_list() == [messages]
    assert got.info["shape"] == shape
    assert got.info["shapes"] == {shape: 1}


@pytest.mark.parametrize(
    ("row", "reason", "snippet"),
    [
        ({"messages": []}, "no messages", '{"messages":[]}'),
        ({"messages": None}, "no messages", '{"messages":null}'),
        ({"messages": "  "}, "no messages", '{"messages":"  "}'),
        ({"messages": "hello"}, "messages are not a list", "hello"),
        ({"messages": 5}, "messages are not a list", "5"),
        ({"messages": ["q", "a"]}, "a message is not an object", "q"),
        ({"messages": [{"content": "q"}]}, "a message without a role", '{"content":"q"}'),
        ({"messages": [{"role": 1, "content": "q"}]}, "a message without a role", '{"content":"q","role":1}'),
        ({"conversations": [{"from": "narrator", "value": "x"}]}, "unknown role", '{"from":"narrator","value":"x"}'),
        ({"messages": [{"role": "user", "content": None}]}, "a message without text", '{"content":null,"role":"user"}'),
        ({"messages": [{"role": "user", "content": []}]}, "a message without text", '{"content":[],"role":"user"}'),
        ({"messages": [{"role": "user", "content": " "}]}, "a message without text",
         '{"messages":[{"content":" ","role":"user"}]}'),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
         "a message part is not text",
         '{"content":[{"image_url":"x","type":"image_url"}],"role":"user"}'),
        ({"question": "", "answer": "a"}, "no question", '{"answer":"a","question":""}'),
        ({"question": "q", "answer": None}, "no answer", '{"answer":null,"question":"q"}'),
        ({"question": "q", "answer": " \n"}, "no answer", '{"answer":" \\n","question":"q"}'),
        ({"question": "q", "answer": ["a"]}, "the answer is not text", '["a"]'),
        ({"question": {"a": 1}, "answer": "a"}, "the question is not text", '{"a":1}'),
        ({"other": 1}, "no known shape", '{"other":1}'),
        ({"messages": [Q], "question": "q", "answer": "a"}, "two shapes fit",
         '{"answer":"a","messages":[{"content":"q","role":"user"}],"question":"q"}'),
        ({"instruction": "q", "output": "a", "history": ["x"]}, "a message is not an object", "x"),
        ([Q, A], "not an object", '[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]'),
    ],
)  # fmt: skip
def test_a_reject_says_its_reason_line_and_evidence(
    jsonl: Callable[..., Ingested], row: Any, reason: str, snippet: str
) -> None:
    got = jsonl({"question": "q", "answer": "a"}, row)
    assert got.rejects.rows() == [(1, 2, "rows.jsonl", reason, snippet)]
    assert got.rows["messages"].to_list() == [[Q, A]]
    assert got.info["reasons"] == {reason: 1}


def test_rejects_always_have_the_same_schema(jsonl: Callable[..., Ingested]) -> None:
    assert jsonl({"question": "q", "answer": "a"}).rejects.schema == {
        "source_row": pl.Int64,
        "line": pl.Int64,
        "file": pl.String,
        "reason": pl.String,
        "snippet": pl.String,
    }


def test_shapes_may_be_mixed_row_by_row(jsonl: Callable[..., Ingested]) -> None:
    got = jsonl(
        {"messages": [Q, A]},
        {"question": "q", "answer": "a"},
        {"messages": None, "question": "q", "answer": "a"},
    )
    assert got.rows["messages"].to_list() == [[Q, A]] * 3
    assert got.info["shapes"] == {"messages": 1, "question/answer": 2}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"text": "t"},
            "rows.jsonl: no shape of conversation is recognised in the columns text. Say which column is what, "
            "for instance --map user=QUESTION_COLUMN,assistant=ANSWER_COLUMN.",
        ),
        (
            {"instruction": "i", "category": "c"},
            "rows.jsonl: no shape of conversation is recognised in the columns instruction, category. Say which "
            "column is what, for instance --map user=instruction,assistant=ANSWER_COLUMN,category=category.",
        ),
        (
            {"question": "q", "context": "c", "answer": "a"},
            "rows.jsonl: no shape of conversation is recognised in the columns question, context, answer. Say which "
            "column is what, for instance --map user=question,assistant=answer,input=context.",
        ),
        (
            {"messages": [Q], "prompt": "p", "response": "r"},
            "rows.jsonl: more than one shape of conversation fits the columns messages, prompt, response. Say which "
            "column is what, for instance --map messages=messages or --map user=prompt,assistant=response.",
        ),
    ],
)
def test_a_guess_is_refused_with_the_columns_and_a_map(
    jsonl: Callable[..., Ingested], row: Any, message: str
) -> None:
    with pytest.raises(InputError) as error:
        jsonl(row)
    assert str(error.value) == message


def test_a_map_names_the_columns(jsonl: Callable[..., Ingested]) -> None:
    row = {"ask": "q", "reply": "a", "topic": " legal ", "sys": "s", "ctx": "c", "left": 1}
    mapping = {"user": "ask", "assistant": "reply", "category": "topic", "system": "sys", "input": "ctx"}
    got = jsonl(row, mapping=mapping)
    assert got.rows["messages"].to_list() == [[S, {"role": "user", "content": "q\n\nc"}, A]]
    assert got.rows["category"].to_list() == ["legal"]
    assert got.rows.columns[10:] == ["topic", "left"]
    assert (got.info["shape"], got.info["mapping"]) == ("map", mapping)


def test_a_map_of_messages_settles_two_shapes(jsonl: Callable[..., Ingested]) -> None:
    got = jsonl({"chosen": [Q, A], "prompt": "p", "response": "r"}, mapping={"messages": "chosen"})
    assert got.rows["messages"].to_list() == [[Q, A]]
    assert got.rows.columns[10:] == ["prompt", "response"]


def test_a_map_may_give_questions_alone(jsonl: Callable[..., Ingested]) -> None:
    assert jsonl({"ask": "q"}, mapping={"user": "ask"}).rows["messages"].to_list() == [[Q]]


def test_category_alone_keeps_recognition_and_the_column(jsonl: Callable[..., Ingested]) -> None:
    got = jsonl({"question": "q", "answer": "a", "source": "x"}, mapping={"category": "source"})
    assert (got.info["shape"], got.rows["category"].to_list()) == ("question/answer", ["x"])
    assert got.rows["original_source"].to_list() == ["x"]


def test_a_category_column_is_the_category(jsonl: Callable[..., Ingested]) -> None:
    got = jsonl(
        {"question": "q", "answer": "a", "category": 3}, {"question": "q", "answer": "b", "category": ""}
    )
    assert got.rows["category"].to_list() == ["3", None]
    assert got.info["mapping"] == {"category": "category"}
    assert got.rows.columns[10:] == []


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"usr": "q"}, "the map has no target 'usr'. Did you mean 'user'?"),
        ({"user": ""}, "the map gives no column for 'user'. Write user=COLUMN."),
        ({"assistant": "answer"}, "the map gives assistant but not user."),
        ({"messages": "m", "user": "q"}, "the map gives both messages and user."),
        (
            {"user": "qestion", "assistant": "answer"},
            "there is no column 'qestion'. Did you mean 'question'?",
        ),
        ({"category": "topc"}, "there is no column 'topc' for category. Did you mean 'topic'?"),
    ],
)
def test_a_wrong_map_says_the_nearest_right_name(
    jsonl: Callable[..., Ingested], mapping: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError) as error:
        jsonl({"question": "q", "answer": "a", "topic": "t"}, mapping=mapping)
    assert message in str(error.value)
    assert error.value.exit_code == 2


def test_every_row_rejected_is_an_error_with_the_top_reason(jsonl: Callable[..., Ingested]) -> None:
    with pytest.raises(InputError) as error:
        jsonl({"messages": []}, {"messages": ["x"]}, {"messages": ["y"]})
    assert str(error.value) == (
        "rows.jsonl:2: every one of 3 input rows was rejected, 2 for: a message is not an object. The first reads x"
    )


def test_fields_of_messages_without_a_place_are_counted(jsonl: Callable[..., Ingested]) -> None:
    message = {"role": "user", "content": "q", "weight": 0, "name": None}
    assert jsonl({"messages": [message, A]}).info["message_fields_left_out"] == {"weight": 1}


def test_two_hundred_turns_and_two_megabytes(jsonl: Callable[..., Ingested]) -> None:
    turns = [{"from": ("human", "gpt")[n % 2], "value": str(n)} for n in range(200)]
    got = jsonl({"conversations": turns}, {"question": "q", "answer": "x" * 2_000_000})
    assert [m["content"] for m in got.rows["messages"][0]] == [str(n) for n in range(200)]
    assert len(got.rows["messages"][1][1]["content"]) == 2_000_000
