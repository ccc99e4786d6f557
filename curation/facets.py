"""What a version's rows can be asked for: columns to group by, values with their counts, spans of numbers, flags."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from curation.browse import NONE, Index
from curation.steps.pii import KINDS

HAND = "by hand: "
"""Stands before a flag that a person gave."""
COUNTED = (*(f"pii.{kind}" for kind in KINDS), "contamination.hits")
"""Numbers of finds that count as a flag from the first find on."""


def groupable(index: Index, most: int = 60, among: Collection[str] | None = None) -> list[str]:
    """Columns worth grouping by: text or yes/no, two to ``most`` values; category and source first. ``among`` names those to look at."""
    names = set(index.narrow.columns if among is None else among)
    first = [name for name in ("category", "source", "origin", "split") if name in names]
    skip = {*first, "id", "content_hash", "family", "parent_id", "opens", "made_by"}
    rest = []
    for name, dtype in index.narrow.schema.items():
        if name in skip or name not in names or dtype not in (pl.String, pl.Boolean, pl.Categorical):
            continue
        if name.endswith(".evidence"):
            continue
        if 2 <= index.narrow[name].n_unique() <= most:
            rest.append(name)
    return first + sorted(rest)


def numeric(index: Index, among: Collection[str] | None = None) -> list[str]:
    """Columns of numbers that differ between rows; words first. ``among`` names those to look at."""
    names = set(index.narrow.columns if among is None else among)
    rest = [
        name
        for name, dtype in index.narrow.schema.items()
        if dtype.is_numeric() and name in names and name not in ("row", "words", "source_row", "place")
        and index.narrow[name].n_unique() > 1
    ]  # fmt: skip
    return [*(["words"] if "words" in names else []), *sorted(rest)]


def span_of(index: Index, column: str) -> tuple[float, float, bool] | None:
    """The lowest and highest finite number of a column, and whether it holds whole ones; null where all are the same."""
    held = index.narrow[column].drop_nulls()
    if held.dtype.is_float():
        held = held.filter(held.is_finite())
    if held.is_empty() or held.min() == held.max():
        return None
    return float(held.min()), float(held.max()), held.dtype.is_integer()  # type: ignore[arg-type]


def values_of(index: Index, column: str) -> list[tuple[str, int]]:
    """The values of a column with their rows, most first; null is ``(none)``."""
    value = pl.col(column).cast(pl.String).fill_null(NONE).alias("value")
    counts = index.narrow.select(value).group_by("value").len().sort("len", "value", descending=[True, False])
    return list(counts.iter_rows())


def flags_of(index: Index) -> list[tuple[str, int]]:
    """What can be up on a row, with how many rows: yes/no columns of steps, personal data by kind, contamination, and the
    flags that people gave; most first.
    """
    narrow = index.narrow
    names = [name for name, dtype in narrow.schema.items() if dtype == pl.Boolean and "." in name]
    found = [name for name in COUNTED if name in narrow.columns]
    counts = (
        narrow.select(pl.col(names).sum(), (pl.col(found) > 0).sum()).row(0, named=True)
        if names or found
        else {}
    )
    if "hand.flag" in narrow.columns:
        given = narrow["hand.flag"].drop_nulls().value_counts()
        counts |= {f"{HAND}{flag}": rows for flag, rows in given.iter_rows()}
    return sorted(((name, rows) for name, rows in counts.items() if rows), key=lambda one: (-one[1], one[0]))
