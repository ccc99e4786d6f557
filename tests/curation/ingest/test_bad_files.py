"""What is wrong with a file or a path is one clear line, with the mend."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.errors import InputError
from curation.ingest import ingest

CSV = "question,answer\nq,a\n"


def put(folder: Path, name: str, data: bytes | str) -> str:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(path)


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"question": ["q"], "answer": ["a"]}), sink)
    return bytes(sink.getvalue())


Q = b'{"question":"q","answer":"a"}\n'
WRONG: list[tuple[str, bytes, str]] = [
    ("empty.jsonl", b"", "empty.jsonl: is empty. Was it written to the end?"),
    ("blank.jsonl", b"\xef\xbb\xbf \n\n", "blank.jsonl: is empty. Was it written to the end?"),
    ("none.json", b"[]", "none.json: has no rows. Was it written to the end?"),
    ("header.csv", b"question,answer\n", "header.csv: has no rows. Was it written to the end?"),
    ("page.jsonl", b"<!DOCTYPE html><html>", "page.jsonl: is a web page (HTML), not JSON lines. Was it saved wrongly?"),
    ("page.parquet", b"<html>", "page.parquet: is a web page (HTML), not Parquet. Was it saved wrongly?"),
    ("text.parquet", b"hello", "text.parquet: is a text file, not Parquet. Was it saved wrongly?"),
    ("short.parquet", parquet()[:-20], "short.parquet: can't be read as Parquet: "),
    ("lines.csv", Q, "lines.csv: is JSON lines, not CSV. Rename it to .jsonl."),
    ("table.jsonl", parquet(), "table.jsonl: is a Parquet file, not JSON lines. Rename it to .parquet."),
    ("pointer.parquet", b"version https://git-lfs.github.com/spec/v1\n",
     "pointer.parquet: is a Git LFS pointer, not Parquet. Get the data itself with: git lfs pull."),
    ("sheet.csv", b"PK\x03\x04", "sheet.csv: is a zip archive (or a spreadsheet), not CSV. Unpack it, or"),
    ("noise.jsonl", bytes(range(32)) * 40, "noise.jsonl: is a binary file, not JSON lines. Was it saved wrongly?"),
    ("plain.jsonl.gz", Q, "plain.jsonl.gz: isn't a gzip file. Drop .gz from its name?"),
    ("cut.jsonl.gz", gzip.compress(os.urandom(9999))[:900], "cut.jsonl.gz: can't be decompressed: "),
    ("cut.jsonl.zst", pa.compress(os.urandom(9999), codec="zstd", asbytes=True)[:900], "cut.jsonl.zst: can't be decompressed: "),
    ("twice.csv", b"a,a\n1,2\n", "twice.csv:1: column 'a' is there twice. Rename one of them."),
    ("broken.json", b'[\n{"question": "q"},\n{"question" "q"}]', "broken.json:3: broken JSON: expecting ':' delimiter."),
    ("comma.json", b'[{"question": "q"},\n]', "comma.json:2: broken JSON: a comma after the last element."),
    ("open.json", b'[{"question": "q"}\n', "open.json:2: broken JSON: a comma or ] is missing."),
    ("after.json", b'[{"question": "q"}]\nx', "after.json:2: broken JSON: text after the array."),
    ("object.json", b'{"a": {"b": 1}}', "object.json: is an object with a, not a table of rows."),
    ("number.json", b"5", "number.json: holds neither an array nor an object"),
    ("notes.txt", b"hi", "notes.txt: is of a kind that is not read. Give it one of the suffixes .jsonl, "),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "message"), WRONG, ids=[name for name, _, _ in WRONG])
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        ingest(put(tmp_path, name, data), name="s")
    said = str(error.value)
    assert said.startswith(message)
    assert "\n" not in said
    assert error.value.exit_code == 2


def test_what_isnt_there_says_the_nearest_name(tmp_path: Path) -> None:
    put(tmp_path, "support.csv", CSV)
    put(tmp_path, "notes.md", "x")
    for uri, message in {
        str(
            tmp_path / "suport.csv"
        ): f"{tmp_path}/suport.csv: no such file. Did you mean 'support.csv'? Known: support.csv.",
        str(
            tmp_path / "no" / "x.csv"
        ): f"{tmp_path}/no/x.csv: no such file, and no such folder. Check the path.",
        "s3://bucket/x": "s3://bucket/x: s3:// is not read. Give a path, or hf://owner/name for a dataset",
        " ": "the URI is empty. Give a path, or hf://owner/name.",
    }.items():
        with pytest.raises(InputError) as error:
            ingest(uri, name="s")
        assert str(error.value).startswith(message)


def test_folders_without_data(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is an empty folder"):
        ingest(str(tmp_path), name="s")
    put(tmp_path, "notes.md", "x")
    with pytest.raises(InputError, match="no file of a kind that is read among 1"):
        ingest(str(tmp_path), name="s")
    put(tmp_path, "a.csv", "")
    put(tmp_path, "b.csv", "")
    with pytest.raises(InputError, match="all 2 files are empty"):
        ingest(str(tmp_path), name="s")
