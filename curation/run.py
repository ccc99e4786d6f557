"""Fold steps over rows; nothing else. ``apply`` for frames in hand, ``run_recipe`` for a recipe into the store."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from curation import cache, cache_bound
from curation.contract import canonical_json, digest
from curation.law_rows import StepResult
from curation.laws import run_step
from curation.recipe import Recipe, step_from
from curation.sources import DRY, Report, gone, merge, named, source_version
from curation.step import LEDGER, Context, Step
from curation.store import Store, Version, no_dropped


def _quiet(event: str, **fields: Any) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class Applied:
    """What ``apply`` gives: rows that are left, all that were dropped (id and reason), and the ledger."""

    rows: pl.DataFrame
    dropped: pl.DataFrame
    ledger: pl.DataFrame
    summaries: tuple[dict[str, Any], ...] = ()


def apply(
    rows: pl.DataFrame,
    *steps: Step | str | Mapping[str, Any],
    seed: int = 0,
    models: Mapping[str, Any] | None = None,
) -> Applied:
    """Apply steps to rows in hand, under the same laws as a recipe.

    A step is given as an instance, a name, or the mapping that a recipe would hold. Raises RecipeError for
    a step that doesn't exist, StepError when one breaks its law.
    """
    ctx = Context(seed=seed, models=models or {}, workers=os.cpu_count() or 1)
    dropped, ledgers, summaries = [], [pl.DataFrame(schema=LEDGER)], []
    for place, given in enumerate(steps):
        step = step_from(dict(given) if isinstance(given, Mapping) else given)
        result = run_step(step, rows, ctx, place)
        rows = result.rows
        dropped.append(result.dropped.select("id", "reason"))
        ledgers.append(result.ledger)
        summaries.append(result.summary)
    lost = pl.concat(dropped) if dropped else pl.DataFrame(schema={"id": pl.String, "reason": pl.String})
    return Applied(rows, lost, pl.concat(ledgers), tuple(summaries))


def run_recipe(
    recipe: Recipe,
    store: Store,
    *,
    report: Report = _quiet,
    models: Mapping[str, Any] | None = None,
    workers: int | None = None,
    dry: bool = False,
) -> Version:
    """Ingest the sources, fold the steps, and put the outcome into the store.

    Finished steps are taken from the cache, so an interrupted run goes on where it stopped; at the end the cache
    is brought under its bound (``cache_bound``). ``workers`` is how many processes row steps may use, all cores by
    default; it never changes the outcome. A ``dry`` run puts ``-dry`` behind the names of its version and its
    sources, so that the names without it keep what they stand for.
    """
    after = DRY if dry else ""
    with store.lock():
        done = _folded(recipe, store, report, models or {}, workers or os.cpu_count() or 1, after)
        version = store.put(
            done.rows,
            pl.concat(done.ledgers),
            kind="run",
            name=named(recipe.name, after),
            dropped=pl.concat(done.dropped, how="diagonal_relaxed"),
            parents=list(dict.fromkeys(parent.id for parent in done.parents)),
            sources=[one for parent in done.parents for one in parent.manifest.sources],
            recipe=recipe.dump(),
            steps=done.steps,
        )
        report("version", version=version.id, rows=done.rows.height)
        most = cache_bound.bound()
        if freed := cache_bound.prune(store.root / "cache", most):
            report("pruned", freed=freed, bound=most)
        return version


def rows_of(recipe: Recipe, store: Store, *, report: Report = _quiet) -> pl.DataFrame:
    """The rows that a recipe leads to, from the cache where it ran before; no version is made and no name moves."""
    with store.lock():
        return _folded(recipe, store, report, {}, os.cpu_count() or 1).rows


@dataclass
class _Folded:
    """What folding a recipe's steps gives: the rows, and what every step left on record."""

    parents: list[Version]
    rows: pl.DataFrame
    ledgers: list[pl.DataFrame]
    dropped: list[pl.DataFrame]
    steps: list[dict[str, Any]]


def _folded(
    recipe: Recipe, store: Store, report: Report, models: Mapping[str, Any], workers: int, after: str = ""
) -> _Folded:
    parents = [source_version(source, recipe.seed, store, report, after) for source in recipe.sources]
    merged = merge(recipe, parents)
    drawn = [
        [s.name, parent.id, s.weight, s.limit] for s, parent in zip(recipe.sources, parents, strict=True)
    ]
    key = digest(canonical_json([recipe.seed, drawn]))
    done = _Folded(
        parents,
        merged.rows,
        [pl.DataFrame(schema=LEDGER), merged.ledger],
        [no_dropped(), merged.dropped],
        [],
    )
    for place, step in enumerate(recipe.steps):
        rows = done.rows
        key = cache.step_key(key, step, recipe.seed)
        progress = partial(_progress, report, place, step.op, time.monotonic())
        asked: list[dict[str, Any]] = []
        note = partial(_noted, report, place, step.op, asked)
        ctx = Context(recipe.seed, models, workers, progress, store.root / "cache", note)
        report("step", place=place, op=step.op, rows=rows.height, of=len(recipe.steps))
        started = time.monotonic()
        folder = store.root / "cache" / "steps" / key
        cached = cache.load(folder, rows)
        result = cached or run_step(step, rows, ctx, place)
        if cached is None:
            cache.save(folder, rows, result)
        entry = _entry(step, rows, result) | ({"asked": asked} if asked else {})
        spent = round(time.monotonic() - started, 3)
        report("step_done", place=place, **entry, seconds=spent, cached=cached is not None)
        done.steps.append(entry)
        done.ledgers.append(result.ledger.with_columns(pl.lit(place, pl.Int32).alias("place")))
        done.dropped.append(gone(result, step.op, place))
        done.rows = result.rows
    return done


def _progress(report: Report, place: int, op: str, started: float, done: int, total: int) -> None:
    rate = done / max(time.monotonic() - started, 1e-6)
    left = round((total - done) / rate, 1) if rate else None
    report("progress", place=place, op=op, done=done, total=total, rate=round(rate, 1), left=left)


def _noted(report: Report, place: int, op: str, asked: list[dict[str, Any]], **fields: Any) -> None:
    asked.append(fields)
    report("asked", place=place, op=op, **fields)


def _entry(step: Step, before: pl.DataFrame, result: StepResult) -> dict[str, Any]:
    """What the manifest keeps of a step."""
    actions = dict(result.ledger.group_by("action").len().sort("action").iter_rows())
    reasons = (
        result.dropped.group_by(pl.col("reason").str.replace(r"[0-9a-f]{16}", "another row"))
        .len()
        .sort("len", "reason", descending=[True, False])
        .head(20)
    )
    return {
        "op": step.op,
        "in": before.height,
        "out": result.rows.height,
        "dropped": result.dropped.height,
        "made": actions.get("made", 0),
        "edited": actions.get("edited", 0),
        "reasons": dict(reasons.iter_rows()),
        "summary": result.summary,
    }
