"""The sources of a recipe: each as a version, the rows of it that enter, and all of them as one frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import polars as pl

from curation.budget import Budget
from curation.errors import InputError
from curation.ingest import Ingested, ingest
from curation.law_rows import StepResult
from curation.laws import run_step
from curation.recipe import Recipe, Source
from curation.step import Context, ledger_lines
from curation.steps.sample import Sample
from curation.store import Store, Version
from curation.waiting import OP, hold_back

MOST, DRY = 100, "-dry"
"""Characters of a name, and what stands behind it after a dry run."""
Report = Callable[..., None]
"""Called as report(event, **fields) while a recipe runs: ``source``, ``step``, ``progress``, ``version``, ``pruned``."""


def named(name: str, after: str) -> str:
    """The name with an ending, cut so that it stays a name."""
    return name[: MOST - len(after)] + after


def gone(result: StepResult, op: str, place: int) -> pl.DataFrame:
    """What a step dropped, as the version keeps it."""
    return result.dropped.with_columns(dropped_by=pl.lit(op), place=pl.lit(place, pl.Int32))


def source_version(source: Source, seed: int, store: Store, report: Report, after: str) -> Version:
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
    version = put_ingested(read, source.name, store, ref=named(source.name, after))
    report(
        "source_done",
        name=source.name,
        rows=read.rows.height,
        rejects=read.rejects.height,
        reasons=dict(read.rejects["reason"].value_counts(sort=True).head(MOST).iter_rows()),
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
    dropped = pl.concat([gone(result, op, -1) for op, result in drawn])
    return StepResult(drawn[-1][1].rows, dropped, pl.concat([result.ledger for _, result in drawn]))


def merge(recipe: Recipe, parents: list[Version]) -> StepResult:
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
