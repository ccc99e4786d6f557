"""Why this answer: the training rows nearest to a question, by the words they share.

The method is TF-IDF with cosine similarity (Salton and Buckley, 1988): 1 means the same words in the same
proportions, 0 means no word in common. It says what the training data held about these words; it doesn't
prove that the answer came from there. Numpy alone, so that it ships with the Space.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = "chat"
"""The folder, inside the run's, that holds the index and the examples."""

WORDS = re.compile(r"[^\W_]{2,}|[^\x00-\x7f]", re.UNICODE)
"""Runs of two or more letters and digits; outside of ASCII also single ones, which are words in Chinese."""
COMMON = 0.1
"""The weight of a word that stands in every row: next to nothing, but not nothing in a very small dataset."""
SHOWN = 700
"""Characters kept of each text: enough to recognise a row, small enough to ship."""


@dataclass(frozen=True)
class Row:
    """A training row as the panel shows it. ``made_by`` is None for an original, else the step that made it."""

    id: str
    question: str
    answer: str
    category: str | None
    source: str
    made_by: str | None


@dataclass(frozen=True)
class Near:
    """A row and its similarity to the question, between 0 and 1."""

    row: Row
    similarity: float


@dataclass(frozen=True)
class Example:
    """A question of the evaluation split, for the starting screen."""

    question: str
    category: str | None


def words(text: str) -> list[str]:
    """The words of a text, lower case, cut to 24 characters."""
    return [word[:24] for word in WORDS.findall(text.lower())]


class Index:
    """An inverted index over the questions of training rows (all user turns of a row together)."""

    def __init__(self, rows: list[Row], terms: dict[str, int], arrays: Mapping[str, Any]) -> None:
        self.rows, self.terms = rows, terms
        self.starts, self.places, self.weights, self.idf = (
            arrays[n] for n in ("starts", "places", "weights", "idf")
        )

    @classmethod
    def build(cls, rows: Iterable[tuple[Row, str]]) -> Index:
        """Build from rows and the text that each is found by."""
        kept: list[Row] = []
        counts: list[Counter[str]] = []
        for row, text in rows:
            kept.append(row)
            counts.append(Counter(words(text)))
        spread = Counter(word for count in counts for word in count)
        terms = {word: place for place, word in enumerate(sorted(spread))}
        weight_of = [max(COMMON, math.log((1 + len(kept)) / (1 + spread[word]))) for word in sorted(spread)]
        idf = np.array(weight_of, np.float32)
        postings: list[list[tuple[int, float]]] = [[] for _ in terms]
        for place, count in enumerate(counts):
            raw = {terms[word]: (1 + math.log(n)) * float(idf[terms[word]]) for word, n in count.items()}
            norm = math.sqrt(sum(weight * weight for weight in raw.values())) or 1.0
            for term, weight in raw.items():
                postings[term].append((place, weight / norm))
        starts = np.cumsum([0, *map(len, postings)]).astype(np.int64)
        flat = [pair for one in postings for pair in one]
        arrays = {
            "starts": starts,
            "places": np.array([place for place, _ in flat], np.int32),
            "weights": np.array([weight for _, weight in flat], np.float16),
            "idf": idf,
        }
        return cls(kept, terms, arrays)

    def nearest(self, question: str, count: int = 5) -> list[Near]:
        """The ``count`` most similar rows, best first; rows without a common word are left out."""
        known = {self.terms[w]: n for w, n in Counter(words(question)).items() if w in self.terms}
        missing = [w for w in set(words(question)) if w not in self.terms]
        weights = {term: (1 + math.log(n)) * float(self.idf[term]) for term, n in known.items()}
        rarest = float(self.idf.max()) if len(self.idf) else 1.0
        norm = math.sqrt(sum(w * w for w in weights.values()) + len(missing) * rarest**2)
        if not weights:
            return []
        scores = np.zeros(len(self.rows), np.float32)
        for term, weight in weights.items():
            span = slice(int(self.starts[term]), int(self.starts[term + 1]))
            scores[self.places[span]] += self.weights[span].astype(np.float32) * (weight / norm)
        best = np.argsort(-scores, kind="stable")[:count]
        return [Near(self.rows[place], min(1.0, float(scores[place]))) for place in best if scores[place] > 0]

    def save(self, folder: Path) -> None:
        """Write the index into ``folder``: plain JSON and arrays, no pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(folder / "why.npz", starts=self.starts, places=self.places, weights=self.weights, idf=self.idf)  # fmt: skip
        lines = (json.dumps(asdict(row), ensure_ascii=False) for row in self.rows)
        (folder / "why.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "why.json").write_text(json.dumps(list(self.terms), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Index | None:
        """The index in ``folder``; None where there is none."""
        if not (folder / "why.json").is_file():
            return None
        rows = [
            Row(**json.loads(line))
            for line in (folder / "why.jsonl").read_text(encoding="utf-8").split("\n")
            if line
        ]
        terms = {
            word: place
            for place, word in enumerate(json.loads((folder / "why.json").read_text(encoding="utf-8")))
        }
        with np.load(folder / "why.npz", allow_pickle=False) as arrays:
            return cls(rows, terms, dict(arrays))
