"""Row steps in plain Python, spread over processes in batches; the outcome doesn't depend on how many."""

from __future__ import annotations

import io
import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from curation.step import Context, Step

BATCH = 2_000
"""Rows a batch: small enough to balance the cores, large enough that sending it costs little."""


def apply_in_batches(step: Step, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
    """``step.apply`` batch by batch in ``ctx.workers`` processes, joined in order.

    Processes are spawned, since polars' threads don't survive a fork. A small frame stays in this process,
    and so does a step with injected models, which may not be able to cross over.
    """
    if rows.height <= BATCH or ctx.models:
        return step.apply(rows, ctx)
    parts: list[pl.DataFrame] = []
    workers = min(ctx.workers, -(-rows.height // BATCH))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        waiting: deque[Future[bytes]] = deque()
        for batch in _batches(rows):  # a few batches ahead, never all of them at once
            waiting.append(pool.submit(_apply_batch, (step, batch, ctx.seed)))
            if len(waiting) > 2 * workers:
                parts.append(_unpack(waiting.popleft().result()))
                ctx.progress(sum(part.height for part in parts), rows.height)
        for future in waiting:
            parts.append(_unpack(future.result()))
            ctx.progress(sum(part.height for part in parts), rows.height)
    return pl.concat(parts, how="vertical")


def _batches(rows: pl.DataFrame) -> Iterator[bytes]:
    for start in range(0, rows.height, BATCH):
        yield _pack(rows[start : start + BATCH])


def _pack(rows: pl.DataFrame) -> bytes:
    """The rows as an Arrow file: a pickled slice would carry the texts of the whole frame."""
    packed = io.BytesIO()
    rows.write_ipc(packed)
    return packed.getvalue()


def _unpack(packed: bytes) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(packed))


def _apply_batch(job: tuple[Step, bytes, int]) -> bytes:
    from curation.step import Context

    step, batch, seed = job
    return _pack(step.apply(_unpack(batch), Context(seed=seed)))
