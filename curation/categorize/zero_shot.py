"""The nearest category by embedding, with hints, a margin, and ``unsure``."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.categorize.taxonomy import UNSURE, Prototype, Taxonomy
from curation.embedding.numbers import Vectors, cosines
from curation.expression import TEXTS, to_polars
from curation.rows import SLICE, text_of

TOP = 3
"""A category's score is the mean of its nearest prototypes' cosines; one alone would be chance."""
TURNS, CHARS = 8, 2_000
"""Signals see the first turns of a conversation, and the first characters of each."""
COLUMNS: dict[str, type[pl.DataType] | pl.DataType] = {
    "label": pl.String,
    "subcategory": pl.String,
    "score": pl.Float64,
    "margin": pl.Float64,
    "second": pl.String,
    "nearest": pl.String,
    "signals": pl.List(pl.String),
}


def nearest_category(
    rows: pl.DataFrame,
    vectors: Vectors,
    taxonomy: Taxonomy,
    prototypes: Vectors,
    *,
    min_score: float,
    min_margin: float,
) -> pl.DataFrame:
    """The category of each row, a frame of COLUMNS in the order of rows.

    ``prototypes`` are the vectors of ``taxonomy.prototypes()``. A category's score is the mean cosine of
    the row with its three nearest prototypes, plus its signals. ``label`` is ``unsure`` below ``min_score``
    or where the second category is nearer than ``min_margin``; all are cosines, rounded to 3 decimals
    before they are compared, so that they don't depend on the machine.
    """
    parts = [
        _told(rows[start : start + SLICE], vectors[start : start + SLICE], taxonomy, prototypes)
        for start in range(0, rows.height, SLICE)
    ]
    found = pl.concat([pl.DataFrame(schema=COLUMNS), *parts], rechunk=True)
    doubtful = (pl.col("score") < min_score) | (pl.col("margin") < min_margin)
    return found.with_columns(
        second=pl.when(doubtful).then("label").otherwise("second"),
        label=pl.when(doubtful).then(pl.lit(UNSURE)).otherwise("label"),
        subcategory=pl.when(doubtful).then(None).otherwise("subcategory"),
    )


def _told(rows: pl.DataFrame, vectors: Vectors, taxonomy: Taxonomy, prototypes: Vectors) -> pl.DataFrame:
    """The nearest category of some rows, however near it is, with the reasons of its signals."""
    added, reasons = _signals(rows, taxonomy)
    found = _block(cosines(vectors, prototypes), added, taxonomy.prototypes(), list(taxonomy.categories))
    said = [reasons.get((place, name), []) for place, name in enumerate(found["label"])]
    return found.with_columns(pl.Series("signals", said, dtype=pl.List(pl.String)))


def _signals(
    rows: pl.DataFrame, taxonomy: Taxonomy
) -> tuple[NDArray[np.float64], dict[tuple[int, str], list[str]]]:
    """What signals add, shape (rows, categories), and their reasons by (row, category)."""
    rows = _starts(rows)
    added = np.zeros((rows.height, len(taxonomy.categories)))
    reasons: dict[tuple[int, str], list[str]] = {}
    for place, (name, category) in enumerate(taxonomy.categories.items()):
        for signal in category.signals:
            holds = rows.select(to_polars(signal.where, rows.columns).fill_null(False).alias("holds"))
            mask = holds["holds"].to_numpy()
            added[mask, place] += signal.add
            for row in np.flatnonzero(mask):
                reasons.setdefault((int(row), name), []).append(signal.why)
    return added, reasons


def _starts(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the starts of their first turns, and the texts that expressions name made once for all signals."""
    turn = pl.element()
    content = turn.struct.field("content").str.slice(0, CHARS)
    short = pl.col("messages").list.head(TURNS).list.eval(pl.struct(turn.struct.field("role"), content))
    rows = rows.with_columns(short)
    return rows.with_columns(
        text_of(roles=roles).alias(name) for name, roles in TEXTS.items() if name not in rows.columns
    )


def _block(
    near: NDArray[np.float32], added: NDArray[np.float64], texts: list[Prototype], names: list[str]
) -> pl.DataFrame:
    """Scores of some rows: ``near`` has shape (rows, prototypes), ``added`` (rows, categories)."""
    scores = np.empty((len(near), len(names)))
    closest = np.empty((len(near), len(names)), np.int64)
    for place, name in enumerate(names):
        own = [number for number, text in enumerate(texts) if text.category == name]
        mine = near[:, own]
        top = -np.sort(-mine, axis=1)[:, :TOP].astype(np.float64)
        scores[:, place] = np.round(top.sum(axis=1) / top.shape[1] + added[:, place], 3)
        # the nearest prototype that belongs to a subcategory: the category's own description comes first
        closest[:, place] = np.array(own)[1:][np.argmax(mine[:, 1:], axis=1)]
    every = np.arange(len(near))
    best = np.argmax(scores, axis=1)
    high = scores[every, best]
    scores[every, best] = -np.inf
    second = np.argmax(scores, axis=1)
    chosen = [texts[number] for number in closest[every, best]]
    return pl.DataFrame(
        {
            "label": [names[number] for number in best],
            "subcategory": [text.subcategory for text in chosen],
            "score": np.round(high, 3),
            "margin": np.round(high - scores[every, second], 3),
            "second": [names[number] for number in second],
            "nearest": [text.text for text in chosen],
        },
        schema={name: kind for name, kind in COLUMNS.items() if name != "signals"},
    )
