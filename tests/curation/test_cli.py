"""The commands of curation through the front door: keys of --json, hostile data, and what is said to people."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import tome
from curation.doctor import EXTRAS, examine
from curation.store import Store, Version

Text = Callable[..., str]
Tome = Callable[..., dict[str, Any]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], store: Store) -> Callable[..., str]:
    """Run a command for people and give what it printed."""

    def run(*argv: str) -> str:
        capsys.readouterr()
        code = tome.run([*argv, "--home", str(store.home.root)])
        said = capsys.readouterr()
        assert code == 0, said.err
        return said.out

    return run


@pytest.fixture
def recipe_file(tmp_path: Path, recipe_text: Text) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(recipe_text(), encoding="utf-8")
    return path


def test_the_whole_way(tome_json: Tome, recipe_file: Path, source_file: Path, store: Store) -> None:
    read = tome_json(
        "ingest", str(source_file), "--name", "s", "--map", "category=source", "--licence", "MIT"
    )
    assert set(read) == {
        "version",
        "name",
        "rows",
        "rejects",
        "input_rows",
        "reasons",
        "shape",
        "licence",
        "sampled",
        "review",
    }
    assert (read["rows"], read["rejects"], read["input_rows"], read["licence"]) == (36, 0, 36, "MIT")

    ran = tome_json("run", str(recipe_file))
    assert set(ran) == {"version", "name", "rows", "categories", "steps"}
    assert (ran["name"], ran["rows"]) == ("tiny", 31)
    assert [step["op"] for step in ran["steps"]] == [
        "normalize",
        "stats",
        "filter",
        "dedup",
        "split",
        "balance",
    ]

    listed = tome_json("versions")["versions"]
    assert [(one["id"], one["names"], one["kind"], one["rows"]) for one in listed] == [
        (ran["version"], ["tiny"], "run", 31),
        (read["version"], ["s"], "ingest", 36),
    ]
    shown = tome_json("show", "tiny", "-n", "2")
    assert set(shown) == {
        "id",
        "name",
        "kind",
        "rows",
        "categories",
        "columns",
        "parents",
        "sources",
        "steps",
        "left_out",
        "head",
    }
    assert shown["left_out"] == [
        {"step": "balance", "reason": "over the target of math: 8 of 17 rows", "rows": 9},
        {"step": "filter", "reason": "not score >= 0.2", "rows": 2},
    ]
    assert len(shown["head"]) == 2
    assert shown["parents"] == [read["version"]]

    changed = tome_json("diff", "s", "tiny")
    assert set(changed) == {"a", "b", "added", "dropped", "edited", "moved", "by_category", "reasons"}
    assert (changed["added"], changed["dropped"]) == (6, 11)

    told = tome_json("why", shown["head"][0]["id"])
    assert (told["state"], told["version"]) == ("kept", ran["version"])
    assert set(told) >= {
        "id",
        "source",
        "source_row",
        "origin",
        "category",
        "split",
        "family",
        "scores",
        "decisions",
    }

    assert tome_json("verify", "tiny") == {"ok": True, "kind": "version", "id": ran["version"], "rows": 31}
    out = tome_json("export", "tiny", "--name", "first")
    assert set(out) == {"export", "path", "version", "rows", "url"}
    assert (out["export"], out["version"], out["url"]) == ("first", ran["version"], None)
    assert out["rows"]["train"] + out["rows"]["eval"] == 31
    for what in ("first", out["path"]):
        found = tome_json("verify", what)
        assert (found["ok"], found["kind"], found["id"]) == (True, "export", ran["version"])
    assert store.refs() == {"s": read["version"], "tiny": ran["version"]}


def test_what_people_see(say: Callable[..., str], recipe_file: Path) -> None:
    assert say("versions") == "No versions yet. Make one: tome run data/recipes/demo.yaml\n"
    assert "31 rows in version" in say("run", str(recipe_file))
    listed = say("versions")
    assert "tiny" in listed
    assert "just now" in listed
    shown = say("show", "tiny")
    assert "math" in shown
    assert "Question" in shown
    assert "dropped" in say("diff", "s", "tiny")
    assert "is whole" in say("verify", "tiny")
    assert "Next: tome train tiny" in say("export", "tiny")


def test_limit_and_source_of_a_run(
    tome_json: Tome, recipe_file: Path, source_file: Path, tmp_path: Path, store: Store
) -> None:
    whole = tome_json("run", str(recipe_file))
    refs = store.refs()
    dry = tome_json("run", str(recipe_file), "--limit", "10")
    assert dry["rows"] <= 20
    assert dry["name"] == "tiny-dry"
    assert store.refs() == refs | {"tiny-dry": dry["version"], "s-dry": store.refs()["s-dry"]}
    assert store.refs()["tiny"] == whole["version"]
    other = tmp_path / "other.jsonl"
    other.write_text("".join(source_file.read_text().splitlines(keepends=True)[:20]))
    ran = tome_json("run", str(recipe_file), "--source", str(other))
    assert ran["steps"][0]["in"] == 20


def test_hostile_data_is_shown_and_not_obeyed(
    tome_json: Tome, say: Callable[..., str], tmp_path: Path, store: Store
) -> None:
    evil = "[/bold] [red]x[/red] \x1b[31m\x1b]0;title\x07 \u202e<script>| `x`"
    path = tmp_path / "evil.jsonl"
    turns = [{"role": "user", "content": evil}, {"role": "assistant", "content": f"{evil}\n{evil}"}]
    lines = [{"messages": turns, "category": evil, "note": evil}, {"messages": turns, "category": "[/x]"}]
    path.write_text(
        "".join(json.dumps(line) + "\n" for line in lines) + f"{{broken {evil}\n", encoding="utf-8"
    )
    shown = say("ingest", str(path), "--name", "evil")
    assert "2 rows + 1 reject = 3 read" in shown
    row = store.get("evil").rows()["id"][0]
    for command in (["show", "evil"], ["why", row], ["diff", "evil", "evil"], ["versions"]):
        shown += say(*command)
    assert "left out by" in shown  # the reject, with its reason
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    assert "[/bold] [red]x[/red] \\x1b[31m" in " ".join(shown.split())
    assert tome_json("why", row)["messages"] == turns


def test_a_home_with_brackets(tmp_path: Path, recipe_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "[red]home[/]"
    assert tome.run(["run", str(recipe_file), "--home", str(home)]) == 0
    assert tome.run(["export", "tiny", "--home", str(home)]) == 0
    assert f"{home}/exports/tiny" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("normalize", "normalise"), ":6: steps.0: there is no step 'normalise'. Did you mean 'normalize'?"),
        (("eval: 0.2", "evl: 0.2"), ":10: steps.4.evl: there is no field 'evl'. Did you mean 'eval'?"),
        (("score >= 0.2", "scor >= 0.2"), "'scor >= 0.2': there is no column 'scor'. Did you mean 'score'?"),
        (
            ("name: s,", "name: s, nmae: x,"),
            ":4: sources.0.nmae: there is no field 'nmae'. Did you mean 'name'?",
        ),
        (("rows.jsonl", "rowz.jsonl"), "no such file"),
        (("category: source", "category: sourse"), "sourse"),
    ],
)
def test_mistakes_of_a_recipe(
    recipe_file: Path, change: tuple[str, str], says: str, capsys: pytest.CaptureFixture[str], store: Store
) -> None:
    recipe_file.write_text(recipe_file.read_text().replace(*change))
    assert tome.run(["run", str(recipe_file), "--home", str(store.home.root)]) == 2
    said = capsys.readouterr()
    assert says in said.err.splitlines()[-1]
    assert said.err.splitlines()[-1].startswith("tome: ")
    assert "Traceback" not in said.err
    assert said.out == ""
    assert "tiny" not in store.refs()


def test_doctor(tome_json: Tome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    findings = {one["what"]: one for one in tome_json("doctor")["findings"]}
    assert {"python", "GPU", "backend unsloth", "demo model", "browser", "Hub", "disk"} <= set(findings)
    assert {f"extra {name}" for name in EXTRAS} <= set(findings)
    assert findings["Hub"]["ok"] is False
    assert findings["Hub"]["mend"]
    assert all(one["mend"] for one in findings.values() if not one["ok"])
    for endpoint in ("http://127.0.0.1:bad", "nonsense", ""):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        assert examine()


def test_damage_is_told_in_one_line(ran: Version, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    (ran.folder / "rows.parquet").write_bytes(b"PAR1 nothing PAR1")
    for command in (
        ["verify", "tiny"],
        ["export", "tiny"],
        ["show", "tiny"],
        ["diff", "s", "tiny"],
        ["why", "abc"],
    ):
        capsys.readouterr()
        assert tome.run([*command, "--home", str(store.home.root)]) == 2, command
        said = capsys.readouterr()
        assert said.err.splitlines()[-1].startswith("tome: ")
        assert "damaged" in said.err
        assert "Traceback" not in said.err


def test_the_story_of_a_candidate_tells_every_gate(
    say: Text, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
    from curation.augment.gates import Gates

    recipe = tmp_path / "swapped.yaml"
    samples = Path(__file__).parents[2] / "data" / "samples" / "larkfield.csv"
    recipe.write_text(
        f"name: swapped\nsources: [{{uri: '{samples}', name: l, map: {{user: question, assistant: answer, category: topic}}}}]\n"
        "steps: [split, {op: augment, category: legal, rows: 2, generators: [swap]}]\n",
        encoding="utf-8",
    )
    say("run", str(recipe))
    child = store.get("swapped").rows().filter(pl.col("made_by") == "augment")["id"][0]
    told = say("why", child)
    gates = set(Gates.model_fields) - {"against", "perplexity", "perplexity_ratio", "encoder"}
    assert {gate for gate in gates if f"{gate}: " in told} == gates
