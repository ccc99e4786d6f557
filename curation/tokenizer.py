"""Token counts by the tokenizer of the model that will train; ``tokenizers`` alone, no transformers."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import polars as pl

from curation.errors import HubError, InputError, MissingExtra, TomeError
from curation.hub import need_model
from curation.step import Context

BATCH = 2_000


@functools.lru_cache(maxsize=4)
def load_tokenizer(name: str) -> Any:
    """A ``tokenizers.Tokenizer`` from a ``tokenizer.json``, the folder of one, or a Hub id.

    Raises InputError where there is none, HubError where the Hub doesn't give it, MissingExtra.
    """
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError:
        raise MissingExtra.of("tokenizers", "train") from None
    path = Path(name)
    if path.is_dir():
        path = path / "tokenizer.json"
    try:
        if path.exists():
            return Tokenizer.from_file(str(path))
        if path.suffix == ".json" or name.startswith((".", "/", "~")):
            raise InputError(
                "there is no tokenizer here", where=name, mend="Give a tokenizer.json or a Hub id."
            )
        need_model(name)
        return Tokenizer.from_pretrained(name)
    except TomeError:
        raise
    except Exception as error:
        if path.exists():
            raise InputError(f"not a tokenizer: {error}", where=str(path)) from None
        raise HubError(
            f"the tokenizer can't be fetched: {error}",
            where=name,
            mend="Check the id and the network, or give the path of a tokenizer.json.",
        ) from None


def count_turns(rows: pl.DataFrame, tokenizer: str, ctx: Context) -> pl.DataFrame:
    """Every turn's row (its place), role and tokens (Int64), without the chat template's own tokens."""
    encoder = load_tokenizer(tokenizer)
    turns = (
        rows.select(pl.int_range(pl.len()).alias("row"), "messages")
        .explode("messages", empty_as_null=False, keep_nulls=False)
        .unnest("messages")
    )
    texts = turns["content"]
    counts: list[int] = []
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH].fill_null("").to_list()
        counts.extend(len(one) for one in encoder.encode_batch_fast(batch, add_special_tokens=False))
        ctx.progress(min(start + BATCH, len(texts)), len(texts))
    return turns.select("row", "role", tokens=pl.Series(counts, dtype=pl.Int64))


def count_tokens(rows: pl.DataFrame, tokenizer: str, ctx: Context) -> pl.Series:
    """Tokens of each conversation's texts (Int64), without the chat template's own."""
    sums = count_turns(rows, tokenizer, ctx).group_by("row").agg(pl.col("tokens").sum())
    every = rows.select(pl.int_range(pl.len()).alias("row"))
    return every.join(sums, on="row", how="left", maintain_order="left")["tokens"].fill_null(0)
