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
from curation.report import _findings, finding, render, write_report
from curation.report_parts import _ticks
from curation.rows import make_rows
from curation.step import LEDGER
from curation.store import Store, Version

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


class Attributes(HTMLParser):
    """Collects the names of all attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: set[str | None] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names |= {name for name, _ in attrs}
        self.links |= {value for name, value in attrs if name == "href"}


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
    assert not {name for name in attributes.names if name == "src" or name.startswith("on")}
    assert attributes.links
    assert all(re.fullmatch(r"#s\d+", link) for link in attributes.links), "a link leads out of the page"
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
    assert found["diff"]["by_category"] == [
        {"category": "math", "before": 1, "after": 1, "added": 1, "dropped": 1, "edited": 0},
        {"category": "code", "before": 0, "after": 1, "added": 1, "dropped": 0, "edited": 0},
    ]
    page = render(found)
    assert "two versions side by side" in page
    assert "b has 1 more row than a and is more even" in page
    assert HOSTILE not in page
    assert "hollow before, full after" in page


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


def test_diff_and_report_write_the_same_page(
    shelf: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(shelf, "a", ["math"] * 2)
    put(shelf, "b", ["math", "code"])
    one, two = tmp_path / "one.html", tmp_path / "two.html"
    assert tome.run(["diff", "a", "b", "--report", "--out", str(one), "--json"]) == 0
    found = last(capsys)
    assert found["html"] == str(one)
    assert found["dropped"] == 2
    assert tome.run(["report", "b", "--against", "a", "--out", str(two)]) == 0
    assert one.read_bytes() == two.read_bytes()
    assert one.with_suffix(".json").read_bytes() == two.with_suffix(".json").read_bytes()
    assert tome.run(["diff", "a", "b", "--out", str(one)]) == 2
    assert "Add --report" in capsys.readouterr().err


RECIPE = """\
name: clean
require: [contamination]
sources: [{uri: 'version:a', name: a}]
steps:
  - {op: contamination, against: [TESTS], ngram: 3, shortest: 3}
  - {op: decontaminate, overlap: 0.5}
  - {op: near_dup, threshold: 0.9}
  - {op: split, eval: 0}
"""


def test_overlap_with_test_sets_is_told_with_its_evidence(shelf: Store, tmp_path: Path) -> None:
    import polars as pl

    from curation.export import write_export
    from curation.recipe import parse_recipe
    from curation.run import run_recipe

    texts = ["How many apples does Ann have now?", "Tell me how many apples grow here.", "What is a verb?"]
    talks = [[{"role": "user", "content": t}, {"role": "assistant", "content": "Three."}] for t in texts]
    with shelf.lock():
        shelf.put(make_rows(talks, source="a"), pl.DataFrame(schema=LEDGER), kind="ingest", name="a")
    tests = tmp_path / "exam.jsonl"
    tests.write_text(json.dumps({"question": texts[0]}) + "\n")
    version = run_recipe(parse_recipe(RECIPE.replace("TESTS", str(tests))), shelf)
    told = figures(shelf, version)["contamination"]
    ids = shelf.get("a").rows()["id"].to_list()
    checked = {
        "version": version.id,
        "against": ["exam.jsonl"],
        "ngram": 3,
        "rows": 3,
        "hit": 2,
        "by_benchmark": {"exam": 2},
    }
    assert told["checks"] == [checked]
    cut = {"id": ids[0], "benchmark": "exam", "item": 0, "overlap": 1.0, "match": texts[0][:-1]}
    left = {"id": ids[1], "benchmark": "exam", "item": 0, "overlap": 0.2, "match": "how many apples"}
    assert told["cut"] == [cut]
    assert told["left"] == [left]
    assert (told["dropped"], told["left_rows"]) == (1, 1)
    card = (write_export(shelf, version, name="clean") / "README.md").read_text()
    assert f"| {ids[0]} | exam | 0 | 1.0 | {texts[0][:-1]} |" in card
    assert "3 rows were compared with exam.jsonl by runs of 3 words: 2 had something in common." in card
    assert str(tests) not in card.partition("## How to make it again")[0]


def test_what_a_recipe_requires_holds_for_what_comes_of_its_version(shelf: Store, tmp_path: Path) -> None:
    from curation.errors import InputError
    from curation.export import write_export
    from curation.recipe import parse_recipe
    from curation.run import run_recipe

    put(shelf, "a", ["math"] * 3)
    put(shelf, "b", ["code"] * 3)
    tests = tmp_path / "exam.jsonl"
    tests.write_text(json.dumps({"question": "Name the largest of all planets."}) + "\n")
    run_recipe(parse_recipe(RECIPE.replace("TESTS", str(tests))), shelf)
    mixed = "name: mixed\nsources: [{uri: 'version:clean', name: clean}, {uri: 'version:b', name: b}]\nsteps: [{op: split, eval: 0}]"
    version = run_recipe(parse_recipe(mixed), shelf)
    with pytest.raises(
        InputError, match="recipe clean requires contamination, which didn't run on all of its rows"
    ):
        write_export(shelf, version, name="mixed")


def test_lengths_stand_in_bins_that_two_versions_share() -> None:
    from curation.lengths import edge, lengths

    assert [edge(n) for n in range(6)] == [0.0, 1.0, 1.189, 1.414, 1.682, 2.0]
    talks = [
        [{"role": "user", "content": "word " * n}] * turns for n, turns in ((0, 1), (1, 1), (2, 2), (8, 40))
    ]
    found = lengths(make_rows(talks, source="s").lazy())
    words = {b["start"]: b["rows"] for b in found["words"] if b["rows"]}
    assert words == {0.0: 1, 1.0: 1, 4.0: 1, 304.437: 1}  # 320 words lie between 304.4 and 362
    turns = {b["start"]: b["rows"] for b in found["turns"] if b["rows"]}
    assert turns == {1.0: 2, 2.0: 1, 16.0: 1}
    assert lengths(make_rows([], source="s").lazy()) == {"words": [], "turns": []}


def test_an_axis_has_round_marks_and_not_too_many() -> None:
    assert _ticks(9.5, 320.0) == [10, 20, 50, 100, 200]
    assert _ticks(0.0, 1_000_000.0) == [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]


def test_columns_of_nothing_are_named_in_one_line() -> None:
    number = {"kind": "number", "known": 2, "mean": 0.0, "p05": 0.0, "median": 0.0, "p95": 0.0, "max": 0.0}
    found = {
        "quality.echo": {"kind": "flag", "rows": 3},
        "quality.refusal": {"kind": "flag", "rows": 0},
        "pii.total": number,
        "stats.words": number | {"mean": 1.5, "max": 3.0},
        "quality.flags": {"kind": "values", "values": {"": 2, "echo": 3}},
        "language.code": {"kind": "values", "values": {"en": 5}},
    }
    page = re.sub(r"<[^>]+>", " ", _findings(found, {"language.code": []}))
    assert " ".join(page.split()) == (
        "Flags column rows quality.echo 3 On no row: quality.refusal. "
        "Numbers column rows mean 5% median 95% max stats.words 2 1.5 0 0 0 3 "
        "0 on every row, or without a value: pii.total. "
        "quality.flags value rows (none) 2 echo 3"
    )
