"""Whether a rule holds: an expression, or words in the user's turns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from curation.expression import to_polars
from curation.rows import text_of


class Rule(BaseModel):
    """A category for the rows that an expression or a list of words finds; exactly one of the two is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    category: Annotated[str, Field(min_length=1)]
    subcategory: str | None = None
    where: str | None = None
    """In the language of ``filter``."""
    words: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Whole words or phrases, in any case, anywhere in a user's turn."""

    @model_validator(mode="after")
    def _one(self) -> Rule:
        if (self.where is None) == (not self.words):
            raise ValueError("a rule wants either where or words")
        return self

    def holds(self, rows: pl.DataFrame) -> pl.Series:
        """Whether the rule holds, row by row."""
        return _holds(rows, self.where, self.words)


def _holds(rows: pl.DataFrame, where: str | None, words: Sequence[str]) -> pl.Series:
    """True for each row (Boolean, never null) where the expression holds, or a word is said by the user.

    Words are matched whole and in any case; in scripts without spaces anywhere. Raises InputError for an
    expression that can't be read.
    """
    if where is not None:
        found = to_polars(where, rows.columns).cast(pl.Boolean)
    else:
        found = text_of(roles=["user"]).str.contains("(?i)" + "|".join(map(_pattern, words)))
    return rows.select(found.fill_null(False).alias("holds"))["holds"]


def _pattern(word: str) -> str:
    escaped = re.sub(r"([\\.+*?()|\[\]{}^$#&\-~])", r"\\\1", word.strip())
    left = r"\b" if re.match(r"[A-Za-z0-9]", word) else ""
    right = r"\b" if re.search(r"[A-Za-z0-9]$", word) else ""
    return left + escaped + right
