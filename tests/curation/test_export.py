"""Exports: the contract with training, every refusal, and replacing one as a whole."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from talks import talk

from curation import export as export_module
from curation import parquet
from curation.contract import ExportInfo, file_sha256
from curation.errors import ContractError, InputError, StoreError
from curation.export import COLUMNS, steps_run, verify_export, write_export
from curation.recipe import Recipe, parse_recipe
from curation.rows import MESSAGES, make_rows
from curation.run import run_recipe
from curation.step import LEDGER
from curation.store import Store, Version

Text = Callable[..., str]


@pytest.fixture
def folder(store: Store, ran: Version) -> Path:
    return write_export(store, ran, name="first")


def put(store: Store, rows: pl.DataFrame, **more: Any) -> Version:
    with store.lock():
        return store.put(rows, pl.DataFrame(schema=LEDGER), kind="run", name="hand", **more)


def test_the_contract(store: Store, ran: Version, folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "eval.parquet",
        "export.json",
        "train.parquet",
    ]
    rows = ran.rows()
    info = ExportInfo.read(folder)
    for side in ("train", "eval"):
        part = pl.read_parquet(folder / f"{side}.parquet")
        assert part.columns == COLUMNS
        assert part.schema["messages"] == MESSAGES
        assert part.equals(rows.filter(pl.col("split") == side).select(COLUMNS))
        file = info.files[f"{side}.parquet"]
        assert (file.sha256, file.rows) == (file_sha256(folder / f"{side}.parquet"), part.height)
        assert info.counts[side] == dict(part.group_by("category").len().iter_rows())
    assert (info.name, info.dataset_id, info.rows_hash) == ("first", ran.id, ran.manifest.rows_hash)
    assert info.licences == {"s": "MIT"}
    assert info.recipe == ran.manifest.recipe
    assert [one["kind"] for one in info.lineage] == ["run", "ingest"]
    assert verify_export(folder) == info


def test_evaluation_is_original_and_apart(folder: Path) -> None:
    train, held = (pl.read_parquet(folder / f"{side}.parquet") for side in ("train", "eval"))
    assert held["made_by"].null_count() == held.height > 0
    for name in ("id", "family", "content_hash"):
        assert set(train[name]).isdisjoint(held[name])
    assert not train["parent_id"].drop_nulls().is_in(held["id"].implode()).any()


def test_the_card_makes_it_again(ran: Version, folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["license"] == "mit"
    assert front["configs"][0]["data_files"] == [
        {"split": "train", "path": "train.parquet"},
        {"split": "eval", "path": "eval.parquet"},
    ]
    recipe = parse_recipe(re.findall(r"```yaml\n(.*?)```", card, re.S)[0])
    assert recipe == Recipe.model_validate(ran.manifest.recipe)
    assert recipe.key() == Recipe.model_validate(ran.manifest.recipe).key()
    assert f"`{ran.id}`" in card
    assert "| filter | 36 | 2 | 0 | 0 | 34 | 2 not score \\>= 0.2 |" in card


def test_the_same_version_gives_the_same_bytes(store: Store, ran: Version, folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert write_export(store, ran, name="first") == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("recipe", "given", "expected"),
    [(None, None, None), ("From the recipe.", None, "From the recipe."), ("a", "b", "b"), ("a", "", None)],
)
def test_system_prompt(
    store: Store, recipe_text: Text, recipe: str | None, given: str | None, expected: str | None
) -> None:
    version = run_recipe(parse_recipe(recipe_text(**({"system_prompt": recipe} if recipe else {}))), store)
    folder = write_export(store, version, name="p", system_prompt=given)
    assert ExportInfo.read(folder).system_prompt == expected


@pytest.mark.parametrize("name", ["train.parquet", "eval.parquet"])
def test_a_changed_file_is_named(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as handle:
        handle.write(b"x")
    with pytest.raises(StoreError, match=f"{name} was changed: sha256 [0-9a-f]{{12}}, export.json says"):
        verify_export(folder)
    (folder / name).unlink()
    with pytest.raises(StoreError, match=f"{name} is missing"):
        verify_export(folder)


def test_no_export_json(folder: Path) -> None:
    (folder / "export.json").unlink()
    with pytest.raises(ContractError, match=r"there is no export\.json here"):
        verify_export(folder)


# ------------------------------------------------------------------------------------------------- refusals


def ready() -> pl.DataFrame:
    rows = make_rows([talk(f"q{n}", f"a{n}") for n in range(6)], source="s")
    return rows.with_columns(split=pl.Series(["train"] * 4 + ["eval"] * 2))


def changed(place: int, messages: list[dict[str, str]]) -> pl.DataFrame:
    rows = ready()
    other = make_rows([messages], source="s").with_columns(
        id=rows["id"][place : place + 1], split=rows["split"][place : place + 1]
    )
    return pl.concat([rows[:place], other, rows[place + 1 :]])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (ready().with_columns(split=pl.lit(None, pl.String)), "6 rows have no split. Add a split step"),
        (ready().with_columns(split=pl.lit("eval")), "no rows to train on"),
        (ready().head(0), "no rows to train on"),
        (ready().with_columns(family=pl.lit("f")), "1 families stand on both sides, such as f. Split after"),
        (
            changed(0, talk("q5", "a5")).with_columns(family=pl.col("id")),
            "1 texts stand on both sides, such as that of row ",
        ),
        (changed(1, talk("only a question")), "1 rows have no assistant text, such as "),
        (changed(1, talk("q", " \n")), "1 rows have no assistant text, such as "),
        (changed(4, []), "1 rows have no assistant text, such as "),
    ],
)
def test_refusals(store: Store, rows: pl.DataFrame, says: str) -> None:
    version = put(store, rows)
    with pytest.raises(InputError) as caught:
        write_export(store, version, name="x")
    assert str(caught.value).startswith(f"version {version.id}: {says}")
    assert not store.home.exports.exists()


def test_no_evaluation_side_is_allowed(store: Store) -> None:
    folder = write_export(store, put(store, ready().with_columns(split=pl.lit("train"))), name="x")
    assert pl.read_parquet(folder / "eval.parquet").height == 0
    front = yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])
    assert [one["split"] for one in front["configs"][0]["data_files"]] == ["train"]


def test_a_damaged_version_is_refused(store: Store, ran: Version) -> None:
    parquet.write(ran.rows().head(5), ran.folder / "rows.parquet")
    with pytest.raises(StoreError, match=r"damaged: rows\.parquet was changed"):
        write_export(store, ran, name="x")


def test_a_required_step_must_have_run(store: Store, recipe_text: Text) -> None:
    version = run_recipe(parse_recipe(recipe_text(require=["near_dup"])), store)
    with pytest.raises(
        InputError,
        match=r"recipe tiny requires near_dup, which didn't run on all of its rows\. Add the step near_dup",
    ):
        write_export(store, version, name="x")
    steps = "  - near_dup\n  - {op: split, eval: 0.2}\n"
    write_export(store, run_recipe(parse_recipe(recipe_text(steps, require=["near_dup"])), store), name="x")


def test_a_required_step_may_have_run_before(store: Store, recipe_text: Text) -> None:
    run_recipe(parse_recipe(recipe_text("  - near_dup\n  - {op: split, eval: 0.2}\n", name="parent")), store)
    source = {"uri": "version:parent", "name": "p"}
    recipe = {"name": "child", "sources": [source], "steps": ["stats"], "require": ["near_dup", "split"]}
    version = run_recipe(Recipe.model_validate(recipe), store)
    assert steps_run(store, version) == {"near_dup", "split", "stats"}
    write_export(store, version, name="x")


def test_another_version_or_folder_is_not_overwritten(store: Store, ran: Version, folder: Path) -> None:
    other = put(store, ready())
    with pytest.raises(
        InputError, match=r"holds another version, or something else\. Give another --name, or --overwrite"
    ):
        write_export(store, other, name="first")
    assert ExportInfo.read(folder).dataset_id == ran.id
    write_export(store, other, name="first", overwrite=True)
    assert ExportInfo.read(folder).dataset_id == other.id
    mine = store.home.exports / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="or something else"):
        write_export(store, other, name="mine")
    assert (mine / "thesis.txt").read_text() == "years of work"
    (folder / "export.json").write_text("{")
    with pytest.raises(InputError, match="or something else"):
        write_export(store, other, name="first")
    write_export(store, other, name="first", overwrite=True)
    verify_export(folder)
    for wrong in ("../x", ".x", "a/b"):
        with pytest.raises(InputError, match="can't be a name"):
            write_export(store, other, name=wrong)


# ------------------------------------------------------------------------------------------------- atomic


@pytest.mark.parametrize("when", ["train", "eval", "card", "info"])
def test_a_failed_export_leaves_the_old_one(
    store: Store, ran: Version, folder: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    def full_at(frame: pl.DataFrame, path: Path) -> None:
        path.write_bytes(b"half")
        if path.name == f"{when}.parquet":
            full()

    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    if when in ("train", "eval"):
        monkeypatch.setattr(parquet, "write", full_at)
    elif when == "card":
        monkeypatch.setattr(export_module, "dataset_card", full)
    else:
        monkeypatch.setattr(ExportInfo, "write", full)
    with pytest.raises(OSError, match="No space"):
        write_export(store, ran, name="first", system_prompt="new")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["first"]


def test_what_killed_exports_left_is_swept(store: Store, ran: Version, folder: Path) -> None:
    dead = folder.with_name(".first.999999999.partial")
    own = folder.with_name(f".first.{os.getppid()}.partial")
    other = folder.with_name(".second.999999999.partial")
    for left in (dead, own, other):
        left.mkdir()
    write_export(store, ran, name="first")
    assert not dead.exists()
    assert own.exists(), "its process is alive"
    assert other.exists()


def test_the_manifest_is_json_with_known_keys(folder: Path) -> None:
    raw = json.loads((folder / "export.json").read_text())
    assert list(raw) == [
        "name", "dataset_id", "rows_hash", "files", "counts", "licences", "system_prompt", "recipe", "lineage",
        "schema_version",
    ]  # fmt: skip
