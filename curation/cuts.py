"""Where to cut: how many rows a threshold would drop, from which categories, and the rows on both sides of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from curation.findings import count, percent

Side = Literal["below", "above"]
NONE = "(none)"


@dataclass(frozen=True)
class Cut:
    """Drop rows whose ``column`` is below (or above) ``at``, or has one of ``values``; null stays."""

    column: str
    side: Side = "below"
    at: float = 0.0
    values: tuple[str, ...] = ()

    def goes(self) -> pl.Expr:
        """Whether a row goes."""
        value = pl.col(self.column)
        if self.values:
            return value.cast(pl.String).fill_null(NONE).is_in(self.values)
        return ((value < self.at) if self.side == "below" else (value > self.at)).fill_null(False)

    def where(self) -> str:
        """The rows that stay, as the filter step writes it; the index's ``words`` are those of ``stats``."""
        if self.column == "words":
            return Cut("stats.words", self.side, self.at, self.values).where()
        if self.values:
            if set(self.values) <= {"true", "false"}:
                wanted = " or ".join(f"{self.column} == {value == 'true'}" for value in self.values)
                return (
                    f"not ({wanted})" if NONE in self.values else f"{self.column} is None or not ({wanted})"
                )
            named = [value for value in self.values if value != NONE]
            parts = [f"not {self.column} in ({', '.join(map(repr, named))},)"] if named else []
            if NONE in self.values:
                return " and ".join([f"{self.column} is not None", *parts])
            return f"{self.column} is None or {parts[0]}"
        sign = ">=" if self.side == "below" else "<="
        return f"{self.column} is None or {self.column} {sign} {self.at:.6g}"

    def step(self) -> dict[str, Any]:
        """The filter step that makes this cut."""
        return {"op": "filter", "where": self.where()}


def effect(rows: pl.DataFrame, cut: Cut) -> pl.DataFrame:
    """By category: ``category``, ``rows``, ``goes``, ``share`` that goes; most dropped first."""
    return (
        rows.group_by(pl.col("category").fill_null(NONE))
        .agg(pl.len().cast(pl.Int64).alias("rows"), cut.goes().sum().cast(pl.Int64).alias("goes"))
        .with_columns(share=pl.col("goes") / pl.col("rows"))
        .sort("goes", "rows", "category", descending=[True, True, False])
    )


def sentence(by: pl.DataFrame) -> str:
    """What the cut would drop. ``by`` as ``effect`` gives it."""
    rows, goes = int(by["rows"].sum()), int(by["goes"].sum())
    if not goes:
        return f"This cut drops nothing of {count(rows, 'row')}."
    top = by.row(0, named=True)
    most = f", {top['goes']:,} of them from {top['category']}" if by.height > 1 else ""
    return f"This cut drops {goes:,} of {count(rows, 'row')} ({percent(goes / rows)}){most}."


def beside(rows: pl.DataFrame, cut: Cut, most: int = 8) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows nearest to the cut: those that would go, and those that just stay."""
    shown = [name for name in ("id", "category", cut.column, "opens") if name in rows.columns]
    shown = list(dict.fromkeys(shown))
    goes, stays = rows.filter(cut.goes()), rows.filter(~cut.goes())
    if not cut.values:
        distance = (pl.col(cut.column) - cut.at).abs()
        goes = goes.sort(distance, "id", nulls_last=True)
        stays = stays.filter(pl.col(cut.column).is_not_null()).sort(distance, "id")
    return goes.head(most).select(shown), stays.head(most).select(shown)
