"""How much of something to take: rows, tokens or a share; shared by ``sample`` and ``balance``."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from curation.errors import InputError, nearest


class Budget(BaseModel):
    """Exactly one of rows, tokens, share."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rows: Annotated[int, Field(gt=0)] | None = None
    """Rows at most."""
    tokens: Annotated[int, Field(gt=0)] | None = None
    """Tokens at most, counted by ``column``."""
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the rows, from 0 to 1."""
    column: str = "tokens.total"
    """The column that counts a row's tokens; ``stats.words`` makes it a budget in words."""

    @model_validator(mode="after")
    def _one(self) -> Budget:
        if sum(value is not None for value in (self.rows, self.tokens, self.share)) != 1:
            raise ValueError("a budget wants exactly one of rows, tokens, share")
        return self

    def cost(self, rows: pl.DataFrame, where: str) -> pl.Series:
        """What each row costs: its tokens where the budget is in tokens, else 1. Raises InputError."""
        if self.tokens is None:
            return pl.Series("cost", [1], dtype=pl.Int64).new_from_index(0, rows.height)
        if self.column not in rows.columns:
            raise InputError(
                f"a budget in tokens needs the column {self.column!r}",
                where=where,
                mend=f"Put a tokens step before, or say which column counts. {nearest(self.column, rows.columns)}",
            )
        return rows[self.column].cast(pl.Int64).fill_null(0).alias("cost")

    def amount(self, total_rows: int) -> int:
        """The budget as a number, in rows or in tokens."""
        if self.share is not None:
            return round(self.share * total_rows)
        return self.rows or self.tokens or 0

    def words(self) -> str:
        """The budget in words, for a reason: ``500 rows``."""
        if self.share is not None:
            return f"{self.share:.4g} of the rows"
        return f"{self.rows:,} rows" if self.rows else f"{self.tokens:,} tokens"
