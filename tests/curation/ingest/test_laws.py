"""The laws of ingest, over generated junk: nothing vanishes, nothing is made up, the same in any run."""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.errors import InputError
from curation.ingest import Ingested, ingest
from curation.ingest.reasons import REASONS
from curation.rows import check

SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | TEXT
JUNK: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ROLES = st.sampled_from(["user", "human", "gpt", "assistant", "system", "tool", "narrator", ""]) | JUNK
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": ROLES, "content": TEXT | JUNK})
    | st.fixed_dictionaries({"from": ROLES, "value": TEXT})
    | JUNK,
    max_size=4,
)
KEYS = st.sampled_from(
    [
        "messages",
        "conversations",
        "question",
        "answer",
        "instruction",
        "input",
        "output",
        "category",
        "source",
        "score",
        "id",
        "split",
        "text",
    ]
)
RECORDS = (
    st.fixed_dictionaries(
        {"messages": MESSAGES}, optional={"category": JUNK, "score": JUNK, "source": SCALARS}
    )
    | st.fixed_dictionaries({"question": TEXT, "answer": TEXT | JUNK})
    | st.dictionaries(KEYS, JUNK | MESSAGES, max_size=4)
    | JUNK
)


def read(name: str, data: bytes, **options: Any) -> Ingested | None:
    """What ingest makes of a file; null where it refuses the whole, which must be one line of ours."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            return ingest(str(path), name="s", **options)
        except InputError as error:
            assert "\n" not in str(error)
            return None


def lawful(got: Ingested, total: int) -> None:
    assert got.rows.height + got.rejects.height == got.info["input_rows"] == total
    places = got.rows["source_row"].to_list() + got.rejects["source_row"].to_list()
    assert len(set(places)) == total
    assert set(places) <= set(range(got.info["total_rows"]))
    assert set(got.rejects["reason"]) <= set(REASONS)
    assert all(len(snippet) <= 200 and snippet.isprintable() for snippet in got.rejects["snippet"])
    check(got.rows, where="law", deep=True)
    for content in got.rows["messages"].list.explode().struct.field("content"):
        assert content is not None
        assert "\0" not in content
        content.encode()


@SLOW
@given(st.lists(RECORDS, min_size=1, max_size=6), st.booleans())
def test_rows_and_rejects_are_the_input(records: list[Any], ascii_only: bool) -> None:
    data = "".join(json.dumps(record, ensure_ascii=ascii_only) + "\n" for record in records)
    got = read("rows.jsonl", data.encode("utf-8", "surrogatepass"))
    if got is not None:
        lawful(got, len(records))
        whole = read(
            "rows.json", ("[" + ",\n".join(data.split("\n")[:-1]) + "]").encode("utf-8", "surrogatepass")
        )
        assert whole is not None
        assert whole.rows.equals(got.rows)
        assert whole.rejects["reason"].to_list() == got.rejects["reason"].to_list()


@SLOW
@given(st.lists(st.binary(max_size=40), max_size=6))
def test_any_bytes_between_good_lines(lines: list[bytes]) -> None:
    good = b'{"question":"q","answer":"a"}'
    lines = [line.replace(b"\n", b" ") for line in lines]
    got = read("rows.jsonl", b"\n".join([good, *lines, good]))
    assert got is not None
    lawful(got, 2 + sum(not line.isspace() and line != b"" for line in lines))
    assert got.rows["source_row"].to_list()[0] == 0
    assert got.rows["source_row"].to_list()[-1] == got.info["total_rows"] - 1


@SLOW
@given(
    st.lists(
        st.lists(TEXT.filter(lambda text: "\r" not in text), min_size=2, max_size=2), min_size=1, max_size=6
    )
)
def test_what_the_csv_writer_writes_is_read_back(table: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        with path.open("w", newline="", encoding="utf-8", errors="surrogatepass") as handle:
            csv.writer(handle, quoting=csv.QUOTE_ALL).writerows([["question", "answer"], *table])
        data = path.read_bytes()
    good = [(q, a) for q, a in table if q.replace("\0", "").strip() and a.replace("\0", "").strip()]
    got = read("rows.csv", data)
    if got is None:
        assert not good
        return
    lawful(got, len(table))
    if all("\0" not in text and text.isprintable() for row in good for text in row):
        assert [tuple(m["content"] for m in messages) for messages in got.rows["messages"]] == good


@SLOW
@given(st.text(alphabet='ab,"\n\r\t;', max_size=60))
def test_any_csv_is_rows_and_rejects(body: str) -> None:
    got = read("rows.csv", ("question,answer\nq,a\n" + body).encode())
    assert got is not None
    lawful(got, got.info["total_rows"])
    assert got.rows["source_row"].to_list()[0] == 0


@SLOW
@given(st.lists(RECORDS, min_size=1, max_size=8), st.integers(1, 8), st.integers(0, 99))
def test_a_limit_considers_that_many_and_is_the_same_in_any_run(
    records: list[Any], limit: int, seed: int
) -> None:
    data = "".join(json.dumps(record) + "\n" for record in records).encode()
    one, two = (read("rows.jsonl", data, limit=limit, seed=seed) for _ in range(2))
    assert (one is None) == (two is None)
    if one is not None and two is not None:
        lawful(one, min(limit, len(records)))
        assert one.rows.equals(two.rows)
        assert one.rejects.equals(two.rejects)
        assert {**one.info, "uri": ""} == {**two.info, "uri": ""}
