"""How long rows are: counts by length in bins that are the same for every version, so that two can be laid side by side."""

from __future__ import annotations

from typing import Any

import polars as pl

from curation.views import token_unit, words_of

STEPS = 4
"""Bins between a length and its double."""
TURNS = 16
"""Turns from which on rows share one bin."""


def lengths(rows: pl.LazyFrame) -> dict[str, list[dict[str, Any]]]:
    """Rows by words, by tokens where a step counted them by a tokenizer, and by turns: ``start``, ``end`` (open) and ``rows`` of each bin.

    Bins of words and tokens are as wide as a quarter of a doubling; the first holds what is under 1. Turns are
    counted one by one, up to a last bin for 16 and more.
    """
    columns = rows.collect_schema().names()
    found = {"words": _doubling(rows, words_of(rows))}
    if "tokens.total" in columns and token_unit(rows) == "tokens":
        found["tokens"] = _doubling(rows, pl.col("tokens.total"))
    turns = pl.col("messages").list.len().clip(0, TURNS).cast(pl.Int64)
    found["turns"] = _filled(rows.group_by(turns.alias("bin")).len().collect(), lambda place: float(place))
    return found


def edge(place: int) -> float:
    """Where a bin of words or tokens starts; bin 0 starts at 0, bin 1 at 1."""
    return 0.0 if place <= 0 else float(round(2 ** ((place - 1) / STEPS), 3))


def _doubling(rows: pl.LazyFrame, length: pl.Expr) -> list[dict[str, Any]]:
    # a little is added before the floor, so that 2, 4, 8 ... start their bins on every machine
    place = pl.when(length < 1).then(0).otherwise((length.cast(pl.Float64).log(2) * STEPS + 1e-9).floor() + 1)
    counts = rows.filter(length.is_not_null()).group_by(place.cast(pl.Int64).alias("bin")).len().collect()
    return _filled(counts, edge)


def _filled(counts: pl.DataFrame, start: Any) -> list[dict[str, Any]]:
    """Every bin from the first that holds rows to the last, empty ones too."""
    held = dict(counts.drop_nulls("bin").iter_rows())
    if not held:
        return []
    return [
        {"start": start(place), "end": start(place + 1), "rows": held.get(place, 0)}
        for place in range(min(held), max(held) + 1)
    ]
