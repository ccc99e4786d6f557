"""``sample``: keep part of the rows, within a budget: at random, stratified, or the top by a score."""

from __future__ import annotations

from typing import ClassVar, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from curation.budget import Budget
from curation.errors import InputError, nearest
from curation.step import Context, Kind, Step, keyed_uniform
from curation.steps.split import EVAL


class Stratified(BaseModel):
    """Take the same share of every value of a column."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    stratified: str


class Top(BaseModel):
    """Take the rows with the highest values of a column; nulls come last, ties by chance."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    top: str


class Sample(Step):
    """Keep rows in an order (chance, strata, score) for as long as they fit the budget; drop the rest.

    In rows the sample has exactly the budget; in tokens it stops before the row that would go over. The
    draw is keyed by row id, so a larger budget keeps every row that a smaller one kept. Evaluation rows
    stay and don't count, unless ``eval`` is set.

    Source: bottom-k sampling by hashed keys (Cohen and Kaplan 2007, "Summarizing Data using Bottom-k Sketches").
    """

    kind: ClassVar[Kind] = "select"
    scope: ClassVar[Literal["row", "global"]] = "global"
    op: Literal["sample"] = "sample"
    budget: Budget
    """How much to keep: rows, tokens or a share."""
    by: Literal["random"] | Stratified | Top = "random"
    """In which order rows are taken."""
    eval: bool = False
    """Sample evaluation rows too."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with a reason on all that the budget leaves out."""
        column = self._column(rows)
        narrow = rows.select(
            "id",
            (pl.col("split").ne_missing(EVAL) | pl.lit(self.eval)).alias("drawn"),
            self._key(rows, column),
        ).with_columns(self.budget.cost(rows, self.op), u=keyed_uniform(ctx.seed, self.op, rows["id"]))
        drawn = narrow.filter("drawn")
        order = self._order(drawn)
        limit = self.budget.amount(drawn.height)
        kept = order.filter(pl.col("cost").cum_sum() <= limit)["id"]
        lost = ~narrow["id"].is_in(kept.implode()) & narrow["drawn"]
        how = (
            "random"
            if self.by == "random"
            else f"{'top' if isinstance(self.by, Top) else 'stratified'} by {column}"
        )
        reason = pl.lit(f"outside the sample of {self.budget.words()} ({how})")
        return rows.with_columns(
            reason=pl.when(lost).then(reason),
            evidence=pl.struct(narrow["key"].alias(column or "random"), narrow["u"]).struct.json_encode(),
        )

    def _column(self, rows: pl.DataFrame) -> str | None:
        column = (
            self.by.stratified
            if isinstance(self.by, Stratified)
            else self.by.top
            if isinstance(self.by, Top)
            else None
        )
        if column is not None and column not in rows.columns:
            raise InputError(
                f"there is no column {column!r}", where=self.op, mend=nearest(column, rows.columns)
            )
        return column

    def _key(self, rows: pl.DataFrame, column: str | None) -> pl.Expr:
        """What rows are ordered or grouped by; a score that is not a number counts as missing."""
        if column is None:
            return pl.lit(None, pl.Float64).alias("key")
        key = pl.col(column)
        return (key.fill_nan(None) if rows.schema[column].is_float() else key).alias("key")

    def _order(self, drawn: pl.DataFrame) -> pl.DataFrame:
        """Rows in the order in which they are taken."""
        if isinstance(self.by, Top):
            return drawn.sort("key", "u", "id", descending=[True, False, False], nulls_last=True)
        if isinstance(self.by, Stratified):
            # the k-th of n rows stands at (k - u) / n, so strata fill evenly at every budget
            place = (pl.col("u").rank("ordinal").over("key") - 0.5) / pl.len().over("key")
            return drawn.with_columns(place=place).sort("place", "u", "id")
        return drawn.sort("u", "id")
