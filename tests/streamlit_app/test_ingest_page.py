"""Ingest: what each kind of source shows before it is read, and which paths are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from curation import jobs
from curation.errors import InputError
from curation.store import Version
from streamlit_app.components import workspace
from tests.streamlit_app.test_augment_page import finished_job
from tests.streamlit_app.test_pages import html, open_page

GOOD = {"question": "Why?", "answer": "So it is."}


@pytest.fixture
def desk(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of its own."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def upload(name: str, content: bytes) -> AppTest:
    test = open_page("ingest.py")
    test.file_uploader(key="upload").set_value((name, content, "application/octet-stream")).run()
    assert not test.exception
    return test


def button(test: AppTest, starts: str) -> object:
    return next(one for one in test.button if one.label.replace("\\", "").startswith(starts))


def test_before_anything_is_chosen_the_shapes_are_told(home: Path) -> None:
    body = html(open_page("ingest.py"))
    assert "ShareGPT" in body
    assert "you say which column asks and which answers" in body


def test_a_recognised_upload_shows_columns_rows_and_rejects(home: Path) -> None:
    lines = [GOOD, GOOD, {"question": "", "answer": "x"}]
    test = upload("a.jsonl", "".join(json.dumps(one) + "\n" for one in lines).encode() + b"{broken\n")
    body = html(test)
    assert "a.jsonl reads as question/answer: 2 of 4 rows are good, 2 are rejects." in body
    assert "broken JSON" in body
    assert "no question" in body
    assert "The source states no licence" in body
    assert not button(test, "Read 4 rows as a").disabled  # type: ignore[attr-defined]


def test_an_unsure_upload_is_mapped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(jobs, "start", lambda _home, arguments, **_: started.append(arguments))
    test = upload("tickets.csv", b"ask,reply,area\nWhere?,There.,help\nAnd now?,Still there.,help\n")
    assert "tickets.csv: say which column asks and which answers." in html(test)
    assert button(test, "Read 2 rows").disabled  # type: ignore[attr-defined]
    assert "--map" not in html(test)
    for target, column in (("User", "ask"), ("Assistant", "reply"), ("Category", "area")):
        next(one for one in test.selectbox if one.label == target).set_value(column).run()
    assert "tickets.csv reads as you said: all 2 rows are good." in html(test)
    test.text_input(key="licence").set_value("CC-BY-4.0").run()
    button(test, "Read 2 rows as tickets").click().run()  # type: ignore[attr-defined]
    assert started[0][2:] == ["--name", "tickets", "--json", "--map", "user=ask,assistant=reply,category=area", "--licence", "CC-BY-4.0"]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("photo.png", b"\x89PNG", "photo.png is of a kind that isn&#x27;t read."),
        ("photo.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "photo.csv: is a PNG image, not CSV."),
        ("nothing.jsonl", b"", "nothing.jsonl: is empty."),
        ("odd.csv", bytes(range(128, 256)) + b"\nx\n", "say which column asks"),
    ],
)
def test_a_wrong_file_is_said(home: Path, name: str, content: bytes, says: str) -> None:
    assert says in html(upload(name, content))
    kept = [path.name for path in (home / "uploads").glob("*")] if (home / "uploads").is_dir() else []
    assert not [one for one in kept if one.endswith(".png")]


def test_the_hub_is_looked_at_as_a_job_with_its_licence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], object]] = []
    real = jobs.start
    monkeypatch.setattr(jobs, "start", lambda _home, arguments, secret_env=None, **_: started.append((arguments, secret_env)))  # fmt: skip
    test = open_page("ingest.py", **{"from": "Hub"})
    test.text_input(key="hub").set_value("https://huggingface.co/datasets/me/rows").run()
    test.text_input(key="hub_token").set_value("hf_opensesame").run()
    assert "me/rows: nobody has looked at it yet." in html(test)
    button(test, "Look at the first rows").click().run()  # type: ignore[attr-defined]
    asked = ["ingest", "hf://me/rows", "--look", "--json", "--split", "train"]
    assert started == [(asked, {"HF_TOKEN": "hf_opensesame"})]
    monkeypatch.setattr(jobs, "start", real)
    said = {"kind": "JSON lines", "total": 900, "licence": "apache-2.0", "shape": "sharegpt", "input_rows": 200, "good": 200,
            "columns": [{"name": "conversations", "role": "the conversation", "example": "[]"}],
            "rows": [{"messages": [{"role": "user", "content": "Hi"}], "category": None}], "rejects": [], "reasons": {}}  # fmt: skip
    test.session_state["look"] = {"arguments": asked, "job": finished_job(home, said, arguments=asked)}
    test.run()
    assert not test.exception
    body = html(test)
    assert "me/rows reads as sharegpt: the first 200 of its 900 rows are good." in body
    assert "Licence: apache-2.0, as the source states." in body
    assert "opensesame" not in body


def test_paths_stay_inside_the_workspace(desk: Path, home: Path) -> None:
    (desk / "in.jsonl").write_text(json.dumps(GOOD) + "\n")
    secret = desk.parent / "secret.jsonl"
    secret.write_text(json.dumps(GOOD) + "\n")
    (desk / "link.jsonl").symlink_to(secret)
    (desk / "folder").mkdir()
    (desk / "folder" / "deep.jsonl").symlink_to(secret)
    assert workspace.confined("in.jsonl") == desk / "in.jsonl"
    assert workspace.confined("./folder/../in.jsonl") == desk / "in.jsonl"
    for text in ("../secret.jsonl", str(secret), "link.jsonl", "folder/../../secret.jsonl", "/etc/passwd"):
        with pytest.raises(InputError, match="leaves the workspace"):
            workspace.confined(text)
    with pytest.raises(InputError, match="this folder holds a link that leaves the workspace"):
        workspace.confined("folder")
    for text in ("a\0b", "x" * 5000):
        with pytest.raises(InputError):
            workspace.confined(text)
    test = open_page("ingest.py", **{"from": "Path", "path": "link.jsonl"})
    assert "link.jsonl: this path leaves the workspace." in html(test)
    assert not [one for one in test.button if "Read" in one.label]


@pytest.mark.parametrize("uri", ["../secret.jsonl", "SECRET", "file://SECRET", "link.jsonl", "folder"])
def test_a_recipe_that_leaves_the_workspace_is_not_run(
    desk: Path, one: Version, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.chdir(desk)
    (desk / "data" / "samples").mkdir(parents=True)
    (desk / "folder").mkdir()
    secret = desk.parent / "secret.jsonl"
    secret.write_text(json.dumps(GOOD) + "\n")
    for link in (desk / "link.jsonl", desk / "folder" / "link.jsonl"):
        link.symlink_to(secret)
    started: list[object] = []
    monkeypatch.setattr(jobs, "start", lambda *found, **_: started.append(found))
    test = open_page("recipe.py")
    text = f"name: x\nsources: [{{uri: {json.dumps(uri.replace('SECRET', str(secret)))}, name: s}}]\nsteps: [normalize]\n"
    test.text_area(key="recipe_text").set_value(text).run()
    button(test, "Run 1 step").click().run()  # type: ignore[attr-defined]
    assert "leaves the workspace" in html(test)
    assert started == []
    test.text_area(key="recipe_text").set_value(
        text.replace(json.loads(text.split("uri: ")[1].split(", name")[0]), "inside.jsonl")
    ).run()
    button(test, "Run 1 step").click().run()  # type: ignore[attr-defined]
    assert len(started) == 1
