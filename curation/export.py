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
from curation.errors import InputError, StoreError
from curation.figures import figures
from curation.recipe import Recipe
from curation.steps.split import EVAL, TRAIN
from curation.store import Store, Version, check_name

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
    (no split, nothing to train on, no assistant turn), for families on both sides, for a step that the
    recipe requires and didn't run, and for a name that is taken.
    """
    check_name(name)
    store.verify(version)
    recipe = Recipe.model_validate(version.manifest.recipe) if version.manifest.recipe else None
    rows = version.rows()
    _check(rows, version, recipe)
    folder = store.home.exports / name
    taken = (folder / ExportInfo.FILE).exists() and ExportInfo.read(folder).dataset_id != version.id
    if taken and not overwrite:
        raise InputError(
            "this export holds another version",
            where=str(folder),
            mend="Give another --name, or --overwrite.",
        )
    partial = folder.with_name(f".{name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        files: dict[str, FileInfo] = {}
        counts: dict[str, dict[str, int]] = {}
        for side in (TRAIN, EVAL):
            part = rows.filter(pl.col("split") == side).select(COLUMNS)
            path = partial / f"{side}.parquet"
            parquet.write(part, path)
            files[path.name] = file_info(path, part.height)
            counts[side] = _by_category(part)
        info = ExportInfo(
            name=name,
            dataset_id=version.id,
            rows_hash=version.manifest.rows_hash,
            files=files,
            counts=counts,
            licences={str(s["name"]): s.get("licence") for s in version.manifest.sources},
            system_prompt=system_prompt or (recipe.system_prompt if recipe else None),
            recipe=version.manifest.recipe,
            lineage=[_ancestor(one) for one in store.lineage(version)],
        )
        (partial / "README.md").write_text(
            dataset_card(info, version, figures(store, version)), encoding="utf-8"
        )
        info.write(partial)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


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


def _by_category(part: pl.DataFrame) -> dict[str, int]:
    category = pl.col("category").fill_null("(none)")
    return dict(part.group_by(category).len().sort("len", "category", descending=[True, False]).iter_rows())


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


def _check(rows: pl.DataFrame, version: Version, recipe: Recipe | None) -> None:
    where = f"version {version.id}"
    ran = {str(step["op"]) for one in [version.manifest] for step in one.steps}
    for needed in recipe.require if recipe else ():
        if needed not in ran:
            raise InputError(
                f"its recipe requires {needed}, which didn't run", where=where, mend=f"Add the step {needed}."
            )
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
