"""Runs: the same id on any machine, cache against no cache, interrupted and gone on, sources and weights."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from checkout import ROOT
from polars.testing import assert_frame_equal

import curation
from curation.contract import Home
from curation.errors import InputError, RecipeError, StepError
from curation.recipe import Recipe, parse_recipe, step_from
from curation.rows import rows_hash
from curation.run import run_recipe
from curation.step import Context, Step
from curation.store import Store, Version

Text = Callable[..., str]


class Reports(list[tuple[str, dict[str, Any]]]):
    """What a run reported."""

    def __call__(self, event: str, **fields: Any) -> None:
        self.append((event, fields))

    def cached(self) -> list[tuple[str, bool]]:
        return [(fields["op"], fields["cached"]) for event, fields in self if event == "step_done"]


def same(a: Version, b: Version) -> None:
    assert a.id == b.id
    assert_frame_equal(a.rows(), b.rows())
    assert_frame_equal(a.ledger(), b.ledger())
    assert_frame_equal(a.dropped(), b.dropped())
    assert a.manifest.steps == b.manifest.steps


# --------------------------------------------------------------------------------------- the same id anywhere

TINY = """\
name: golden
seed: 7
sources:
  - {uri: rows.jsonl, name: s, map: {category: source}, licence: MIT}
steps:
  - normalize
  - stats
  - {op: filter, where: "score >= 0.2"}
  - dedup
  - {op: split, eval: 0.2, stratify: category}
  - {op: balance, to: uniform, max_repeats: 2}
"""
GOLDEN = "2b354ffdcd14e166"
"""The id of the recipe above over the rows of ``source_file``. A change of it is a change of hashes: every version
that people have would get another id. Change it on purpose only, and say so in the changelog."""

CHILD = """
import json, os
from pathlib import Path
from curation import Store, load_recipe, run_recipe
from curation.contract import Home

if __name__ == "__main__":
    version = run_recipe(load_recipe(Path("recipe.yaml")), Store(Home(Path(os.environ["TOME_HOME"]))))
    print(json.dumps([version.id, version.manifest.rows]))
"""


def in_a_process(folder: Path, home: Path, **env: str) -> list[Any]:
    (folder / "child.py").write_text(CHILD)
    (folder / "recipe.yaml").write_text(TINY, encoding="utf-8")
    shown = subprocess.run(
        [sys.executable, "child.py"], capture_output=True, text=True, cwd=folder, check=False, timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TOME_HOME": str(home), **env},
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    found: list[Any] = json.loads(shown.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "env",
    [
        {"POLARS_MAX_THREADS": "1", "PYTHONHASHSEED": "1"},
        {"POLARS_MAX_THREADS": "4", "PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
    ],
    ids=["one-thread", "four-threads"],
)
def test_the_id_is_golden_anywhere(source_file: Path, tmp_path: Path, env: dict[str, str]) -> None:
    elsewhere = tmp_path / env["POLARS_MAX_THREADS"] / "deep"
    elsewhere.mkdir(parents=True)
    shutil.copy(source_file, elsewhere / "rows.jsonl")
    assert in_a_process(elsewhere, tmp_path / "h" / env["POLARS_MAX_THREADS"], **env) == [GOLDEN, 31]


def test_parquet_and_jsonl_of_the_same_rows_are_the_same_rows(source_file: Path, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in source_file.read_text().splitlines()]
    pl.DataFrame(lines).write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "rows.json").write_text(json.dumps(lines))
    found = {
        rows_hash(curation.read(str(path), name="s", mapping={"category": "source"}).rows)
        for path in (source_file, tmp_path / "rows.parquet", tmp_path / "rows.json")
    }
    assert len(found) == 1


# ------------------------------------------------------------------------------------------------- the cache

EVERY_KIND = """\
  - normalize
  - stats
  - {op: filter, where: "score >= 0.2"}
  - {op: dedup, by: category, keep: {max: score}}
  - {op: split, eval: 0.2, stratify: null}
  - {op: balance, by: category, to: largest, budget: {rows: 9}}
"""


@pytest.mark.parametrize("steps", [None, EVERY_KIND], ids=["tiny", "few-rows"])
def test_from_the_cache_it_is_the_same(tmp_path: Path, recipe_text: Text, steps: str | None) -> None:
    text = recipe_text(steps) if steps else recipe_text()
    recipe = parse_recipe(text)
    store = Store(Home(tmp_path / "one"))
    first, second, fresh = Reports(), Reports(), Reports()
    plain = run_recipe(recipe, store, workers=1, report=first)
    assert not any(cached for _, cached in first.cached())
    again = run_recipe(recipe, store, workers=1, report=second)
    assert second.cached() == [(step.op, True) for step in recipe.steps]
    other = run_recipe(recipe, Store(Home(tmp_path / "two")), workers=2, report=fresh)
    same(plain, again)
    same(plain, other)


def test_a_changed_step_runs_from_there(store: Store, recipe_text: Text) -> None:
    run_recipe(parse_recipe(recipe_text()), store, workers=1)
    reports = Reports()
    changed = recipe_text().replace("score >= 0.2", "score >= 1.0")
    version = run_recipe(parse_recipe(changed), store, workers=1, report=reports)
    assert [cached for _, cached in reports.cached()] == [True, True, False, False, False, False]
    assert version.rows()["score"].min() >= 1.0
    reports = Reports()
    run_recipe(
        parse_recipe(recipe_text().replace('"seed": 7', '"seed": 8').replace("seed: 7", "seed: 8")),
        store,
        workers=1,
        report=reports,
    )
    assert not any(cached for _, cached in reports.cached())


@pytest.mark.parametrize("damage", ["summary", "columns", "gone"])
def test_a_damaged_entry_runs_again(store: Store, ran: Version, recipe_text: Text, damage: str) -> None:
    for entry in (store.root / "cache" / "steps").iterdir():
        if damage == "summary":
            (entry / "summary.json").write_text("{")
        elif damage == "columns":
            (entry / "columns.parquet").write_bytes(b"PAR1")
        else:
            (entry / "ids.parquet").unlink()
    reports = Reports()
    same(ran, run_recipe(parse_recipe(recipe_text()), store, workers=1, report=reports))
    assert not any(cached for _, cached in reports.cached())


@pytest.mark.parametrize("place", range(6))
def test_an_interrupted_run_goes_on_where_it_stopped(
    tmp_path: Path, recipe_text: Text, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, store = parse_recipe(recipe_text()), Store(Home(tmp_path / "one"))

    def power_cut(self: Step, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(type(recipe.steps[place]), "apply", power_cut)
        with pytest.raises(
            StepError, match=rf"step {place} \({recipe.steps[place].op}\).*: RuntimeError: power cut"
        ):
            run_recipe(recipe, store, workers=1)
    assert "tiny" not in store.refs()
    reports = Reports()
    version = run_recipe(recipe, store, workers=1, report=reports)
    assert [cached for _, cached in reports.cached()] == [True] * place + [False] * (6 - place)
    same(version, run_recipe(recipe, Store(Home(tmp_path / "two")), workers=1))


# -------------------------------------------------------------------------------------------- runs and sources


def test_what_a_run_says(store: Store, ran: Version) -> None:
    manifest = ran.manifest
    assert [(s["op"], s["in"], s["dropped"], s["made"], s["out"]) for s in manifest.steps] == [
        ("normalize", 36, 0, 0, 36),
        ("stats", 36, 0, 0, 36),
        ("filter", 36, 2, 0, 34),
        ("dedup", 34, 0, 0, 34),
        ("split", 34, 0, 0, 34),
        ("balance", 34, 9, 6, 31),
    ]
    assert manifest.steps[2]["reasons"] == {"not score >= 0.2": 2}
    assert manifest.sources[0]["rows"] == 36
    assert manifest.sources[0]["licence"] == "MIT"
    assert ran.dropped()["dropped_by"].value_counts().sort("dropped_by").rows() == [
        ("balance", 9),
        ("filter", 2),
    ]
    store.verify(ran)


def test_a_version_as_a_source_with_limit_and_weight(store: Store, ran: Version) -> None:
    def rows(**more: object) -> Version:
        source = {"uri": "version:s", "name": "again", **more}
        return run_recipe(Recipe.model_validate({"name": "next", "sources": [source]}), store)

    assert rows().rows().equals(store.get("s").rows())
    few, fewer = rows(limit=5), rows(limit=3)
    assert few.manifest.rows == 5
    assert set(fewer.rows()["id"]) < set(few.rows()["id"])
    assert few.dropped().height == 31
    assert set(few.dropped()["reason"]) == {"outside the sample of 5 rows (random)"}
    assert rows(weight=0.5).manifest.rows == 18
    assert few.manifest.parents == [store.get("s").id]


def test_a_source_twice_is_refused(store: Store, ran: Version) -> None:
    sources = [{"uri": "version:s", "name": "a"}, {"uri": "version:s", "name": "b"}]
    with pytest.raises(InputError, match="comes from two sources"):
        run_recipe(Recipe.model_validate({"name": "x", "sources": sources}), store)


def test_apply_takes_names_mappings_and_steps(small: pl.DataFrame) -> None:
    done = curation.apply(small, "normalize", {"op": "filter", "where": "turns() > 1"}, step_from("dedup"))
    assert done.rows.height == 5
    assert done.ledger["place"].to_list() == [2]
    nothing = curation.apply(small)
    assert nothing.rows.equals(small)
    assert (nothing.dropped.height, nothing.ledger.height) == (0, 0)
    with pytest.raises(RecipeError, match="there is no step 'nrmalize'"):
        curation.apply(small, "nrmalize")


def test_progress_has_a_rate(store: Store, recipe_text: Text) -> None:
    reports = Reports()
    run_recipe(parse_recipe(recipe_text("  - near_dup\n")), store, report=reports)
    progress = [fields for event, fields in reports if event == "progress"]
    assert progress
    assert {"done", "total", "rate", "left", "op"} <= set(progress[-1])
    assert reports[-1][0] == "version"
