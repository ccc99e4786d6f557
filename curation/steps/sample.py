"""``sample``: keep part of the rows, within a budget: at random, stratified, the top by a score, or diverse."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from curation.budget import Budget
from curation.diversity import Diverse
from curation.errors import InputError, nearest_column
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
    """Keep rows in an order (chance, strata, score, diversity) for as long as they fit the budget; drop the rest.

    In rows the sample has exactly the budget; in tokens it stops before the row that would go over. The
    draw is keyed by row id, so a larger budget keeps every row that a smaller one kept. Evaluation rows
    stay and don't count, unless ``eval`` is set.

    Source: bottom-k sampling by hashed keys (Cohen and Kaplan 2007, "Summarizing Data using Bottom-k Sketches");
    core-sets by farthest-first traversal (Gonzalez 1985; Sener and Savarese 2018).
    """

    kind: ClassVar[Kind] = "select"
    scope: ClassVar[Literal["row", "global"]] = "global"
    version: ClassVar[int] = 2
    op: Literal["sample"] = "sample"
    budget: Budget
    """How much to keep: rows, tokens or a share."""
    by: Literal["random"] | Stratified | Top | Diverse = "random"
    """In which order rows are taken."""
    eval: bool = False
    """Sample evaluation rows too."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with a reason on all that the budget leaves out."""
        column = self._column(rows)
        drawn = rows["split"].ne_missing(EVAL) | self.eval
        narrow = pl.DataFrame(
            {
                "id": rows["id"],
                "drawn": drawn,
                "key": self._key(rows, column, drawn, ctx),
                "u": keyed_uniform(ctx.seed, self.op, rows["id"]),
                "cost": self.budget.cost(rows, self.op),
            }
        )
        pool = narrow.filter("drawn")
        limit = self.budget.amount(pool.height)
        kept = self._order(pool).filter(pl.col("cost").cum_sum() <= limit)["id"]
        lost = ~narrow["id"].is_in(kept.implode()) & narrow["drawn"]
        reason = pl.lit(f"outside the sample of {self.budget.words()} ({self._how(column)})")
        named = column or ("random" if self.by == "random" else "rank")
        return rows.with_columns(
            reason=pl.when(lost).then(reason),
            evidence=pl.struct(narrow["key"].alias(named), narrow["u"]).struct.json_encode(),
        )

    def inputs(self) -> list[Path]:
        """The files of a model that lies in a folder."""
        return self.by.inputs() if isinstance(self.by, Diverse) else []

    def _how(self, column: str | None) -> str:
        """The order in words."""
        if isinstance(self.by, Diverse):
            return f"diverse by {self.by.diverse}"
        return (
            "random"
            if self.by == "random"
            else f"{'top' if isinstance(self.by, Top) else 'stratified'} by {column}"
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
                f"there is no column {column!r}", where=self.op, mend=nearest_column(column, rows.columns)
            )
        return column

    def _key(self, rows: pl.DataFrame, column: str | None, drawn: pl.Series, ctx: Context) -> pl.Series:
        """What rows are ordered or grouped by; a score that is not a number counts as missing."""
        if isinstance(self.by, Diverse):  # evaluation rows take no place in the order
            pool = rows.filter(drawn).select("id", "messages", "content_hash")
            rank = pl.DataFrame({"id": pool["id"], "rank": self.by.rank(pool, ctx)})
            return rows.select("id").join(rank, on="id", how="left", maintain_order="left")["rank"]
        if column is None:
            return pl.Series([None], dtype=pl.Float64).new_from_index(0, rows.height)
        key = rows[column]
        return key.fill_nan(None) if key.dtype.is_float() else key

    def _order(self, drawn: pl.DataFrame) -> pl.DataFrame:
        """Rows in the order in which they are taken."""
        if isinstance(self.by, Diverse):
            return drawn.sort("key")
        if isinstance(self.by, Top):
            return drawn.sort("key", "u", "id", descending=[True, False, False], nulls_last=True)
        if isinstance(self.by, Stratified):
            # the k-th of n rows stands at (k - u) / n, so strata fill evenly at every budget
            place = (pl.col("u").rank("ordinal").over("key") - 0.5) / pl.len().over("key")
            return drawn.with_columns(place=place).sort("place", "u", "id")
        return drawn.sort("u", "id")
