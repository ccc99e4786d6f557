"""``dedup``: of the rows that share a key, keep the best and drop the rest."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from curation.errors import InputError, nearest_column
from curation.rows import text_of
from curation.step import Context, Kind, Step


class Best(BaseModel):
    """Which row of a group is the best: exactly one of the fields. Ties go to the row that stands first."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    max: str | None = None
    """The row with the highest value of this column; null is lowest."""
    min: str | None = None
    """The row with the lowest value of this column; null is highest."""
    sources: tuple[str, ...] | None = None
    """The row whose source comes first in this list."""

    @model_validator(mode="after")
    def _one(self) -> Best:
        if sum(value is not None for value in (self.max, self.min, self.sources)) != 1:
            raise ValueError("keep wants exactly one of max, min, sources, such as {max: score}")
        return self


class Dedup(Step):
    """Keep one row of every group of equal keys; a null key belongs to no group.

    ``by: content_hash`` finds exact duplicates, ``by: near_dup.cluster`` cuts near-duplicates that an
    earlier step found. Every dropped row names the one that was kept.
    """

    kind: ClassVar[Kind] = "select"
    scope: ClassVar[Literal["row", "global"]] = "global"
    op: Literal["dedup"] = "dedup"
    by: Annotated[str, Field(min_length=1)] = "content_hash"
    """The column whose equal values make a group."""
    keep: Literal["first", "last", "longest"] | Best = "first"
    """The best of a group: the first, the last (newest), the longest text, or by a column or source order."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:  # noqa: ARG002
        """Rows with a reason on all but the best of each group."""
        self._known(rows, self.by)
        if rows.schema[self.by].is_nested():
            raise InputError(f"column {self.by!r} holds {rows.schema[self.by]}, no key", where="dedup")
        narrow = rows.select(
            pl.int_range(pl.len()).alias("place"),
            "id",
            pl.col(self.by).alias("key"),
            self._rank(rows).alias("rank"),
        )
        groups = narrow.filter(pl.col("key").is_not_null() & pl.col("key").is_duplicated())
        best = (
            groups.sort("rank", "place", nulls_last=True)
            .unique("key", keep="first", maintain_order=True)
            .select("key", kept="id")
        )
        lost = (
            groups.join(best, on="key", how="inner")
            .filter(pl.col("id") != pl.col("kept"))
            .select(
                "id",
                reason=pl.lit("duplicate of ") + pl.col("kept"),
                evidence=pl.struct("kept", pl.lit(self.by).alias("by"), "key").struct.json_encode(),
            )
        )
        # only the narrow frame is joined: texts stay where they are
        told = narrow.select("id").join(lost, on="id", how="left", maintain_order="left")
        return rows.with_columns(told["reason"], told["evidence"])

    def _known(self, rows: pl.DataFrame, column: str) -> None:
        if column not in rows.columns:
            raise InputError(
                f"there is no column {column!r}", where="dedup", mend=nearest_column(column, rows.columns)
            )

    def _rank(self, rows: pl.DataFrame) -> pl.Expr:
        """Lower is better."""
        if self.keep == "first":
            return pl.int_range(pl.len())
        if self.keep == "last":
            return -pl.int_range(pl.len())
        if self.keep == "longest":
            return -text_of(separator="").str.len_chars().cast(pl.Int64)
        assert isinstance(self.keep, Best)
        if self.keep.sources is not None:
            order = {name: place for place, name in enumerate(self.keep.sources)}
            return pl.col("source").replace_strict(order, default=len(order), return_dtype=pl.Int64)
        column = self.keep.max or self.keep.min or ""
        self._known(rows, column)
        if not rows.schema[column].is_numeric():
            raise InputError(f"column {column!r} is {rows.schema[column]}, not a number", where="dedup")
        value = pl.col(column).cast(pl.Float64).fill_nan(None)
        return -value if self.keep.max else value
