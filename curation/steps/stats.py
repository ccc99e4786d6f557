"""``stats``: how long a conversation is, by role, in turns, characters, words and tokens."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import polars as pl

from curation.step import Context, Kind, Step


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
        import numpy as np

        from curation.turns import flat_turns
        from curation.wordcount import count_words

        roles, texts, counts = flat_turns(rows["messages"])
        flat = pl.DataFrame(
            {
                "row": np.repeat(np.arange(counts.size), counts),
                "role": roles,
                "chars": texts.str.len_chars().cast(pl.Int64),
                "words": count_words(texts),
            }
        )
        sums = flat.group_by("row").agg(
            pl.col("chars").sum(),
            pl.col("words").sum(),
            pl.col("words").filter(pl.col("role") == "user").sum().alias("user_words"),
            pl.col("words").filter(pl.col("role") == "assistant").sum().alias("assistant_words"),
            (pl.col("role") == "system").any().alias("system"),
        )
        per_row = (
            pl.DataFrame({"row": np.arange(counts.size), "turns": counts})
            .join(sums, on="row", how="left", maintain_order="left")
            .drop("row")
            .with_columns(pl.exclude("system").fill_null(0).cast(pl.Int64), pl.col("system").fill_null(False))
        )
        counted = rows.with_columns(per_row.rename(lambda name: f"stats.{name}"))
        if self.tokenizer is None:
            return counted
        from curation.tokenizer import count_tokens

        return counted.with_columns(count_tokens(rows, self.tokenizer, ctx).alias("stats.tokens"))
