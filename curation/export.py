"""A version as an export folder, which training reads and which is a dataset repository on the Hub.

data/exports/<name>/train.parquet, eval.parquet, README.md (the dataset card), export.json (last)
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl

from curation import parquet
from curation.card import dataset_card
from curation.contract import ExportInfo, FileInfo, file_info
from curation.errors import ContractError, InputError, StoreError
from curation.figures import figures
from curation.recipe import Recipe
from curation.steps.split import EVAL, TRAIN
from curation.store import Store, Version, by_category, check_name
from curation.waiting import check_reviewed

COLUMNS = ["id", "messages", "category", "family", "split", "source", "parent_id", "made_by", "content_hash"]


def write_export(
    store: Store,
    version: Version,
    *,
    name: str,
    system_prompt: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write an export folder and return its path.

    Raises StoreError for a version that fails ``verify``; InputError for rows that training couldn't use
    (no split, nothing to train on, no assistant turn, feedback that waits for review), for families on both sides,
    for a step that a recipe in its history requires and that some of its rows didn't go through, and for a name
    that is taken.
    """
    check_name(name)
    store.verify(version)
    recipe = Recipe.model_validate(version.manifest.recipe) if version.manifest.recipe else None
    rows = version.rows()
    _check(rows, version, required(store, version), steps_run(store, version))
    folder = store.home.exports / name
    if folder.exists() and not overwrite and _another(folder, version):
        raise InputError(
            "this folder holds another version, or something else",
            where=str(folder),
            mend="Give another --name, or --overwrite.",
        )
    sweep(folder)
    partial = folder.with_name(f".{name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        files: dict[str, FileInfo] = {}
        counts: dict[str, dict[str, int]] = {}
        for side in (TRAIN, EVAL):
            part = rows.filter(pl.col("split") == side).select(COLUMNS)
            path = partial / f"{side}.parquet"
            parquet.write(part, path)
            files[path.name] = file_info(path, part.height)
            counts[side] = by_category(part)
        info = _info(store, version, recipe, name, system_prompt, files, counts)
        (partial / "README.md").write_text(
            dataset_card(info, version, figures(store, version)), encoding="utf-8"
        )
        info.write(partial)
        old = folder.with_name(f".{name}.{os.getpid()}.old.partial")
        if folder.exists():
            folder.rename(old)  # so that nobody ever sees half an export
        partial.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _info(
    store: Store,
    version: Version,
    recipe: Recipe | None,
    name: str,
    system_prompt: str | None,
    files: dict[str, FileInfo],
    counts: dict[str, dict[str, int]],
) -> ExportInfo:
    return ExportInfo(
        name=name,
        dataset_id=version.id,
        rows_hash=version.manifest.rows_hash,
        files=files,
        counts=counts,
        licences={str(s["name"]): s.get("licence") for s in version.manifest.sources},
        system_prompt=(recipe.system_prompt if recipe and system_prompt is None else system_prompt) or None,
        recipe=version.manifest.recipe,
        lineage=[_ancestor(one) for one in store.lineage(version)],
    )


def preview_card(store: Store, version: Version, name: str) -> str:
    """The dataset card that an export of this name would have; nothing is written. Rows without a split count as training."""
    recipe = Recipe.model_validate(version.manifest.recipe) if version.manifest.recipe else None
    rows = version.scan().select("category", pl.col("split").fill_null(TRAIN)).collect()
    parts = {side: rows.filter(pl.col("split") == side) for side in (TRAIN, EVAL)}
    files = {f"{side}.parquet": FileInfo("", 0, part.height) for side, part in parts.items()}
    counts = {side: by_category(part) for side, part in parts.items()}
    info = _info(store, version, recipe, name, None, files, counts)
    return dataset_card(info, version, figures(store, version))


def sweep(folder: Path) -> None:
    """Clear away what killed exports of this name left; a living process's is its own."""
    for left in folder.parent.glob(f".{folder.name}.*.partial"):
        process = left.name.removeprefix(f".{folder.name}.").split(".")[0]
        alive = process.isdigit() and int(process) != os.getpid() and Path(f"/proc/{process}").exists()
        if not alive:
            shutil.rmtree(left, ignore_errors=True)


def verify_export(folder: Path) -> ExportInfo:
    """Check an export against its hashes. Raises ContractError or StoreError naming the file that differs."""
    info = ExportInfo.read(folder)
    for name, said in info.files.items():
        path = folder / name
        if not path.is_file():
            raise StoreError(f"{name} is missing", where=str(folder), mend="Export the version again.")
        found = file_info(path, said.rows)
        if found != said:
            raise StoreError(
                f"{name} was changed: sha256 {found.sha256[:12]}, export.json says {said.sha256[:12]}",
                where=str(folder),
                mend="Export the version again.",
            )
    return info


def push_export(folder: Path, repo: str, *, private: bool = True) -> str:
    """Put an export folder into a dataset repository on the Hub and return its address.

    Only files that differ are uploaded. Raises MissingExtra, HubError.
    """
    from curation.hub import push_folder

    info = verify_export(folder)
    return push_folder(
        folder,
        repo,
        kind="dataset",
        private=private,
        message=f"Dataset version {info.dataset_id} ({info.name})",
    )


def _another(folder: Path, version: Version) -> bool:
    """Whether a folder holds something else than an export of this version."""
    try:
        return ExportInfo.read(folder).dataset_id != version.id
    except ContractError:
        return True


def _ancestor(version: Version) -> dict[str, Any]:
    manifest = version.manifest
    return {
        "id": manifest.id,
        "kind": manifest.kind,
        "name": manifest.name,
        "parents": manifest.parents,
        "rows": manifest.rows,
        "sources": [
            {key: one.get(key) for key in ("name", "uri", "licence", "rows", "rejects", "fingerprint")}
            for one in manifest.sources
        ],
        "steps": [
            {key: one[key] for key in ("op", "in", "out", "dropped", "made", "edited", "reasons")}
            for one in manifest.steps
        ],
    }


def steps_run(store: Store, version: Version) -> set[str]:
    """The steps that all rows of a version went through: its own, and those of every one of its parents."""
    parents = [steps_run(store, store.get(parent)) for parent in version.manifest.parents]
    inherited = set.intersection(*parents) if parents else set()
    return inherited | {str(step["op"]) for step in version.manifest.steps}


def required(store: Store, version: Version) -> dict[str, str]:
    """The steps that the recipes in a version's history require, and the name of the recipe that says so."""
    found: dict[str, str] = {}
    for one in store.lineage(version):
        for needed in (one.manifest.recipe or {}).get("require") or ():
            found.setdefault(needed, one.manifest.recipe["name"])  # type: ignore[index]
    return found


def _check(rows: pl.DataFrame, version: Version, needs: dict[str, str], ran: set[str]) -> None:
    where = f"version {version.id}"
    for needed, by in needs.items():
        if needed not in ran:
            raise InputError(
                f"recipe {by} requires {needed}, which didn't run on all of its rows",
                where=where,
                mend=f"Add the step {needed}.",
            )
    check_reviewed(rows, where)
    if rows["split"].null_count():
        raise InputError(
            f"{rows['split'].null_count():,} rows have no split",
            where=where,
            mend="Add a split step to the recipe; eval: 0 for none.",
        )
    if not (rows["split"] == TRAIN).any():
        raise InputError("no rows to train on", where=where)
    torn = rows.group_by("family").agg(pl.col("split").n_unique()).filter(pl.col("split") > 1)
    if torn.height:
        raise InputError(
            f"{torn.height:,} families stand on both sides, such as {torn['family'].sort()[0]}",
            where=where,
            mend="Split after finding near-duplicates.",
        )
    sides = rows.group_by("content_hash").agg(pl.col("split").n_unique(), pl.col("id").min())
    equal = sides.filter(pl.col("split") > 1).sort("id")
    if equal.height:
        raise InputError(
            f"{equal.height:,} texts stand on both sides, such as that of row {equal['id'][0]}",
            where=where,
            mend="Put the steps that edit texts before split.",
        )
    answered = pl.col("messages").list.eval(
        (pl.element().struct.field("role") == "assistant")
        & (pl.element().struct.field("content").str.strip_chars() != "")
    )
    mute = rows.filter(~answered.list.any().fill_null(False))
    if mute.height:
        raise InputError(
            f"{mute.height:,} rows have no assistant text, such as {mute['id'][0]}",
            where=where,
            mend='Cut them: {op: filter, where: "length(assistant) > 0"}.',
        )
