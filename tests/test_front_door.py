"""The front door: what is next, one line for a mistake, nothing heavy loaded for a help text."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

import tome
from curation.store import Version


@pytest.mark.parametrize("group", ["augment", "hand", "feedback"])
def test_a_group_without_a_command_shows_its_help(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tome.run([group]) == 2
    alone = capsys.readouterr()
    assert tome.run([group, "--help"]) == 0
    assert alone.out == capsys.readouterr().out
    assert alone.err == ""


def test_what_is_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"

    def next_line() -> str:
        assert tome.run(["--home", str(home)]) == 0
        return next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Next:"))

    def mark(path: str, text: str = "{}") -> None:
        (home / path).parent.mkdir(parents=True)
        (home / path).write_text(text)

    assert "tome run data/recipes/demo.yaml" in next_line()
    mark("store/versions/aaaa/manifest.json", '{"kind": "ingest"}')
    assert "tome run data/recipes/demo.yaml" in next_line()
    mark("store/versions/.bbbb.1.partial/manifest.json", '{"kind": "run"}')
    assert "tome run data/recipes/demo.yaml" in next_line()
    mark("store/versions/cccc/manifest.json", '{"kind": "run"}')
    assert "tome export cccc --name first" in next_line()
    mark("exports/first/export.json")
    assert "tome train first" in next_line()
    mark("runs/r1/run.json", '{"state": "failed"}')
    assert "tome train first" in next_line()
    mark("runs/r2/run.json", '{"state": "done"}')
    assert "tome chat r2" in next_line()


def test_the_next_command_works(ran: Version, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(ran.folder.parents[2])
    assert tome.run(["--home", home]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Next:"))
    command = line.removeprefix("Next:  tome ").split("        ")[0].split()
    assert command == ["export", ran.id, "--name", "first"]
    assert tome.run([*command, "--home", home]) == 0


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["ingset"], "tome: there is no command 'ingset'. Did you mean 'ingest'? Known: "),
        (["versions", "--jsn"], "tome: No such option: --jsn"),
        (["show"], "tome: Missing argument 'version'. See: tome show --help"),
        (["run", "x.yaml", "--limit", "0"], "tome: Invalid value for '--limit'"),
        (["run", "x.yaml", "--limit", "many"], "tome: Invalid value for '--limit'"),
        (["run", "nosuch.yaml"], "tome: nosuch.yaml: there is no such recipe"),
        (["ingest", "nosuch.jsonl", "--name", "x"], "tome: nosuch.jsonl: no such file"),
        (["ingest", "x.jsonl", "--name", "../x"], "tome: '../x' can't be a name"),
        (["ingest", "x.jsonl", "--name", "x", "--map", "user"], "tome: --map: can't read the map 'user'"),
        (["show", "nobody"], "there are no versions yet. Make one: tome run data/recipes/demo.yaml"),
        (["why", "0123"], "no row '0123'"),
        (["verify", "nobody"], "there are no versions yet"),
        (["verify", "./nobody"], "tome: nobody: there is no export.json here. Is this the right folder?"),
        (["versions", "--home"], "tome: --home wants a folder. Write it like --home /tmp/other."),
        (["--bogus"], "tome: No such option: --bogus"),
    ],
)
def test_a_mistake_is_one_line(
    argv: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert tome.run(argv) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1, said.err
    assert said.err.startswith("tome: ")
    assert said.out == ""


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    from curation.errors import RecipeError

    with pytest.raises(RecipeError):
        tome.run(["run", str(tmp_path / "no.yaml"), "--debug"])
    shown = command("run", "no.yaml", "--debug", cwd=tmp_path)
    assert shown.returncode == 1
    assert "Traceback" in shown.stderr
    plain = command("run", "no.yaml", cwd=tmp_path)
    assert plain.returncode == 2
    assert "Traceback" not in plain.stderr


def test_our_own_mistake_is_said_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: object) -> None:
        raise RuntimeError("oh no")

    monkeypatch.setattr("curation.store.Store.versions", broken)
    assert tome.run(["versions"]) == 1
    assert capsys.readouterr().err == "tome: RuntimeError: oh no. This is our mistake; --debug shows where.\n"


def test_stopping_is_said_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("curation.store.Store.versions", stopped)
    assert tome.run(["versions"]) == 130
    assert capsys.readouterr().err.startswith("Stopped. What was finished is kept")


def test_a_file_that_may_not_be_read_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(self: object) -> None:
        raise PermissionError(13, "Permission denied", "/some/file")

    monkeypatch.setattr("curation.store.Store.versions", denied)
    assert tome.run(["versions"]) == 2
    assert capsys.readouterr().err == (
        "tome: /some/file: Permission denied. Check the path and its permissions.\n"
    )


def command(*argv: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    """Run ``tome`` as a person would, in a process of its own."""
    code = "import sys; from tome import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *argv],
        capture_output=True, text=True, cwd=cwd, env={**os.environ, **env}, timeout=120,
    )  # fmt: skip


def test_home_and_json_in_a_real_process(tmp_path: Path) -> None:
    shown = command("versions", "--json", "--home", str(tmp_path / "h"))
    assert shown.returncode == 0
    assert json.loads(shown.stdout.splitlines()[-1]) == {"versions": []}
    assert "No versions yet" in shown.stderr


@pytest.mark.parametrize(("world", "torn_down"), [("1", True), ("2", False)])
@pytest.mark.parametrize(("word", "code"), [("--version", 0), ("no-such-command", 2)])
def test_a_rank_leaves_without_tearing_the_interpreter_down(
    tmp_path: Path, world: str, torn_down: bool, word: str, code: int
) -> None:
    """A process group's native threads live to the end; an interpreter torn down beside them can abort."""
    (tmp_path / "sitecustomize.py").write_text("import atexit\natexit.register(lambda: print('torn down'))\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "tome", word],
        capture_output=True,
        text=True,
        env={**os.environ, "WORLD_SIZE": world, "RANK": "0", "PYTHONPATH": path},
        check=False,
    )
    assert (done.returncode, "torn down" in done.stdout) == (code, torn_down)
    assert done.stdout.startswith("0.") == (code == 0)
    assert ("there is no command 'no-such-command'" in done.stderr) == (code == 2)


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    shown = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -c 'from tome import main; main()' --help | head -1"],
        capture_output=True, text=True, cwd=ROOT, timeout=120,
    )  # fmt: skip
    assert "Traceback" not in shown.stderr


HEAVY = (
    "polars",
    "torch",
    "pyarrow",
    "pydantic",
    "streamlit",
    "gradio",
    "transformers",
    "datasets",
    "pandas",
    "numpy",
    "curation.rows",
)


@pytest.mark.parametrize("argv", [["--help"], [], ["--version"]])
def test_help_loads_nothing_heavy(argv: list[str]) -> None:
    code = (
        "import sys, json, tome\n"
        f"code = tome.run({argv!r})\n"
        f"print(json.dumps([code, [m for m in {HEAVY!r} if m in sys.modules]]))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert json.loads(shown.stdout.splitlines()[-1]) == [0, []], shown.stderr


@pytest.mark.parametrize("name", sorted(tome.COMMANDS))
def test_every_command_has_a_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    package, line = tome.COMMANDS[name]
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        pytest.skip(f"{package} isn't there: {error}")
    assert tome.run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    paragraphs = [" ".join(part.split()) for part in shown.split("\n\n")]
    assert paragraphs[0].startswith(f"Usage: tome {name}")
    assert paragraphs[1].startswith(line.rstrip(".")), "the line in tome.COMMANDS is the help's first"
    words = " ".join(paragraphs)
    assert f"tome {name} " in words.replace(paragraphs[0], "") or f"Example: tome {name}" in words
    assert re.search(r"[Ee]xamples?: ", words)


def test_the_list_of_commands_is_in_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert tome.run(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, (_, line) in tome.COMMANDS.items():
        assert name in shown
        assert " ".join(line.split())[:40] in shown
