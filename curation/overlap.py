"""Conversations against the items of test sets: the best item of each row, and where its words stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import polars as pl

from curation.minhash import in_batches
from curation.ngrams import Index
from curation.shingles import chunks_of
from curation.spans import word_spans
from curation.testsets import Item
from curation.turns import flat_turns
from curation.words import I64, running

LONGEST_MATCH = 1_000
"""Characters of matched text that are kept as evidence; spans tell of the rest."""


@dataclass
class Found:
    """The rows (by place) that hold words of an item, and for each what the step's columns say."""

    rows: list[int] = field(default_factory=list)
    hits: list[int] = field(default_factory=list)
    benchmark: list[str] = field(default_factory=list)
    item: list[int] = field(default_factory=list)
    overlap: list[float] = field(default_factory=list)
    match: list[str] = field(default_factory=list)
    spans: list[list[dict[str, int]]] = field(default_factory=list)


@dataclass(frozen=True)
class _Best:
    """Per row with hits: its number of hits, its best item, the overlap, and the runs in common with it."""

    rows: I64
    hits: I64
    item: I64
    overlap: np.ndarray[tuple[int], np.dtype[np.float64]]
    runs: pl.DataFrame


def find_overlap(
    messages: pl.Series,
    items: Sequence[Item],
    size: int,
    shortest: int,
    progress: Callable[[int, int], None],
) -> Found:
    """The best item of every row that has any, by the share of its n-grams in the row; the first of equals."""
    index = Index([item.text for item in items], size, shortest)
    _, texts, turns = flat_turns(messages)
    firsts = running(turns)
    found, done, height = Found(), 0, turns.size
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        for best, count in in_batches(pool, texts, turns, lambda part, of: (_best(index, part, of), of.size)):
            of_row = np.searchsorted(best.runs["row"].to_numpy(), np.append(best.rows, turns.size)).tolist()
            for place, row in enumerate(best.rows.tolist()):
                item = items[int(best.item[place])]
                start = int(firsts[done + row])
                spans, match = _evidence(
                    texts[start : start + int(turns[done + row])],
                    best.runs[of_row[place] : of_row[place + 1]],
                )
                found.rows.append(done + row)
                found.hits.append(int(best.hits[place]))
                found.benchmark.append(item.benchmark)
                found.item.append(item.place)
                found.overlap.append(float(best.overlap[place]))
                found.match.append(match)
                found.spans.append(spans)
            done += count
            progress(done, height)
    return found


def _best(index: Index, texts: pl.Series, turns: I64) -> _Best:
    """The best item of each row of a batch."""
    row_of, turn_of = np.repeat(np.arange(turns.size), turns), _within(turns)
    parts, done = [], 0
    ones = np.ones(turn_of.size, dtype=np.int64)
    for words in chunks_of(texts, ones):
        hits = index.find(words)
        place = hits.text + done
        parts.append(
            pl.DataFrame(
                {
                    "row": row_of[place],
                    "turn": turn_of[place],
                    "word": hits.word,
                    "size": hits.size,
                    "item": hits.item,
                    "gram": hits.gram,
                }
            )
        )
        done += words.bounds.size - 1
    if not parts or not (hits_all := pl.concat(parts)).height:
        none = np.empty(0, dtype=np.int64)
        return _Best(none, none, none, np.empty(0), pl.DataFrame({"row": none}))
    rows = hits_all.group_by("row").agg(pl.struct("turn", "word", "size").n_unique().alias("hits"))
    of = pl.Series("of", index.grams_of)
    best = hits_all.group_by("row", "item").agg(pl.col("gram").n_unique().alias("held"))
    best = (
        best.with_columns(overlap=best["held"] / of.gather(best["item"]))
        .sort(["row", "overlap", "item"], descending=[False, True, False])
        .unique("row", keep="first", maintain_order=True)
        .join(rows, on="row", how="left", maintain_order="left")
    )
    runs = hits_all.join(best.select("row", "item"), on=["row", "item"], how="semi")
    return _Best(
        best["row"].to_numpy(),
        best["hits"].to_numpy(),
        best["item"].to_numpy(),
        best["overlap"].to_numpy(),
        runs.select("row", "turn", "word", "size").sort("row", "turn", "word"),
    )


def _within(counts: I64) -> I64:
    """0, 1, 2, ... within each group of so many."""
    return np.arange(int(counts.sum())) - np.repeat(running(counts)[:-1], counts)


def _evidence(texts: pl.Series, runs: pl.DataFrame) -> tuple[list[dict[str, int]], str]:
    """The spans that a row has in common with its best item, joined where they touch, and the longest text."""
    spans: list[dict[str, int]] = []
    longest = ""
    for turn, group in groupby(runs.iter_rows(named=True), key=lambda run: run["turn"]):
        text = texts[turn]
        starts, ends = word_spans(text)
        for first, last in _joined([(run["word"], run["word"] + run["size"]) for run in group]):
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
