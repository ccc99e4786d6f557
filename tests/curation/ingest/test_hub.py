"""Hub datasets, read by the real client from a stand-in on the loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub", reason="huggingface_hub isn't installed: no Hub test can run")

from hub_standin import HubStandIn

from curation.errors import HubError, InputError
from curation.ingest import ingest
from curation.ingest.hub import Place, parse

CARD = "---\nlicense: cc-by-4.0\n---\n# Rows\n"
TRAIN = '{"question":"q1","answer":"a1"}\nbroken\n{"question":"q2","answer":"a2","source":"web"}\n'
TEST = '{"question":"t","answer":"a"}\n'


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubStandIn]:
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with HubStandIn() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def questions(uri: str, **options: object) -> list[str]:
    return [messages[0]["content"] for messages in ingest(uri, name="s", **options).rows["messages"]]  # type: ignore[arg-type]


def test_a_dataset_with_its_licence_revision_and_rejects(hub: HubStandIn) -> None:
    repo = hub.add("datasets", "me/rows", {"README.md": CARD, "train.jsonl": TRAIN, "test.jsonl": TEST})
    got = ingest("hf://me/rows", name="s")
    assert [messages[0]["content"] for messages in got.rows["messages"]] == ["q1", "q2"]
    assert got.rejects.rows() == [(1, 2, "train.jsonl", "broken JSON", "broken")]
    info = got.info
    assert (info["licence"], info["fingerprint"], info["revision"]) == ("cc-by-4.0", repo.sha, repo.sha)
    assert (info["kind"], info["files"], info["split"]) == (
        "Hub dataset of JSON lines",
        ["train.jsonl"],
        "train",
    )
    assert ingest("hf://me/rows", name="s", licence="mine").info["licence"] == "mine"
    assert not any(asked.endswith("test.jsonl") for asked in hub.requests)
    assert questions("hf://datasets/me/rows", split="test") == ["t"]
    assert questions("hf://me/rows/test.jsonl") == ["t"]


def test_a_revision_is_that_commit(hub: HubStandIn) -> None:
    repo = hub.add("datasets", "me/rows", {"train.jsonl": TEST})
    old = repo.sha
    repo.tags["v1"] = old
    repo.commit({"train.jsonl": TEST.replace('"t"', '"new"')})
    assert questions("hf://me/rows") == ["new"]
    for uri, revision in (("hf://me/rows@v1", None), ("hf://me/rows", "v1"), (f"hf://me/rows@{old}", old)):
        got = ingest(uri, name="s", revision=revision)
        assert (got.info["revision"], got.rows["messages"][0][0]["content"]) == (old, "t")


def test_configs_of_the_card(hub: HubStandIn) -> None:
    card = """---
license: [mit, apache-2.0]
configs:
- config_name: one
  data_files: [{split: train, path: "a/*.jsonl"}, {split: held, path: [b.jsonl]}]
- config_name: two
  data_files: b.jsonl
---
"""
    files = {
        "README.md": card,
        "a/1.jsonl": TEST,
        "a/2.jsonl": TEST.replace('"t"', '"u"'),
        "b.jsonl": TEST.replace('"t"', '"b"'),
    }
    hub.add("datasets", "me/many", files)
    assert questions("hf://me/many", config="one") == ["t", "u"]
    assert questions("hf://me/many", config="one", split="held") == ["b"]
    got = ingest("hf://me/many", name="s", config="two")
    assert (got.info["config"], got.info["licence"]) == ("two", "mit, apache-2.0")
    with pytest.raises(InputError, match=r"hf://me/many: has 2 configs. Choose one with --config: one, two."):
        ingest("hf://me/many", name="s")
    with pytest.raises(InputError, match=r"there is no config 'tow'. Did you mean 'two'"):
        ingest("hf://me/many", name="s", config="tow")
    with pytest.raises(InputError, match=r"there is no split 'hold' in config 'one'. Did you mean 'held'"):
        ingest("hf://me/many", name="s", config="one", split="hold")


def test_a_dataset_of_a_script_is_read_from_the_hubs_parquet_and_nothing_is_run(
    hub: HubStandIn, tmp_path: Path
) -> None:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    trap = tmp_path / "ran"
    repo = hub.add("datasets", "me/script", {"script.py": f"open({str(trap)!r}, 'w')"})
    sink = io.BytesIO()
    pq.write_table(pa.table({"question": ["q"], "answer": ["a"]}), sink)
    repo.commit({"default/train/0000.parquet": sink.getvalue()}, branch="refs/convert/parquet")
    assert questions("hf://me/script") == ["q"]
    assert not trap.exists()
    with pytest.raises(InputError, match=r"there is no split 'dev'. Known: train."):
        ingest("hf://me/script", name="s", split="dev")


def test_a_private_dataset_needs_the_token(hub: HubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("datasets", "me/secret", {"train.jsonl": TEST}, private=True)
    with pytest.raises(
        HubError, match=r"there is no dataset me/secret at .*, or you may not see it. Check the name; for"
    ):
        ingest("hf://me/secret", name="s")
    monkeypatch.setenv("HF_TOKEN", "hf_standin")
    assert questions("hf://me/secret") == ["t"]


def test_what_the_hub_refuses_is_a_hub_error_with_the_mend(hub: HubStandIn) -> None:
    hub.add("datasets", "me/rows", {"train.jsonl": TEST, "test.jsonl": TEST})
    hub.add("datasets", "me/gated", {"train.jsonl": TEST}, gated=True)
    hub.add("datasets", "me/nothing", {"photo.png": b"x"})
    for uri, said in {
        "hf://me/none": "hf://me/none: there is no dataset me/none at",
        "hf://me/rows@nope": "there is no revision 'nope'. Check the branch, tag or commit.",
        "hf://me/gated": f"me/gated is gated. Accept its conditions at {hub.url}/datasets/me/gated, then: hf auth login.",
        "hf://me/nothing": "there is no revision 'refs/convert/parquet'",
    }.items():
        with pytest.raises(HubError) as error:
            ingest(uri, name="s")
        assert said in str(error.value)
        assert error.value.exit_code == 2
    for status, mend in {
        503: "The Hub has a problem of its own",
        429: "Too many requests",
        403: "Log in with",
    }.items():
        hub.fail = {"/api/datasets": status}
        with pytest.raises(HubError, match=f"answered {status}. {mend}"):
            ingest("hf://me/rows", name="s")


def test_a_wrong_uri_is_an_input_error(hub: HubStandIn) -> None:
    hub.add("datasets", "me/rows", {"train.jsonl": TEST, "test.jsonl": TEST})
    for uri, said in {
        "hf://": "isn't a Hub dataset. Write hf://owner/name",
        "hf://a b/c": "'a b/c' isn't a name that the Hub allows",
        "hf://me/rows/tset.jsonl": "there is no file 'tset.jsonl'. Did you mean 'test.jsonl'? Known: test.jsonl, train.jsonl.",
    }.items():
        with pytest.raises(InputError) as error:
            ingest(uri, name="s")
        assert said in str(error.value)
    with pytest.raises(InputError, match="two revisions, 'a' and 'b'"):
        ingest("hf://me/rows@a", name="s", revision="b")
    with pytest.raises(InputError, match=r"there is no split 'trian'. Did you mean 'train'"):
        ingest("hf://me/rows", name="s", split="trian")


def test_a_hub_that_isnt_there_or_is_ill_is_asked_once(
    hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.fail = {"/api/datasets": 503}
    with pytest.raises(HubError):
        ingest("hf://me/rows", name="s")
    assert [asked for asked in hub.requests if "harness" not in asked] == ["GET /api/datasets/me/rows"]
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(
        HubError, match=r"the Hub at http://127.0.0.1:9 can't be reached \(.*refused\). Check the network"
    ):
        ingest("hf://me/rows", name="s")


def test_an_answer_that_is_no_hubs(hub: HubStandIn) -> None:
    class Portal(HubStandIn):
        def info(self, ask: object) -> object:  # type: ignore[override]
            from hub_standin import Answer

            return Answer(200, "<html>Please log in to the Wi-Fi</html>")

    with Portal() as portal, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", portal.url)
        with pytest.raises(HubError, match="doesn't answer like a Hub"):
            ingest("hf://me/rows", name="s")


def test_a_new_process_honours_hf_endpoint_and_keeps_the_cache(hub: HubStandIn, tmp_path: Path) -> None:
    hub.add("datasets", "me/rows", {"train.jsonl": TEST})
    code = "import json; from curation.ingest import ingest; print(json.dumps(ingest('hf://me/rows', name='s').info))"
    root = Path(__file__).parents[3]
    env = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "PATH": "", "PYTHONPATH": str(root)}
    for gets in (1, 0):
        hub.requests.clear()
        ran = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        assert json.loads(ran.stdout)["files"] == ["train.jsonl"]
        assert sum(asked.startswith("GET /datasets/me/rows/resolve/") for asked in hub.requests) == gets


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("hf://me/rows", Place("me/rows", None, None)),
        ("hf://gsm8k", Place("gsm8k", None, None)),
        ("hf://datasets/me/rows@main/a/b.csv", Place("me/rows", "main", "a/b.csv")),
        (
            "hf://me/rows@refs/convert/parquet/x.parquet",
            Place("me/rows", "refs/convert/parquet", "x.parquet"),
        ),
        ("hf://me/rows@refs/pr/3", Place("me/rows", "refs/pr/3", None)),
    ],
)
def test_a_uri_is_taken_apart(uri: str, place: Place) -> None:
    assert parse(uri) == place


def test_the_stand_in_takes_what_the_client_uploads(hub: HubStandIn, tmp_path: Path) -> None:
    """The other half of the protocol, that exports and models are pushed by; checked against the real client."""
    from huggingface_hub import HfApi

    api = HfApi(endpoint=hub.url, token="hf_standin")
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "README.md").write_text(CARD)
    (tmp_path / "up" / "train.jsonl").write_text(TEST)
    api.create_repo("me/pushed", repo_type="dataset", private=True)
    api.upload_folder(
        folder_path=tmp_path / "up", repo_id="me/pushed", repo_type="dataset", commit_message="first"
    )
    api.create_tag("me/pushed", tag="v1", repo_type="dataset")
    api.delete_file("train.jsonl", "me/pushed", repo_type="dataset")
    repo = hub.repo("datasets", "me/pushed")
    assert repo.private
    assert sorted(repo.files) == [".gitattributes", "README.md"]
    assert [commit.title for commit in api.list_repo_commits("me/pushed", repo_type="dataset")][1] == "first"
    assert api.list_repo_files("me/pushed", repo_type="dataset", revision="v1") == [
        ".gitattributes",
        "README.md",
        "train.jsonl",
    ]
    api.delete_repo("me/pushed", repo_type="dataset")
    assert not hub.repos
