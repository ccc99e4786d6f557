"""``tokens``: how long each side of a conversation is, in the tokens of the model that will train, or in words."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import polars as pl

from curation.rows import ROLES, WORD, in_slices, text_of
from curation.step import Context, Kind, Step


class Tokens(Step):
    """Count the tokens of each role's texts by a tokenizer, or their words where none is given.

    Adds ``tokens.total``, ``tokens.system``, ``tokens.user``, ``tokens.assistant``, ``tokens.tool`` (Int64), and
    ``tokens.unit``: "tokens" or "words". The texts alone are counted; what the chat template adds around each
    turn is not. A word is a run of non-space characters, or one character of a script without spaces.
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["tokens"] = "tokens"
    tokenizer: str | None = None
    """A ``tokenizer.json``, the folder of one, or a Hub id; null counts words."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with their counts. Raises InputError, HubError or MissingExtra where the tokenizer can't be had."""
        names = [f"tokens.{role}" for role in ROLES]
        if self.tokenizer is None:
            counted = self._by_words(rows, names)
        else:
            counted = self._by_tokenizer(rows, self.tokenizer, ctx)
        total = pl.sum_horizontal(names).cast(pl.Int64).alias("tokens.total")
        unit = pl.lit("words" if self.tokenizer is None else "tokens").alias("tokens.unit")
        return rows.with_columns(counted.select(total, *names, unit))

    def inputs(self) -> list[Path]:
        """The tokenizer's file, where it is one."""
        if self.tokenizer is None:
            return []
        path = Path(self.tokenizer)
        path = path / "tokenizer.json" if path.is_dir() else path
        return [path] if path.is_file() else []

    @staticmethod
    def _by_words(rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
        """Words of each role; some rows at a time, since each role's texts are joined in memory."""
        words = [
            text_of(roles=[role], separator=" ")
            .fill_null("")
            .str.count_matches(WORD)
            .cast(pl.Int64)
            .alias(name)
            for role, name in zip(ROLES, names, strict=True)
        ]
        return in_slices(rows, lambda part: part.select(words))

    def _by_tokenizer(self, rows: pl.DataFrame, tokenizer: str, ctx: Context) -> pl.DataFrame:
        from curation.tokenizer import count_turns

        turns = count_turns(rows, tokenizer, ctx)
        sums = turns.group_by("row").agg(
            pl.col("tokens").filter(pl.col("role") == role).sum().alias(f"tokens.{role}") for role in ROLES
        )
        every = rows.select(pl.int_range(pl.len()).alias("row"))
        joined = every.join(sums, on="row", how="left", maintain_order="left").drop("row")
        return joined.with_columns(pl.all().fill_null(0).cast(pl.Int64))
