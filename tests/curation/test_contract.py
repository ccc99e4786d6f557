"""The contract: hashes to the letter, manifests that refuse what is wrong, events that survive a torn line."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.contract import (
    ExportInfo,
    FileInfo,
    Home,
    Probe,
    RunInfo,
    append_event,
    canonical_json,
    content_hash,
    digest,
    file_info,
    read_events,
    write_atomic,
)
from curation.errors import ContractError, MissingExtra, RecipeError, StepError, TomeError, nearest


def test_canonical_json_and_hashes_are_golden() -> None:
    assert canonical_json({"b": [1, 2.5, None, True], "a": "é\n"}) == '{"a":"é\\n","b":[1,2.5,null,true]}'
    assert digest("") == "cae66941d9efbd404e4d88758ea67670"
    turns = [{"role": "user", "content": "Hi"}, {"content": "Yes", "role": "assistant", "extra": "ignored"}]
    assert content_hash(turns) == digest(
        '[{"content":"Hi","role":"user"},{"content":"Yes","role":"assistant"}]'
    )
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(float("nan"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_canonical_json_is_json_and_one_text(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


def test_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOME_HOME", str(tmp_path))
    assert Home.find().root == tmp_path
    assert Home.find("x").versions == Path("x/store/versions")
    monkeypatch.delenv("TOME_HOME")
    assert Home.find().root == Path("data")


def test_write_atomic_by_many_threads_leaves_one_whole_text(tmp_path: Path) -> None:
    texts = [f"{number}" * 200_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write_atomic(tmp_path / "a.txt", text), texts * 5))
    assert (tmp_path / "a.txt").read_text() in texts
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_write_atomic_keeps_the_old_file_on_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "x.json"
    write_atomic(path, "old")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["x.json"]


def test_events_survive_a_torn_line_and_odd_characters(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert read_events(path) == []
    append_event(path, "start", text="a\u2028b\x85c\x0cd\re\nf")
    with path.open("a") as handle:
        handle.write('{"event": "progr')  # killed here
    append_event(path, "resumed", done=3)
    append_event(path, "end")
    events = read_events(path)
    assert [event["event"] for event in events] == ["start", "resumed", "end"]
    assert events[0]["text"] == "a\u2028b\x85c\x0cd\re\nf"
    assert events[1]["done"] == 3
    assert all(isinstance(event["time"], float) for event in events)


EXPORT = ExportInfo(
    name="x",
    dataset_id="abc",
    rows_hash="h",
    files={"train.parquet": FileInfo("0" * 64, 10, 3)},
    counts={"train": {"math": 3}, "eval": {}},
    licences={"s": None, "t": "mit"},
)


def test_export_json_reads_back(tmp_path: Path) -> None:
    EXPORT.write(tmp_path)
    assert ExportInfo.read(tmp_path) == EXPORT


def change(folder: Path, **fields: object) -> None:
    raw = json.loads((folder / "export.json").read_text())
    for name, value in fields.items():
        if value is ...:
            del raw[name]
        else:
            raw[name] = value
    (folder / "export.json").write_text(json.dumps(raw))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"schema_version": 2}, "schema_version 2, this Tomewright reads 1"),
        ({"name": ...}, "field 'name' is missing"),
        ({"nmae": "x"}, "unknown field 'nmae'. Did you mean 'name'?"),
        ({"name": 3}, "name: expected str, found 3"),
        ({"counts": []}, "counts: expected an object, found []"),
        ({"counts": {"train": {"math": "3"}}}, "counts.train.math: expected int, found '3'"),
        ({"counts": {"train": {"math": True}}}, "counts.train.math: expected int, found True"),
        ({"files": {"a": {"sha256": "0", "bytes": 1, "rows": 1.5}}}, "rows: expected int, found 1.5"),
        ({"files": {"a": {"sha256": "0"}}}, "files.a: field 'bytes' is missing"),
        ({"lineage": {}}, "lineage: expected a list, found {}"),
    ],
)
def test_a_wrong_export_json_names_its_field(tmp_path: Path, fields: dict[str, object], says: str) -> None:
    EXPORT.write(tmp_path)
    change(tmp_path, **fields)
    with pytest.raises(ContractError) as caught:
        ExportInfo.read(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'export.json'}:")
    assert says in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "says"), [("", "unreadable"), ('{"a', "unreadable"), ("[]", "one JSON object")]
)
def test_a_torn_export_json(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "export.json").write_text(text)
    with pytest.raises(ContractError, match=says):
        ExportInfo.read(tmp_path)
    with pytest.raises(ContractError, match=r"there is no run\.json here\. Is this the right folder\?"):
        RunInfo.read(tmp_path)


def test_run_json_reads_back(tmp_path: Path) -> None:
    info = RunInfo(
        run_id="r", state="done", base_model="m", base_revision=None, template="t", template_hash="h",
        template_date="26 Jul 2024", bos_token=None, stop_tokens=["<|im_end|>"], stop_token_ids=[2],
        system_prompt=None, max_length=512, probes=[Probe([{"role": "user", "content": "Hi"}], [1, 2])],
        dataset={}, key="k", key_parts={"rows": "x"}, config={"lr": 1e-4}, packages={}, command="tome train x",
    )  # fmt: skip
    info.write(tmp_path)
    assert RunInfo.read(tmp_path) == info


def test_file_info(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_info(path, 2) == FileInfo(sha, 3, 2)


def test_errors_are_one_line_and_survive_a_worker() -> None:
    import pickle

    error = RecipeError("no\nsuch thing.", where="a.yaml:3", mend="Do\tthis.")
    assert str(error) == "a.yaml:3: no such thing. Do this."
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), back.where, back.exit_code) == (RecipeError, str(error), "a.yaml:3", 2)
    assert str(MissingExtra.of("gradio", "space")) == (
        "gradio isn't installed. Install it with: pip install 'tomewright[space]'."
    )
    assert (TomeError("x").exit_code, StepError("x").exit_code) == (2, 1)
    assert nearest("zzz", ["b", "a"]) == "Known: a, b."
