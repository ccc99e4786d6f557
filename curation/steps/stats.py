"""``stats``: how long a conversation is, by role, in turns, characters, words and tokens."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import polars as pl

from curation.rows import text_of
from curation.step import Context, Kind, Step

WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}]|[^\s\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}]+"
"""A run of non-space characters; in scripts that set no spaces, each character counts as one word."""


class Stats(Step):
    """Count turns, characters and words of each conversation, and tokens where a tokenizer is given.

    Adds ``stats.turns``, ``stats.chars``, ``stats.words``, ``stats.user_words``, ``stats.assistant_words``,
    ``stats.system`` (whether there is a system prompt) and, with ``tokenizer``, ``stats.tokens``.
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["stats"] = "stats"
    tokenizer: str | None = None
    """A ``tokenizer.json``, the folder of one, or a Hub id; tokens of the texts alone, without a template."""

    def inputs(self) -> list[Path]:
        """The tokenizer, where it is a local file."""
        path = Path(self.tokenizer) if self.tokenizer else None
        path = path / "tokenizer.json" if path is not None and path.is_dir() else path
        return [path] if path is not None and path.is_file() else []

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with their counts."""
        whole = text_of(separator=" ")
        counted = rows.with_columns(
            pl.col("messages").list.len().cast(pl.Int64).alias("stats.turns"),
            pl.col("messages")
            .list.eval(pl.element().struct.field("content").str.len_chars())
            .list.sum()
            .cast(pl.Int64)
            .alias("stats.chars"),
            whole.str.count_matches(WORD).cast(pl.Int64).alias("stats.words"),
            text_of(roles=["user"], separator=" ")
            .str.count_matches(WORD)
            .cast(pl.Int64)
            .alias("stats.user_words"),
            text_of(roles=["assistant"], separator=" ")
            .str.count_matches(WORD)
            .cast(pl.Int64)
            .alias("stats.assistant_words"),
            pl.col("messages")
            .list.eval(pl.element().struct.field("role") == "system")
            .list.any()
            .fill_null(False)
            .alias("stats.system"),
        )
        if self.tokenizer is None:
            return counted
        from curation.tokenizer import count_tokens

        return counted.with_columns(count_tokens(rows, self.tokenizer, ctx).alias("stats.tokens"))
