"""Every kind of file, plain and compressed, folders of them, and what is wrong with a file."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from curation.errors import InputError
from curation.ingest import ingest

ROWS = [{"question": "q1", "answer": "a1", "n": "1"}, {"question": "q\n2", "answer": "ä", "n": "2"}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
CSV = 'question,answer,n\nq1,a1,1\n"q\n2",ä,2\n'
TEXTS = [["q1", "a1"], ["q\n2", "ä"]]


def table() -> pa.Table:
    return pa.Table.from_pylist(ROWS)


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table(), sink, row_group_size=1)
    return bytes(sink.getvalue())


def arrow(make: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with make(sink, table().schema) as writer:
        writer.write_table(table(), max_chunksize=1)
    return bytes(sink.getvalue())


def feathered() -> bytes:
    sink = pa.BufferOutputStream()
    feather.write_feather(table(), sink, compression="zstd")
    return bytes(sink.getvalue())


KINDS = {
    "jsonl": (LINES, "JSON lines", [1, 2]),
    "ndjson": (LINES, "JSON lines", [1, 2]),
    "json": (b"[\n" + b",\n".join(LINES.splitlines()) + b"\n]\n", "JSON", [2, 3]),
    "csv": (CSV.encode(), "CSV", [2, 3]),
    "tsv": (CSV.replace(",", "\t").encode(), "TSV", [2, 3]),
    "parquet": (parquet(), "Parquet", [None, None]),
    "arrow": (arrow(pa.ipc.new_file), "Arrow", [None, None]),
    "ipc": (arrow(pa.ipc.new_stream), "Arrow", [None, None]),
    "feather": (feathered(), "Arrow", [None, None]),
}
PACKED = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}


def put(folder: Path, name: str, data: bytes | str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("suffix", KINDS)
def test_every_kind_gives_the_same_rows(tmp_path: Path, suffix: str, packed: str) -> None:
    data, kind, _ = KINDS[suffix]
    path = put(tmp_path, f"rows.{suffix}{packed}", PACKED[packed](data))
    got = ingest(path, name="s")
    assert [[m["content"] for m in messages] for messages in got.rows["messages"]] == TEXTS
    assert got.rows["n"].to_list() == ["1", "2"]
    assert (got.info["kind"], got.info["input_rows"]) == (kind, 2)
    assert got.info["fingerprint"] == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    nowhere = ingest(path, name="s", mapping={"user": "question", "assistant": "n"}, limit=1, sample="head")
    assert nowhere.rows["source_row"].to_list() == [0]
    assert nowhere.info["sampled"] == "first 1 of 2"


@pytest.mark.parametrize("suffix", KINDS)
def test_every_kind_tells_the_line_of_a_reject(tmp_path: Path, suffix: str) -> None:
    data, _, lines = KINDS[suffix]
    path = put(tmp_path, f"rows.{suffix}", data)
    got = ingest(path, name="s", mapping={"user": "question", "assistant": "answer"})
    assert got.rejects.height == 0
    with pytest.raises(InputError) as error:  # no row has this
        ingest(path, name="s", mapping={"messages": "question"})
    where = "" if lines[0] is None else f":{lines[0]}"
    assert str(error.value).startswith(
        f"rows.{suffix}{where}: every one of 2 input rows was rejected, 2 for: "
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("one.json", json.dumps({"version": 1, "data": ROWS})),
        ("lines.json", LINES),
        ("array.jsonl", json.dumps(ROWS)),
        ("pretty.jsonl", json.dumps(ROWS, indent=1)),
        ("mark.jsonl", b"\xef\xbb\xbf\n  \r\n" + LINES.replace(b"\n", b"\r\n") + b"\n"),
        ("wide.jsonl", LINES.decode().encode("utf-16")),
        ("mark.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ("wide.csv", CSV.encode("utf-16")),
        ("semicolon.csv", CSV.replace(",", ";")),
        ("tabs.csv", CSV.replace(",", "\t")),
        ("blank.csv", CSV.replace("q1,a1,1\n", "\nq1,a1,1\n\n")),
        (
            "many.jsonl.gz",
            gzip.compress(LINES.splitlines(keepends=True)[0]) + gzip.compress(LINES.splitlines()[1]),
        ),
    ],
)
def test_a_file_written_in_another_way_gives_the_same_rows(
    tmp_path: Path, name: str, data: bytes | str
) -> None:
    got = ingest(put(tmp_path, name, data), name="s")
    assert [[m["content"] for m in messages] for messages in got.rows["messages"]] == TEXTS
    assert got.rejects.height == 0


def test_one_object_with_messages_is_one_row(tmp_path: Path) -> None:
    one = {"messages": [{"role": "user", "content": "q"}]}
    assert ingest(put(tmp_path, "one.json", json.dumps(one, indent=1)), name="s").rows.height == 1


def test_broken_lines_are_rejects_and_the_rest_goes_on(tmp_path: Path) -> None:
    lines = [
        LINES.splitlines()[0],
        b'{"question": "q", ',
        b"",
        b"[1, 2]",
        b"\x1b[31m\xff",
        b"[" * 5000,
        LINES.splitlines()[1],
    ]
    got = ingest(put(tmp_path, "rows.jsonl", b"\n".join(lines)), name="s")
    assert got.rows["source_row"].to_list() == [0, 5]
    assert got.rejects.rows()[:3] == [
        (1, 2, "rows.jsonl", "broken JSON", '{"question": "q", '),
        (2, 4, "rows.jsonl", "not an object", "[1, 2]"),
        (3, 5, "rows.jsonl", "broken JSON", "\\x1b[31m\ufffd"),
    ]
    assert got.rejects.rows()[3][:4] == (4, 6, "rows.jsonl", "nested too deeply")
    assert got.rejects["snippet"].to_list()[3] == "[" * 199 + "…"


def test_csv_rows_that_dont_fit_are_rejects_with_their_first_line(tmp_path: Path) -> None:
    text = (
        'question,answer\r\n"two\r\nlines ""x""",a\r\n\r\nq3\r\nq4,a,more\r\n"bad"x,a\r\nq5,\r\n'
        'q6,"never closed\r\nq7,a7\r\n'
    )
    got = ingest(put(tmp_path, "rows.csv", text), name="s")
    assert [[m["content"] for m in messages] for messages in got.rows["messages"]] == [
        ['two\r\nlines "x"', "a"],
        ["q7", "a7"],
    ]
    assert got.rejects.rows() == [
        (1, 5, "rows.csv", "fewer fields than columns", "q3"),
        (2, 6, "rows.csv", "more fields than columns", "q4,a,more"),
        (3, 7, "rows.csv", "broken quotes", '"bad"x,a'),
        (4, 8, "rows.csv", "no answer", '{"answer":"","question":"q5"}'),
        (5, 9, "rows.csv", "broken quotes", 'q6,"never closed'),
    ]


def test_bytes_and_surrogates_that_are_no_text_are_replaced_and_counted(tmp_path: Path) -> None:
    data = (
        b'{"question":"a\xff\xe9","answer":"x\\u0000y \\ud83d z"}\n{"question":"q","answer":"a","k":"\\udc80"}\n'
        + LINES
    )
    got = ingest(put(tmp_path, "rows.jsonl", data), name="s")
    assert got.rows["messages"].to_list()[0] == [
        {"role": "user", "content": "a\ufffd\ufffd"},
        {"role": "assistant", "content": "xy \ufffd z"},
    ]
    assert got.rows["k"].to_list() == [None, "\ufffd", None, None]
    assert (got.info["replaced_encoding"], got.info["removed_nul"]) == (2, 1)


def test_invalid_text_in_parquet_is_replaced_and_counted(tmp_path: Path) -> None:
    bytes_ = pa.array([b"q\xff", b"fine"], pa.binary())
    broken = pa.StringArray.from_buffers(2, bytes_.buffers()[1], bytes_.buffers()[2])
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"question": broken, "answer": ["a", "b"]}), path)
    got = ingest(str(path), name="s")
    assert [messages[0]["content"] for messages in got.rows["messages"]] == ["q\ufffd", "fine"]
    assert got.info["replaced_encoding"] == 1


def test_a_folder_is_read_sorted_and_each_file_by_its_own_shape(tmp_path: Path) -> None:
    put(tmp_path, "b/two.csv", "prompt,completion\np,c\n,c\n")
    put(tmp_path, "a.jsonl", LINES)
    put(tmp_path, "b/empty.jsonl", "")
    for name in ("README.md", ".hidden.jsonl", "_temp.jsonl", "dataset_info.json"):
        put(tmp_path, name, "{}")
    got = ingest(str(tmp_path), name="s")
    assert [m[0]["content"] for m in got.rows["messages"]] == ["q1", "q\n2", "p"]
    assert got.rows["source_row"].to_list() == [0, 1, 2]
    assert got.rejects.rows() == [(3, 3, "b/two.csv", "no question", '{"completion":"c","prompt":""}')]
    info = got.info
    assert info["files"] == ["a.jsonl", "b/two.csv"]
    assert info["empty_files"] == ["b/empty.jsonl"]
    assert info["skipped_files"] == [".hidden.jsonl", "README.md", "_temp.jsonl", "dataset_info.json"]
    assert (info["kind"], info["shape"]) == (
        "folder of CSV, JSON lines",
        "prompt/completion + question/answer",
    )
    assert str(tmp_path) not in str(got.rows.to_dicts()) + str(got.rejects.to_dicts())


def test_a_folder_moved_elsewhere_gives_the_same(tmp_path: Path) -> None:
    for place in ("one", "two/deeper"):
        put(tmp_path, f"{place}/a.jsonl", LINES)
        put(tmp_path, f"{place}/b.csv", CSV)
    one, two = (ingest(str(tmp_path / place), name="s") for place in ("one", "two/deeper"))
    assert one.rows.equals(two.rows)
    assert {**one.info, "uri": ""} == {**two.info, "uri": ""}


def test_a_file_uri_is_a_path(tmp_path: Path) -> None:
    assert ingest("file://" + put(tmp_path, "a.jsonl", LINES), name="s").rows.height == 2
