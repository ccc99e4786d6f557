"""``filter``: keep the rows for which an expression over the columns is true."""

from __future__ import annotations

from typing import ClassVar, Literal

import polars as pl
from pydantic import field_validator

from curation.expression import columns_of, parse, to_polars
from curation.step import Context, Kind, Step


class Filter(Step):
    """Keep rows where ``where`` holds; the others are dropped with the expression and its values as evidence.

    A comparison with a null is not true, so such a row is dropped and its evidence shows the null; write
    ``score is None or score > 4`` to keep it. The language: see ``curation.expression``.
    """

    kind: ClassVar[Kind] = "select"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["filter"] = "filter"
    where: str
    """An expression, such as ``stats.assistant_words >= 3``."""

    @field_validator("where")
    @classmethod
    def _readable(cls, where: str) -> str:
        parse(where)
        return where

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:  # noqa: ARG002
        """Rows with a reason where the expression is false or null."""
        keep = to_polars(self.where, rows.columns)
        names = [name for name in columns_of(self.where) if name in rows.columns and name != "messages"]
        evidence = pl.struct(names).struct.json_encode() if names else pl.lit(None, pl.String)
        return (
            rows.with_columns(
                keep.fill_null(False).cast(pl.Boolean).alias("__keep"), evidence.alias("evidence")
            )
            .with_columns(reason=pl.when(pl.col("__keep")).then(None).otherwise(pl.lit(f"not {self.where}")))
            .drop("__keep")
        )
