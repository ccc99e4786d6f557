"""Finished steps, kept by (input, step, version, seed), so that a changed recipe re-runs only what changed.

An entry holds what the step changed, not all rows: new columns, kept ids, changed rows, or children. The
folder may be deleted at any time; ``cache_bound`` keeps it from growing without end.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import polars as pl

from curation import parquet
from curation.cache_bound import touch
from curation.contract import canonical_json, digest, file_sha256
from curation.law_rows import StepResult
from curation.rows import SCHEMA_VERSION
from curation.step import Step


def step_key(before: str, step: Step, seed: int) -> str:
    """The key of a step's outcome, chained to the key of what came before it."""
    return digest(
        canonical_json(
            {
                "before": before,
                "step": step.model_dump(mode="json"),
                "version": step.version,
                "seed": seed,
                "schema": SCHEMA_VERSION,
                "inputs": [file_sha256(path) for path in step.inputs()],
            }
        )
    )


def save(folder: Path, before: pl.DataFrame, result: StepResult) -> None:
    """Write an entry atomically. A full disk loses the entry, not the run."""
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    try:
        after = result.rows
        known = before.select("id", pl.col("content_hash").alias("__hash"), pl.lit(True).alias("__known"))
        joined = after.select("id", "content_hash").join(known, on="id", how="left", maintain_order="left")
        edited = (joined["__hash"] != joined["content_hash"]).fill_null(False)
        old = before.drop("messages").join(after.select("id"), on="id", how="semi", maintain_order="left")
        kept = after.drop("messages").filter(joined["__known"].is_not_null())
        columns = [
            name
            for name in after.columns
            if name not in ("id", "messages", "content_hash")
            and (name not in before.columns or not kept[name].equals(old[name], null_equal=True))
        ]
        parquet.write(after.select("id"), partial / "ids.parquet")
        parquet.write(after.select("id", *columns), partial / "columns.parquet")
        parquet.write(
            after.filter(edited).select("id", "messages", "content_hash"), partial / "edited.parquet"
        )
        parquet.write(after.filter(joined["__known"].is_null()), partial / "made.parquet")
        parquet.write(result.dropped, partial / "dropped.parquet")
        parquet.write(result.ledger, partial / "ledger.parquet")
        (partial / "summary.json").write_text(json.dumps({"order": after.columns, "summary": result.summary}))
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)


def load(folder: Path, before: pl.DataFrame) -> StepResult | None:
    """Rebuild a step's outcome from what came before it, or None where there is no whole entry."""
    if not (folder / "summary.json").is_file():
        return None
    try:
        found = _rebuilt(folder, before)
        touch(folder)
        return found
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None  # damaged: the step runs again


def _rebuilt(folder: Path, before: pl.DataFrame) -> StepResult:
    meta = json.loads((folder / "summary.json").read_text())
    ids, columns, edited, made, dropped, ledger = (
        pl.read_parquet(folder / f"{name}.parquet", glob=False)
        for name in ("ids", "columns", "edited", "made", "dropped", "ledger")
    )
    old = before.drop([name for name in columns.columns if name != "id" and name in before.columns])
    rows = ids.join(old, on="id", how="left", maintain_order="left").join(
        columns, on="id", how="left", maintain_order="left"
    )
    if edited.height:
        rows = rows.update(edited, on="id")
    if made.height:
        rows = pl.concat([rows[: rows.height - made.height].select(made.columns), made])
    return StepResult(rows.select(meta["order"]), dropped, ledger, meta["summary"])
