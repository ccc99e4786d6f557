"""Fold steps over rows; nothing else. ``apply`` for frames in hand, ``run_recipe`` for a recipe into the store."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from curation import cache, cache_bound
from curation.budget import Budget
from curation.contract import canonical_json, digest
from curation.errors import InputError
from curation.ingest import Ingested, ingest
from curation.laws import StepResult, run_step
from curation.recipe import Recipe, Source, step_from
from curation.step import LEDGER, Context, Step, ledger_lines
from curation.steps.sample import Sample
from curation.store import Store, Version, no_dropped
from curation.waiting import OP, hold_back

MOST, DRY = 100, "-dry"
"""Characters of a name, and what stands behind it after a dry run."""
Report = Callable[..., None]
"""Called as report(event, **fields) while a recipe runs: ``source``, ``step``, ``progress``, ``version``."""


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
    gone = pl.concat(dropped) if dropped else pl.DataFrame(schema={"id": pl.String, "reason": pl.String})
    return Applied(rows, gone, pl.concat(ledgers), tuple(summaries))


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
            name=_named(recipe.name, after),
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
    parents = [_source_version(source, recipe.seed, store, report, after) for source in recipe.sources]
    merged = _merge(recipe, parents)
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
        ctx = Context(recipe.seed, models, workers, progress, store.root / "cache")
        report("step", place=place, op=step.op, rows=rows.height, of=len(recipe.steps))
        started = time.monotonic()
        folder = store.root / "cache" / "steps" / key
        cached = cache.load(folder, rows)
        result = cached or run_step(step, rows, ctx, place)
        if cached is None:
            cache.save(folder, rows, result)
        entry = _entry(step, rows, result)
        spent = round(time.monotonic() - started, 3)
        report("step_done", place=place, **entry, seconds=spent, cached=cached is not None)
        done.steps.append(entry)
        done.ledgers.append(result.ledger.with_columns(pl.lit(place, pl.Int32).alias("place")))
        done.dropped.append(_gone(result, step.op, place))
        done.rows = result.rows
    return done


def _named(name: str, after: str) -> str:
    """The name with an ending, cut so that it stays a name."""
    return name[: MOST - len(after)] + after


def _gone(result: StepResult, op: str, place: int) -> pl.DataFrame:
    """What a step dropped, as the version keeps it."""
    return result.dropped.with_columns(dropped_by=pl.lit(op), place=pl.lit(place, pl.Int32))


def _progress(report: Report, place: int, op: str, started: float, done: int, total: int) -> None:
    rate = done / max(time.monotonic() - started, 1e-6)
    left = round((total - done) / rate, 1) if rate else None
    report("progress", place=place, op=op, done=done, total=total, rate=round(rate, 1), left=left)


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


def _source_version(source: Source, seed: int, store: Store, report: Report, after: str) -> Version:
    """The version of a source: the one it names, or a new one by ingest, whose name ends in ``after``."""
    if source.uri.startswith("version:"):
        return store.get(source.uri.removeprefix("version:"))
    report("source", name=source.name, uri=source.uri)
    read = ingest(
        source.uri,
        name=source.name,
        mapping=source.map,
        limit=source.limit,
        sample=source.sample,
        seed=seed,
        split=source.split,
        revision=source.revision,
        config=source.config,
        licence=source.licence,
        home=store.home,
        progress=partial(_source_progress, report, source.name, time.monotonic()),
    )
    version = put_ingested(read, source.name, store, ref=_named(source.name, after))
    report(
        "source_done",
        name=source.name,
        rows=read.rows.height,
        rejects=read.rejects.height,
        version=version.id,
    )
    return version


def _source_progress(report: Report, name: str, started: float, done: int, total: int | None) -> None:
    rate = done / max(time.monotonic() - started, 1e-6)
    left = round((total - done) / rate, 1) if total and rate else None
    report("progress", op=f"ingest {name}", done=done, total=total, rate=round(rate, 1), left=left)


def put_ingested(read: Ingested, name: str, store: Store, *, ref: str | None = None) -> Version:
    """Write what ingest read as a version: rows, and one line of the ledger for each reject.

    ``name`` is the source's, and the version's too unless ``ref`` says otherwise.
    """
    rejects = read.rejects
    evidence = rejects.select(
        pl.struct(
            *(c for c in ("file", "line", "source_row", "snippet") if c in rejects.columns)
        ).struct.json_encode()
    ).to_series()
    ids = pl.Series("row_id", [None] * rejects.height, dtype=pl.String)
    lines = ledger_lines(
        ids, op="ingest", action="rejected", reason=rejects["reason"], evidence=evidence, place=-1
    )
    source = {"name": name, "rows": read.rows.height, "rejects": rejects.height, **read.info}
    return store.put(read.rows, lines, kind="ingest", name=ref or name, sources=[source])


def _drawn(source: Source, rows: pl.DataFrame, ctx: Context) -> StepResult:
    """The rows of a source that enter: none that waits for review, and by weight; of a version at most ``limit``
    (ingest saw to it elsewhere). What stays out bears ``dropped_by`` and ``place``.
    """
    drawn = [(OP, hold_back(rows))]
    budgets = [Budget(share=source.weight)]
    if source.limit is not None and source.uri.startswith("version:"):
        budgets.append(Budget(rows=source.limit))
    for budget in budgets:
        drawn.append(("sample", run_step(Sample(budget=budget, eval=True), drawn[-1][1].rows, ctx, -1)))
    dropped = pl.concat([_gone(result, op, -1) for op, result in drawn])
    return StepResult(drawn[-1][1].rows, dropped, pl.concat([result.ledger for _, result in drawn]))


def _merge(recipe: Recipe, parents: list[Version]) -> StepResult:
    """The rows of all sources, one after another; a column that a source lacks is null there.

    A source with a weight gives that share of its rows, and feedback only what was accepted; what is left out is
    dropped on record.
    """
    ctx = Context(seed=recipe.seed)
    parts = [
        _drawn(source, parent.rows(), ctx) for source, parent in zip(recipe.sources, parents, strict=True)
    ]
    try:
        rows = pl.concat([part.rows for part in parts], how="diagonal_relaxed")
        dropped = pl.concat([part.dropped for part in parts], how="diagonal_relaxed")
    except pl.exceptions.PolarsError as error:
        raise InputError(f"sources don't fit together: {error}", where=recipe.name) from None
    twice = rows.filter(pl.col("id").is_duplicated())
    if twice.height:
        raise InputError(
            f"row {twice['id'][0]} comes from two sources",
            where=recipe.name,
            mend="Name each source once only.",
        )
    return StepResult(rows, dropped, pl.concat([part.ledger for part in parts]))
