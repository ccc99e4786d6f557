"""``filter``: keep the rows for which an expression over the columns is true."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

import polars as pl
import polars.selectors as cs
from pydantic import field_validator

from curation.errors import InputError
from curation.expression import measures_of, parse, to_polars
from curation.step import Context, Kind, Step


class Filter(Step):
    """Keep rows where ``where`` holds; the others are dropped with the expression and its values as evidence.

    A comparison with a null (or a NaN) is not true, so such a row is dropped and its evidence shows the
    null; write ``score is None or score > 4`` to keep it. The language: see ``curation.expression``.
    """

    kind: ClassVar[Kind] = "select"
    scope: ClassVar[Literal["row", "global"]] = "row"
    version: ClassVar[int] = 2
    op: Literal["filter"] = "filter"
    where: str
    """An expression, such as ``stats.assistant_words >= 3``."""

    @field_validator("where")
    @classmethod
    def _readable(cls, where: str) -> str:
        try:
            parse(where)
        except InputError as error:
            raise ValueError(str(error)) from None
        return where

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:  # noqa: ARG002
        """Rows with a reason where the expression is false or null.

        Raises InputError for an unknown column, values that can't be compared, and for an expression that
        gives something else than true or false.
        """
        where = repr(self.where)
        looked_at = rows.with_columns(cs.float().fill_nan(None))
        try:
            measures = measures_of(self.where, rows.columns)
            named = [measure.alias(name) for name, measure in measures.items()]
            evidence = pl.struct(named).struct.json_encode() if named else pl.lit(None, pl.String)
            seen = looked_at.with_columns(
                to_polars(self.where, rows.columns).alias("__keep"), evidence.alias("__evidence")
            )
        except (pl.exceptions.PolarsError, TypeError, OverflowError) as error:
            what = " ".join(str(error).partition("This error occurred")[0].split())[:200]
            raise InputError(
                what or type(error).__name__,
                where=where,
                mend="Compare numbers with numbers and texts with texts.",
            ) from None
        keep = seen["__keep"]
        if keep.dtype != pl.Boolean:
            raise InputError(
                f"the expression gives {keep.dtype}, not true or false",
                where=where,
                mend="Compare it with something: score > 4.",
            )
        compound = re.search(r"\b(and|or|if)\b", self.where)
        dropped = pl.lit(f"not ({self.where})" if compound else f"not {self.where}", pl.String)
        reason = seen.select(pl.when("__keep").then(pl.lit(None, pl.String)).otherwise(dropped)).to_series()
        return rows.with_columns(reason.alias("reason"), seen["__evidence"].alias("evidence"))
