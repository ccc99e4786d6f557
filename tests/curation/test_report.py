"""The report and the figures: exact counts, safe HTML, nothing loaded; the commands that plan and mix."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import tome
from curation.contract import Home
from curation.figures import figures
from curation.report import finding, render, write_report
from curation.rows import make_rows
from curation.step import LEDGER
from curation.store import Store, Version

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


class Attributes(HTMLParser):
    """Collects the names of all attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names |= {name for name, _ in attrs}


def put(store: Store, name: str, categories: list[str]) -> Version:
    import polars as pl

    talks = [
        [{"role": "user", "content": f"{HOSTILE} {n}"}, {"role": "assistant", "content": "two words"}]
        for n in range(len(categories))
    ]
    rows = make_rows(talks, source=name, categories=categories)
    with store.lock():
        return store.put(rows, pl.DataFrame(schema=LEDGER), kind="ingest", name=name)


@pytest.fixture
def shelf(home: Home) -> Store:
    return Store(home)


def test_figures_count_by_every_dimension(shelf: Store) -> None:
    found = figures(shelf, put(shelf, "a", ["math"] * 3 + ["code"]))
    assert [(v["value"], v["rows"], v["share"]) for v in found["dimensions"]["category"]] == [
        ("math", 3, 0.75),
        ("code", 1, 0.25),
    ]
    assert found["measures"]["imbalance"] == 3.0
    assert set(found["examples"]) == {"math", "code"}
    assert "math, is 3.0 times as large" in finding(found)


def test_a_report_shows_hostile_text_as_text_and_loads_nothing(shelf: Store, tmp_path: Path) -> None:
    version = put(shelf, HOSTILE[1:7].strip("<>/"), [HOSTILE, "code"])
    path = tmp_path / "r.html"
    write_report(shelf, version, path)
    page = path.read_text()
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    attributes = Attributes()
    attributes.feed(page)
    assert not {name for name in attributes.names if name in ("src", "href") or name.startswith("on")}
    assert not re.search(r"url\(|@import", page)
    assert json.loads(path.with_suffix(".json").read_text())["version"]["id"] == version.id


def test_a_report_against_another_version_counts_the_difference(shelf: Store, tmp_path: Path) -> None:
    a, b = put(shelf, "a", ["math"]), put(shelf, "b", ["math", "code"])
    found = write_report(shelf, b, tmp_path / "r.html", against=a)
    assert {kind: found["diff"][kind] for kind in ("added", "dropped", "edited")} == {
        "added": 2,
        "dropped": 1,
        "edited": 0,
    }
    assert "Before and after" in render(found)


def last(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_merge_takes_weights_and_carries_licences(shelf: Store, capsys: pytest.CaptureFixture[str]) -> None:
    put(shelf, "a", ["math"] * 4)
    put(shelf, "b", ["code"] * 4)
    assert tome.run(["merge", "a", "b=0.5", "--name", "mix", "--json"]) == 0
    found = last(capsys)
    assert found["by_source"] == {"a": 4, "b": 2}
    assert (
        shelf.get("mix").dropped()["reason"].to_list()
        == ["outside the sample of 0.5 of the rows (random)"] * 2
    )


@pytest.mark.parametrize("weight", ["0", "1.5", "x"])
def test_merge_refuses_what_is_no_weight(
    shelf: Store, weight: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put(shelf, "a", ["math"])
    assert tome.run(["merge", f"a={weight}", "--name", "mix"]) == 2
    assert "is no weight" in capsys.readouterr().err


def test_balance_plans_before_it_makes_anything(shelf: Store, capsys: pytest.CaptureFixture[str]) -> None:
    from curation.recipe import parse_recipe
    from curation.run import run_recipe

    put(shelf, "a", ["math"] * 6 + ["code"] * 2)
    recipe = "name: s\nsources: [{uri: 'version:a', name: a}]\nsteps: [{op: split, eval: 0}]"
    run_recipe(parse_recipe(recipe), shelf)
    assert (
        tome.run(
            ["balance", "s", "--to", "uniform", "--rows", "8", "--max-repeats", "1.5", "--plan", "--json"]
        )
        == 0
    )
    found = last(capsys)
    assert found["version"] is None
    lines = {line["category"]: line for line in found["plan"]["lines"]}  # type: ignore[index]
    keys = ("now", "target", "taken", "repeats", "to_augment")
    assert [lines["math"][key] for key in keys] == [6, 4, 4, 0, 0]
    assert [lines["code"][key] for key in keys] == [2, 4, 2, 1, 1]
    assert tome.run(["balance", "s", "--to", "math=0.5,code=0.5", "--rows", "4", "--json"]) == 0
    assert shelf.get("s-balanced").manifest.rows == 4
    assert tome.run(["balance", "s", "--to", "evenly"]) == 2
    assert "can't read the target" in capsys.readouterr().err


def test_the_report_command_writes_both_files(
    shelf: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version = put(shelf, "a", ["math"])
    assert tome.run(["report", "a", "--out", str(tmp_path / "x.html"), "--json"]) == 0
    found = last(capsys)
    assert found["version"] == version.id
    assert (tmp_path / "x.html").is_file()
    assert (tmp_path / "x.json").is_file()
