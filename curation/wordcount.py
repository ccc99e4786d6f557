"""How many words each text has: runs of non-space characters, and single characters where no spaces are set."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import polars as pl

from curation.rows import WORD
from curation.words import I64, bytes_of

BATCH = 10_000
"""Texts that a thread counts at a time."""
_INK = np.ones(256, dtype=bool)
_INK[[9, 10, 11, 12, 13, 32]] = False


def count_words(texts: pl.Series) -> I64:
    """Matches of WORD in each text; a null has none. Texts in ASCII take a fast way to the same number."""
    starts = range(0, texts.len(), BATCH)
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        parts = list(pool.map(lambda start: _count(texts[start : start + BATCH]), starts))
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])


def _count(texts: pl.Series) -> I64:
    other = (texts.str.len_bytes() != texts.str.len_chars()).fill_null(False).to_numpy()
    counts = np.zeros(texts.len(), dtype=np.int64)
    counts[~other] = _count_ascii(texts.filter(pl.Series(~other)))
    counts[other] = texts.filter(pl.Series(other)).str.count_matches(WORD).to_numpy()
    return counts


def _count_ascii(texts: pl.Series) -> I64:
    raw, edges = bytes_of(texts)
    if not raw.size:
        return np.zeros(texts.len(), dtype=np.int64)
    cuts = np.searchsorted(edges, np.arange(int(edges[0]) + (1 << 20), int(edges[-1]), 1 << 20))
    counts = [np.empty(0, dtype=np.int64)]
    for first, last in pairwise(sorted({0, texts.len(), *cuts.tolist()})):
        start = int(edges[first])
        ink = _INK[raw[start : int(edges[last])]]
        # every text ends in a line end, so no word runs into the next text
        ends = np.flatnonzero(ink[:-1] & ~ink[1:])
        counts.append(np.diff(np.searchsorted(ends, edges[first : last + 1] - start)))
    return np.concatenate(counts)
