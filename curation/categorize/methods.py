"""The four methods, each giving a frame of category, subcategory, score, margin, second and evidence."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from curation.categorize.taxonomy import UNSURE, Taxonomy
from curation.step import Context

if TYPE_CHECKING:
    from curation.categorize.rules import Rule
    from curation.embedding.models import Encoder
    from curation.embedding.numbers import Vectors
    from curation.embedding.view import View

FRAME = pl.Schema(
    {
        "category": pl.String,
        "subcategory": pl.String,
        "score": pl.Float64,
        "margin": pl.Float64,
        "second": pl.String,
        "evidence": pl.String,
    }
)


def by_column(values: pl.Series, mapping: Mapping[str, str]) -> pl.DataFrame:
    """A value's category; ``unsure`` for null, empty, and what the mapping doesn't know."""
    text = values.cast(pl.String).str.strip_chars()
    pairs = {value: target.partition("/") for value, target in mapping.items()}
    if mapping:
        outer = text.replace_strict({v: p[0] for v, p in pairs.items()}, default=None, return_dtype=pl.String)
        inner = text.replace_strict(
            {v: p[2] or None for v, p in pairs.items()}, default=None, return_dtype=pl.String
        )
    else:
        outer, inner = text.set(text == "", None), pl.Series([None] * len(text), dtype=pl.String)
    found = pl.DataFrame({"category": outer.fill_null(UNSURE), "subcategory": inner, "value": text})
    evidence = pl.struct(pl.lit(values.name).alias("column"), "value").struct.json_encode()
    return _complete(found.with_columns(evidence=evidence))


def by_rules(rows: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """The first rule that holds, or ``unsure``."""
    first = pl.Series("rule", [None] * rows.height, dtype=pl.Int64)
    for number in reversed(range(len(rules))):
        first = first.set(rules[number].holds(rows), number)

    def of(values: list[str | None]) -> pl.Series:
        places = dict(enumerate(values))
        return first.replace_strict(places, default=None, return_dtype=pl.String)

    told = [
        json.dumps(
            {"rule": number + 1, "where": rule.where}
            if rule.where
            else {"rule": number + 1, "words": rule.words}
        )
        for number, rule in enumerate(rules)
    ]
    return _complete(
        pl.DataFrame(
            {
                "category": of([rule.category for rule in rules]).fill_null(UNSURE),
                "subcategory": of([rule.subcategory for rule in rules]),
                "evidence": of([*told]),
            }
        )
    )


def by_taxonomy(
    rows: pl.DataFrame,
    taxonomy: Taxonomy,
    ctx: Context,
    *,
    model: str,
    view: View,
    tokens: int,
    min_score: float,
    min_margin: float,
) -> pl.DataFrame:
    """The nearest category by embedding; see ``zero_shot``."""
    from curation.categorize.zero_shot import nearest_category
    from curation.embedding import encoder, vectors

    texts = tuple(text.text for text in taxonomy.prototypes())
    found = nearest_category(
        rows,
        vectors(rows, model=model, view=view, tokens=tokens, ctx=ctx),
        taxonomy,
        _encoded(encoder(model, ctx), texts, tokens),
        min_score=min_score,
        min_margin=min_margin,
    )
    evidence = pl.struct("nearest", "signals", "score", "margin", "second").struct.json_encode()
    return _complete(found.with_columns(evidence=evidence).rename({"label": "category"}))


@functools.lru_cache(maxsize=4)
def _encoded(coder: Encoder, texts: tuple[str, ...], tokens: int) -> Vectors:
    return coder.encode(list(texts), tokens)


def by_clusters(
    rows: pl.DataFrame, ctx: Context, *, model: str, view: View, tokens: int, count: int, inner: int
) -> pl.DataFrame:
    """Named clusters; see ``clusters``."""
    from curation.categorize.clusters import cluster_names
    from curation.embedding import vectors

    found = cluster_names(
        rows,
        view,
        vectors(rows, model=model, view=view, tokens=tokens, ctx=ctx),
        rows["id"].arg_sort().to_numpy(),
        count=count,
        inner=inner,
        seed=ctx.seed,
    )
    evidence = pl.struct(pl.lit("clusters").alias("method"), "score").struct.json_encode()
    return _complete(found.with_columns(evidence=evidence).rename({"label": "category"}))


def _complete(found: pl.DataFrame) -> pl.DataFrame:
    """All columns of FRAME, null where a method has none."""
    absent = [pl.lit(None).alias(name) for name in FRAME if name not in found.columns]
    return found.with_columns(absent).select(FRAME.names()).cast(FRAME)
