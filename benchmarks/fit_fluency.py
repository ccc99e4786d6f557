"""Make the table of word runs that augmentation's ``fluency`` gate reads.

    python benchmarks/fit_fluency.py TEXTS.jsonl [MORE.jsonl ...]

Each line is a JSON string, or an object whose strings are all read. Kept are words that occur at least five times, and pairs
and triples of them that occur at least twice, as 32-bit hashes: nothing can be read back from it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from curation.augment import fluency
from curation.words import Words, hash_words

WORD, RUN = 5, 2
CHUNK = 50_000


def strings(value: Any) -> Iterator[str]:
    """All texts inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from strings(one)


def chunks(files: list[Path]) -> Iterator[list[str]]:
    """Texts that are English by their letters, many at a time."""
    held: list[str] = []
    for file in files:
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                for text in strings(json.loads(line)):
                    if text and sum(c.isascii() for c in text[:2000]) > 0.97 * len(text[:2000]):
                        held.append(text)
                if len(held) >= CHUNK:
                    yield held
                    held = []
    yield held


def often(parts: list[Any], least: int) -> Any:
    """The values that occur at least so often, sorted."""
    values, counts = np.unique(np.concatenate(parts), return_counts=True)
    return values[counts >= least]


def main() -> None:
    """Read twice: the words, then the runs of known words."""
    options = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    options.add_argument("files", type=Path, nargs="+")
    options.add_argument("--out", type=Path, default=fluency.TABLE)
    given = options.parse_args()
    parts: list[Words] = [hash_words(fluency.plain(texts)) for texts in chunks(given.files)]
    known = {1: often([fluency.narrow(words.hashes) for words in parts], WORD)}
    blank = np.zeros(1, dtype=np.uint32)
    reader = fluency.Fluency({**known, 2: blank, 3: blank})
    found: dict[int, list[Any]] = {2: [], 3: []}
    for words in parts:
        seen = np.where(reader._has(1, fluency.narrow(words.hashes)), words.hashes, fluency.RARE)
        for size, (hashes, _) in fluency.runs(Words(seen, words.bounds)).of.items():
            found[size].append(hashes)
    known |= {size: often(hashes, RUN) for size, hashes in found.items()}
    fluency.save(known, given.out)
    words_read = sum(words.hashes.size for words in parts)
    sizes = ", ".join(f"{size}: {hashes.size:,}" for size, hashes in known.items())
    print(f"{words_read:,} words read; kept by length {sizes}; {given.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
