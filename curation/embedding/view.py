"""Which part of a conversation is embedded."""

from __future__ import annotations

from typing import Literal

import polars as pl

View = Literal["first_prompt", "exchange", "answer", "conversation"]
"""The first user turn; that and the start of the first answer; all answers; all turns."""


def text_view(rows: pl.DataFrame, view: View, chars: int) -> pl.Series:
    """The text of each row (String, never null), cut to its first ``chars`` characters.

    A conversation without a user turn gives its first turn as its prompt. ``exchange`` gives two thirds of
    the characters to the prompt and the rest to the answer.
    """
    turn = pl.element()
    content = turn.struct.field("content").str.slice(0, chars)

    def of(role: str) -> pl.Expr:
        return pl.col("messages").list.eval(content.filter(turn.struct.field("role") == role))

    every = pl.col("messages").list.eval(content)
    prompt = pl.coalesce(of("user").list.first(), every.list.first()).fill_null("")
    match view:
        case "first_prompt":
            text = prompt
        case "exchange":
            answer = of("assistant").list.first().fill_null("").str.slice(0, chars - 2 * chars // 3)
            text = prompt.str.slice(0, 2 * chars // 3) + "\n" + answer
        case "answer":
            text = of("assistant").list.join("\n", ignore_nulls=True)
        case "conversation":
            text = every.list.join("\n", ignore_nulls=True)
    return rows.select(text.fill_null("").str.slice(0, chars).str.strip_chars().alias("text"))["text"]
