"""A run becomes a Space: complete, without secrets, sent by the real client to a Hub on the loopback."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hub_standin import Answer, Ask, HubStandIn
from tinyrun import make_export, make_run

from chatbot_space import space_push
from chatbot_space.errors import HubError, RunError
from chatbot_space.feedback import Feedback
from chatbot_space.feedback_push import Courier
from chatbot_space.run import read_run
from chatbot_space.space_folder import SpacePlan, build_space, requirements

TOKEN = "hf_standInTokenThatIsNoSecret"
ALONE = (
    "import runpy, sys; sys.meta_path[:] = [f for f in sys.meta_path if 'Editable' not in str(f)]; "
    "runpy.run_path('app.py', run_name='__main__')"
)
"""``python app.py`` without the finder of an editable install, which would lend the folder modules that it lacks."""


class SpacesHub(HubStandIn):
    """The stand-in with what Spaces need: PRO or not, hardware, variables and secrets."""

    def __init__(self, pro: bool = False) -> None:
        super().__init__()
        self.pro = pro
        self.made: list[dict[str, Any]] = []
        self.set: dict[str, dict[str, str]] = {"secrets": {}, "variables": {}}
        self.routes[:0] = [
            ("POST", r"/api/(?P<kind>spaces)/(?P<id>[^/]+/[^/]+)/(?P<what>secrets|variables)", "setting")
        ]

    def whoami(self, ask: Ask) -> Answer:
        answer = super().whoami(ask)
        if answer.status == 200:
            answer.body["isPro"] = self.pro
        return answer

    def create(self, ask: Ask) -> Answer:
        answer = super().create(ask)
        if answer.status == 200:
            self.made.append(ask.json())
        return answer

    def setting(self, ask: Ask) -> Answer:
        ask.repo()
        self.set[ask.groups["what"]][ask.json()["key"]] = ask.json()["value"]
        return Answer(200, {})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[SpacesHub]:
    import huggingface_hub

    with SpacesHub() as standin:
        monkeypatch.setattr(
            space_push, "api", lambda: huggingface_hub.HfApi(endpoint=standin.url, token=TOKEN)
        )
        monkeypatch.setenv("HF_ENDPOINT", standin.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield standin


@pytest.fixture
def home(
    tiny_run: Path, tiny_base: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home with a finished run that knows its export."""
    folder = Path(shutil.copytree(tiny_run, tmp_path / "home" / "runs" / "mine"))
    make_run(
        folder,
        *tiny_base,
        dataset=make_export(tmp_path / "home" / "exports" / "tiny"),
        command="tome train --secret-path /home/anna/x",
    )
    monkeypatch.setenv("TOME_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TOME_SPACE_TOKEN", raising=False)
    return tmp_path / "home"


def tome(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
    import tome as front

    code = front.run([*words])
    out, err = capsys.readouterr()
    lines = out.splitlines()
    return code, json.loads(lines[-1]) if lines and lines[-1].startswith("{") else out, err


def plan(engine: str = "transformers", **changes: Any) -> SpacePlan:
    return SpacePlan(**{"repo": "me/mine", "engine": engine, "hardware": "cpu-basic", "private": True, "why": True, "feedback": None, **changes})  # fmt: skip


def test_the_folder_is_complete_and_tells_nothing_of_this_machine(home: Path, tmp_path: Path) -> None:
    files = build_space(read_run(home / "runs" / "mine"), plan(), tmp_path / "space")
    names = {path.relative_to(tmp_path / "space").as_posix() for path in files}
    assert {"README.md", "app.py", "requirements.txt", "run/run.json", "run/adapter/adapter_model.safetensors", "run/base/config.json",
            "run/tokenizer/tokenizer.json", "run/chat/why.npz", "run/chat/examples.json", "chatbot_space/app.py"} <= names  # fmt: skip
    assert not {name for name in names if "__pycache__" in name or name.endswith("cli.py")}
    for path in files:
        text = path.read_bytes()
        assert str(home).encode() not in text and str(tmp_path).encode() not in text, path
        assert b"anna" not in text, path
    front = yaml.safe_load((tmp_path / "space" / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert (front["sdk"], front["app_file"]) == ("gradio", "app.py")
    assert re.fullmatch(r"\d+\.\d+\.\d+", front["sdk_version"])
    assert len(front["short_description"]) <= 60
    needed = (tmp_path / "space" / "requirements.txt").read_text().splitlines()
    assert needed.pop(0) == "--extra-index-url https://download.pytorch.org/whl/cpu"  # no CUDA on a CPU
    assert all("==" in line for line in needed)
    assert {line.partition("==")[0] for line in needed} >= {"gradio", "torch", "peft", "transformers"}
    assert read_run(tmp_path / "space" / "run").adapter == tmp_path / "space" / "run" / "adapter"


def test_no_why_keeps_the_training_rows_at_home(home: Path, tmp_path: Path) -> None:
    build_space(read_run(home / "runs" / "mine"), plan(why=False), tmp_path / "space")
    assert [p.name for p in (tmp_path / "space" / "run" / "chat").iterdir()] == ["examples.json"]


def test_an_unfinished_run_is_not_deployed(home: Path, tmp_path: Path) -> None:
    path = home / "runs" / "mine" / "run.json"
    path.write_text(path.read_text().replace('"state": "done"', '"state": "running"'))
    with pytest.raises(RunError, match="only a finished one can be deployed"):
        build_space(read_run(home / "runs" / "mine"), plan(), tmp_path / "space")
    assert not (tmp_path / "space").exists()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["transformers", "gguf"])
def test_the_folder_runs_by_itself(home: Path, tmp_path: Path, engine: str) -> None:
    import httpx

    if engine == "gguf":
        pytest.importorskip("xllamacpp", reason="xllamacpp isn't installed: a GGUF Space is not started")
    build_space(read_run(home / "runs" / "mine"), plan(engine), tmp_path / "space")
    shutil.rmtree(home)  # nothing of it may be needed
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("TOME", "PYTHON"))}
    environment = {
        **keep,
        "GRADIO_SERVER_PORT": "0",
        "TOME_ENGINE": engine,
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "2",
    }
    server = subprocess.Popen(
        [sys.executable, "-c", ALONE],
        cwd=tmp_path / "space",
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    lines = []
    try:
        for line in server.stderr:
            lines.append(line)
            found = re.search(r"The chatbot is at (http://\S+)", line)
            if found:
                with httpx.Client(trust_env=False) as client:
                    page = client.get(found[1]).text
                assert "What would you like to ask?" in page and "How do I reverse a list in Python?" in page
                break
        else:
            pytest.fail("".join(lines))
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stderr.close()


def test_deploy_makes_a_private_space_and_a_redeploy_sends_only_what_differs(home: Path, hub: SpacesHub, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    code, said, _ = tome(capsys, "deploy", "mine", "--space", "me/mine", "--json")
    assert code == 0
    assert (said["hardware"], said["engine"], said["private"]) == (
        "zero-a10g",
        "transformers",
        True,
    )  # a free account
    assert said["url"] == f"{hub.url}/spaces/me/mine"
    made = hub.made[0]
    assert (made["sdk"], made["hardware"]) == ("gradio", "zero-a10g")
    space = hub.repo("spaces", "me/mine")
    assert space.private
    local = {one["path"]: one["bytes"] for one in said["files"]}
    assert {name: len(data) for name, data in space.files.items() if name != ".gitattributes"} == local
    assert made["variables"] == [{"key": "TOME_ENGINE", "value": "transformers"}]

    code, again, _ = tome(capsys, "deploy", "mine", "--space", "me/mine", "--json")
    assert (again["sent"], again["deleted"], again["same"]) == ([], [], len(local))
    assert len(space.commits) == 2  # made, and filled once

    examples = home / "runs" / "mine" / "chat" / "examples.json"
    examples.write_text("[]\n")
    space.commit({**space.files, "old.txt": b"left over"})
    _, third, _ = tome(capsys, "deploy", "mine", "--space", "me/mine", "--json")
    assert (third["sent"], third["deleted"]) == (["run/chat/examples.json"], ["old.txt"])
    assert hub.set["variables"] == {"TOME_ENGINE": "transformers"}


def test_a_pro_account_gets_a_cpu_space_with_gguf(
    home: Path, hub: SpacesHub, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("gguf")
    hub.pro = True
    _, said, _ = tome(capsys, "deploy", "mine", "--space", "me/mine", "--json", "--public")
    assert (said["hardware"], said["engine"]) == ("cpu-basic", "gguf")
    files = hub.repo("spaces", "me/mine").files
    assert "run/model.gguf" in files and not [name for name in files if name.endswith(".safetensors")]
    assert not hub.repo("spaces", "me/mine").private
    assert "torch" not in files["requirements.txt"].decode()


def test_dry_run_touches_no_network(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> None:
        raise AssertionError("the Hub was asked")

    monkeypatch.setattr(space_push, "api", never)
    code, out, _ = tome(
        capsys, "deploy", "mine", "--space", "me/mine", "--dry-run", "--engine", "transformers"
    )
    assert code == 0
    assert "run/adapter/adapter_model.safetensors" in out
    assert "create_repo me/mine (space, gradio, zero-a10g, private)" in out


def test_the_token_becomes_a_secret_and_stands_nowhere_else(home: Path, hub: SpacesHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    secret = "hf_spaceTokenOfTheTest"
    monkeypatch.setenv("TOME_SPACE_TOKEN", secret)
    code, said, err = tome(
        capsys, "deploy", "mine", "--space", "me/mine", "--feedback", "me/mine-feedback", "--json"
    )
    assert code == 0
    assert hub.made[0]["secrets"] == [{"key": "HF_TOKEN", "value": secret}]
    assert said["secrets"] == ["HF_TOKEN"]
    assert said["variables"]["TOME_FEEDBACK"] == "me/mine-feedback"
    assert secret not in json.dumps(said) + err
    for path in home.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--space", "mine"), "Write it as USER/NAME"),
        (("--space", "me/mine", "--feedback", "me/fb"), "TOME_SPACE_TOKEN"),
        (("--space", "me/mine", "--engine", "vllm"), "there is no engine 'vllm'"),
    ],
)
def test_a_mistake_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    code, _, err = tome(capsys, "deploy", "mine", *words)
    assert code == 2 and message in err and len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("status", "mend"),
    [(401, "Log in first"), (402, "paid plan"), (403, "write right"), (503, "Try again later")],
)
def test_a_refusal_says_the_mend(
    home: Path, hub: SpacesHub, capsys: pytest.CaptureFixture[str], status: int, mend: str
) -> None:
    hub.fail["/api/repos/create"] = status
    code, _, err = tome(
        capsys, "deploy", "mine", "--space", "me/mine", "--engine", "transformers", "--hardware", "cpu-basic"
    )
    assert code == 2 and mend in err and "Traceback" not in err


@pytest.mark.parametrize(("engine", "hardware", "index"), [("gguf", "cpu-basic", 0), ("transformers", "zero-a10g", 0), ("transformers", "cpu-upgrade", 1)])  # fmt: skip
def test_every_requirement_has_its_version(engine: str, hardware: str, index: int) -> None:
    lines = requirements(plan(engine, hardware=hardware)).splitlines()
    assert [line.startswith("--extra-index-url ") for line in lines] == [True] * index + [False] * (
        len(lines) - index
    )
    assert all(re.fullmatch(r"[\w-]+==\d[\w.]*", line) for line in lines[index:]), lines
    assert any(line.startswith("spaces==") for line in lines) == hardware.startswith("zero")


def test_no_network_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    with pytest.raises(HubError, match="can't be reached"):
        space_push.account(huggingface_hub.HfApi(endpoint="http://127.0.0.1:9", token=TOKEN))


def test_feedback_goes_to_a_dataset_and_comes_back(home: Path, hub: SpacesHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    run = read_run(home / "runs" / "mine")
    store = Feedback(tmp_path / "on-the-space", run)
    courier = Courier(store, "me/fb", space_push.api())
    assert courier.send()  # nothing yet, and no repository made for it
    assert ("datasets", "me/fb") not in hub.repos
    talk = [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Hello."}]
    store.add(kind="up", messages=talk, consent=True, model="tuned")
    hub.fail["/api/datasets"] = 500
    assert not courier.send()  # kept, and sent with the next
    hub.fail.clear()
    store.add(
        kind="down", messages=talk, consent=True, model="tuned", complaint="style", correction="Good day."
    )
    courier.close()
    repo = hub.repo("datasets", "me/fb")
    assert repo.private
    assert [name for name in repo.files if name.startswith("feedback/")] == [f"feedback/{store.path.name}"]

    code, said, _ = tome(capsys, "feedback", "pull", "mine", "--from", "me/fb", "--json")
    assert code == 0
    assert (said["rows"], said["new"], said["kinds"]) == (2, 2, {"up": 1, "down": 1})
    assert (run.folder / "feedback" / store.path.name).read_bytes() == store.path.read_bytes()
    assert tome(capsys, "feedback", "pull", "mine", "--from", "me/fb", "--json")[1]["new"] == 0


def test_pull_needs_a_repository(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = tome(capsys, "feedback", "pull", "mine")
    assert code == 2 and "--from USER/NAME" in err
