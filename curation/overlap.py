"""Conversations against the items of test sets: the best item of each row, and where its words stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import polars as pl

from curation.minhash import in_batches
from curation.ngrams import F64, Index
from curation.shingles import chunks_of
from curation.spans import word_spans
from curation.testsets import Item
from curation.turns import flat_turns
from curation.words import I64, running

LONGEST_MATCH = 1_000
"""Characters of matched text that are kept as evidence; spans tell of the rest."""


COLUMNS: dict[str, pl.DataType] = {
    "hits": pl.Int64(),
    "benchmark": pl.String(),
    "item": pl.Int64(),
    "overlap": pl.Float64(),
    "match": pl.String(),
    "spans": pl.List(pl.Struct({"turn": pl.Int64(), "start": pl.Int64(), "end": pl.Int64()})),
}
"""What is told of a row that holds words of an item, as the step's columns say it."""


@dataclass(frozen=True)
class _Best:
    """Per row with hits: its number of hits, its best item, the overlap, and the runs in common with it.

    ``runs`` has the columns row, turn, word, size in this order of importance, and the runs of row i of those with hits
    are ``runs[bounds[i] : bounds[i + 1]]``.
    """

    rows: I64
    hits: I64
    item: I64
    overlap: F64
    runs: I64
    bounds: I64


def find_overlap(
    messages: pl.Series,
    items: Sequence[Item],
    size: int,
    shortest: int,
    progress: Callable[[int, int], None],
) -> pl.DataFrame:
    """``row`` (its place) and COLUMNS of every row that shares words with an item, in order.

    The item is that of the highest share of n-grams in the row; the first of equals.
    """
    index = Index([item.text for item in items], size, shortest)
    _, texts, turns = flat_turns(messages)
    parts = [pl.DataFrame(schema={"row": pl.Int64(), **COLUMNS})]
    firsts = running(turns)
    done, height = 0, turns.size
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        for best, count in in_batches(pool, texts, turns, lambda part, of: (_best(index, part, of), of.size)):
            if best.rows.size:
                parts.append(_told(best, items, texts, firsts[done:]).with_columns(pl.col("row") + done))
            done += count
            progress(done, height)
    return pl.concat(parts)


def _told(best: _Best, items: Sequence[Item], texts: pl.Series, firsts: I64) -> pl.DataFrame:
    """The best items of a batch with their evidence; the texts of its row i start at ``firsts[i]``."""
    found = []
    for place, row in enumerate(best.rows.tolist()):
        item = items[int(best.item[place])]
        spans, match = _evidence(
            texts[int(firsts[row]) : int(firsts[row + 1])],
            best.runs[best.bounds[place] : best.bounds[place + 1], 1:].tolist(),
        )
        overlap = float(best.overlap[place])
        found.append((row, int(best.hits[place]), item.benchmark, item.place, overlap, match, spans))
    return pl.DataFrame(found, schema={"row": pl.Int64(), **COLUMNS}, orient="row")


def _best(index: Index, texts: pl.Series, turns: I64) -> _Best:
    """The best item of each row of a batch."""
    row_of, turn_of = np.repeat(np.arange(turns.size), turns), _within(turns)
    none = np.empty(0, dtype=np.int64)
    lines, grams, done = [np.empty((0, 4), dtype=np.int64)], [none], 0
    for words in chunks_of(texts, np.ones(turn_of.size, dtype=np.int64)):
        hits = index.find(words)
        place = hits.text + done
        lines.append(np.stack((row_of[place], turn_of[place], hits.word, hits.size), axis=1))
        grams.append(hits.gram)
        done += words.bounds.size - 1
    runs, gram = np.concatenate(lines), np.concatenate(grams)
    rows, item, overlap = index.best(runs[:, 0], gram)
    number = np.searchsorted(rows, runs[:, 0])
    own = index.held_by(gram, item[number])
    order = np.lexsort(runs[own].T[::-1])
    return _Best(
        rows,
        np.bincount(number, minlength=rows.size),
        item,
        overlap,
        runs[own][order],
        running(np.bincount(number[own], minlength=rows.size)),
    )


def _within(counts: I64) -> I64:
    """0, 1, 2, ... within each group of so many."""
    return np.arange(int(counts.sum())) - np.repeat(running(counts)[:-1], counts)


def _evidence(texts: pl.Series, runs: list[list[int]]) -> tuple[list[dict[str, int]], str]:
    """The spans that a row has in common with its best item, joined where they touch, and the longest text.

    ``runs`` are turn, first word and number of words, in order.
    """
    spans: list[dict[str, int]] = []
    longest = ""
    for turn, group in groupby(runs, key=lambda run: run[0]):
        text = texts[turn]
        starts, ends = word_spans(text)
        for first, last in _joined([(word, word + size) for _, word, size in group]):
            start, end = int(starts[first]), int(ends[last - 1])
            spans.append({"turn": turn, "start": start, "end": end})
            if end - start > len(longest):
                longest = text[start:end]
    return spans, longest[:LONGEST_MATCH]


def _joined(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs of words in order, joined where they overlap or touch."""
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
