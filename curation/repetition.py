"""How much of a text repeats itself, by n-grams of words, at the cost of hashing each word once."""

from __future__ import annotations

import numpy as np
import polars as pl

from curation.shingles import HASH_BITS, NUMBER_BITS, chunks_of, shingles_of


def repeated_share(texts: pl.Series, size: int) -> pl.Series:
    """The share of n-grams of ``size`` words that stood earlier in the text already (Float64, 0 to 1).

    A text of fewer than ``size`` + 1 words has 0. Every character of a script without spaces is a word.

    Source: duplicate n-grams as in Gopher's repetition filters (Rae et al. 2021, "Scaling Language Models",
    appendix A.1.1), counted here in n-grams rather than in characters.
    """
    shares = []
    for words in chunks_of(texts, np.ones(len(texts), dtype=np.int64)):
        count = words.bounds.size - 1
        keys, owners = shingles_of(words, size, 0)
        totals = np.bincount(owners, minlength=count)
        keys = (keys >> NUMBER_BITS) | (owners.astype(np.uint64) << HASH_BITS)
        keys.sort()
        first = np.ones(keys.size, dtype=bool)
        first[1:] = keys[1:] != keys[:-1]
        distinct = np.bincount((keys[first] >> HASH_BITS).astype(np.int64), minlength=count)
        shares.append(np.where(totals > 0, 1 - distinct / np.maximum(totals, 1), 0.0))
    values = np.concatenate(shares) if shares else np.empty(0)
    return pl.Series("repeated", values, dtype=pl.Float64)
