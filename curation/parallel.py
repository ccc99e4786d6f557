"""Row steps in plain Python, spread over processes in batches; the outcome doesn't depend on how many."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from curation.step import Context, Step

BATCH = 2_000
"""Rows a batch: small enough to balance the cores, large enough that sending it costs little."""


def apply_in_batches(step: Step, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
    """``step.apply`` batch by batch in ``ctx.workers`` processes, joined in order.

    Processes are spawned, since polars' threads don't survive a fork. A small frame stays in this process.
    """
    if rows.height <= BATCH:
        return step.apply(rows, ctx)
    done = 0
    parts: list[pl.DataFrame] = []
    workers = min(ctx.workers, -(-rows.height // BATCH))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for part in pool.map(_apply_batch, ((step, batch, ctx.seed) for batch in _batches(rows))):
            parts.append(part)
            done += part.height
            ctx.progress(done, rows.height)
    return pl.concat(parts, how="vertical")


def _batches(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for start in range(0, rows.height, BATCH):
        yield rows[start : start + BATCH]


def _apply_batch(job: tuple[Step, pl.DataFrame, int]) -> pl.DataFrame:
    from curation.step import Context

    step, batch, seed = job
    return step.apply(batch, Context(seed=seed))
