"""Whether English reads well at a glance: are its runs of two and three words ones that people write?

The table (``fluency.npz``) holds hashes of the words, pairs and triples that occur often enough in public English text;
``scripts/fit_fluency.py`` makes it, from the sources that lie beside it. It knows no probabilities: a pair is known or it isn't. That is enough to tell
"a dictionary of", which is known, from "a dictionary by way of", and it takes microseconds a word.

Source: the idea of back-off to shorter runs, Katz 1987; presence in place of counts, as in Talbot and Osborne 2007.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from curation.shingles import all_runs, running_sums, whole_runs
from curation.words import U64, Words, hash_words

TABLE = Path(__file__).with_name("fluency.npz")
END, COMMA, OTHER = "_e_", "_c_", "_o_"
"""What stands for the end of a sentence, for a comma or bracket, and for any other sign."""
RARE = np.uint64(0x9E3779B97F4A7C15)
"""What a word that the table doesn't know counts as: names and terms are alike."""
NEIGHBOURS, REACH = 3, 80
"""Words on either side that a change is looked at with, and characters in which they are looked for."""
CLOSE, SAME = 0.6, 0.8
"""Cosines from which on a replacement needs less support by the words around it."""
TOKEN = re.compile(r"\S+")
U32 = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Runs:
    """The hashed runs of some texts: ``of[size]`` are the hashes and the text that each belongs to."""

    of: dict[int, tuple[U32, npt.NDArray[np.int64]]]
    texts: int


def plain(texts: Sequence[str]) -> pl.Series:
    """Texts as words and marks: lower case, numbers as 0, a mark for each end of a sentence, comma or other sign."""
    given = pl.Series("text", texts, dtype=pl.String)
    marked = pl.format(f"{END} {{}} {END}", pl.col("text").str.to_lowercase())
    for pattern, mark in (
        (r"[’'`´]", " "), (r"\d[\d.,]*", " 0 "), (r"(?:[.!?;:\n]\s*)+", f" {END} "), (r"[,()\[\]\"“”]", f" {COMMA} "),
        (r"-", " "), (r"[^\w\s]", f" {OTHER} "), (rf"(?:{END}\s+)+", f" {END} "),
    ):  # fmt: skip
        marked = marked.str.replace_all(pattern, mark)
    return pl.DataFrame([given]).select(marked.alias("text")).to_series()


def narrow(hashes: U64) -> U32:
    """The upper half of each hash."""
    return (hashes >> np.uint64(32)).astype(np.uint32)


def runs(words: Words, sizes: Sequence[int] = (2, 3)) -> Runs:
    """The runs of each text of hashed words."""
    sums = running_sums(words)
    owners = np.repeat(np.arange(words.bounds.size - 1), np.diff(words.bounds))
    found = {}
    for size in sizes:
        inside = whole_runs(words, size)
        found[size] = narrow(all_runs(sums, size)[inside]), owners[: inside.size][inside]
    return Runs(found, words.bounds.size - 1)


class Fluency:
    """The table, and what it says about texts."""

    def __init__(self, known: dict[int, U32]) -> None:
        self.known = known

    def words(self, texts: Sequence[str]) -> Words:
        """Hashed words, unknown ones all alike."""
        words = hash_words(plain(texts))
        return Words(np.where(self._has(1, narrow(words.hashes)), words.hashes, RARE), words.bounds)

    def knows(self, words: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Whether each is a word that people write; several words count as known where all are."""
        hashed = hash_words(pl.Series(words, dtype=pl.String))
        strange = np.concatenate(([0], np.cumsum(~self._has(1, narrow(hashed.hashes)))))
        found: npt.NDArray[np.bool_] = strange[hashed.bounds[1:]] == strange[hashed.bounds[:-1]]
        return found & (np.diff(hashed.bounds) > 0)

    def new_runs(self, before: Sequence[str], after: Sequence[str]) -> list[tuple[list[bool], list[bool]]]:
        """For each pair of texts: of the pairs and triples of words that ``after`` alone has, which are known."""
        old, new = runs(self.words(before)), runs(self.words(after))
        found: list[tuple[list[bool], list[bool]]] = [([], []) for _ in after]
        for place, size in enumerate((2, 3)):
            (a, of_a), (b, of_b) = old.of[size], new.of[size]
            here = of_a.astype(np.uint64) << np.uint64(32) | a
            there = of_b.astype(np.uint64) << np.uint64(32) | b
            fresh = ~np.isin(there, here)
            for owner, good in zip(of_b[fresh].tolist(), self._has(size, b[fresh]).tolist(), strict=True):
                found[owner][place].append(good)
        return found

    def _has(self, size: int, hashes: U32) -> npt.NDArray[np.bool_]:
        table = self.known[size]
        places = np.minimum(np.searchsorted(table, hashes), table.size - 1)
        found: npt.NDArray[np.bool_] = table[places] == hashes
        return found


def around(text: str, start: int, end: int) -> tuple[str, str]:
    """The neighbours of a stretch of text on either side, with what stands between them."""
    left, right = text[max(start - REACH, 0) : start], text[end : end + REACH]
    before = [match.start() for match in TOKEN.finditer(left)][-NEIGHBOURS:]
    after = [match.end() for match in TOKEN.finditer(right)][:NEIGHBOURS]
    return left[before[0] if before else 0 :], right[: after[-1] if after else 0]


def fits(cosine: float, pairs: Sequence[bool], triples: Sequence[bool]) -> bool:
    """Whether words may stand in the place of others, by their cosine and which of the new runs are known."""
    if all(pairs):
        return cosine >= CLOSE or 3 * sum(triples) >= len(triples)
    return cosine >= SAME and 2 * sum(pairs) >= len(pairs)


def save(known: dict[int, U32], path: Path = TABLE) -> None:
    """Write the table: sorted hashes as differences, which compress well."""
    gaps: dict[str, Any] = {
        f"n{size}": np.diff(hashes, prepend=np.uint32(0)) for size, hashes in known.items()
    }
    np.savez_compressed(path, **gaps)


def read(path: Path) -> Fluency:
    """A table that ``save`` wrote."""
    with np.load(path, allow_pickle=False) as packed:
        return Fluency({size: np.cumsum(packed[f"n{size}"], dtype=np.uint32) for size in (1, 2, 3)})


@functools.cache
def table() -> Fluency:
    """The table that ships with the package."""
    return read(TABLE)
