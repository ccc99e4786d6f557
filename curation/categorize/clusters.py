"""Categories that the data itself suggests: two levels of clusters, named by their telling words."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curation.embedding.kmeans import kmeans
from curation.embedding.numbers import Vectors
from curation.embedding.view import View, text_view
from curation.rows import in_slices

CHARS = 800
"""Characters of a text whose words may name its cluster."""
WORDS = r"[\p{Han}\p{Hiragana}\p{Katakana}]{2}|\p{Thai}{3,12}|[\p{L}][\p{L}\p{N}+#]{2,24}"
"""What may stand in a name: words of three letters or more, pairs of characters in scripts without spaces."""
COMMON = frozenset(
    """
    about above after again all also although always and answer any are ask based because been before below
    between both but can could describe did does doing each either else enough even every example explain few
    find first following for from gave get give given gives goes had has have having her here him his how
    include input into its just know let like list made make many may mean might more most much must name
    need new not now off once one only other our out output over own per please provide question same say see
    she should show since some such take tell than that the their them then there these they thing this those
    three through too two under until use used uses using very want was way well were what when where whether
    which while who whose why will with without would write yes yet you your
    """.split()  # noqa: SIM905
)


def cluster_names(
    rows: pl.DataFrame,
    view: View,
    vectors: Vectors,
    order: NDArray[np.int64],
    *,
    count: int,
    inner: int,
    seed: int,
) -> pl.DataFrame:
    """Two levels of named clusters: columns ``label``, ``subcategory`` and ``score`` in the order of rows.

    ``order`` puts the rows in a canonical order, so that clusters don't depend on how they came. ``score`` is
    the cosine with the centre, to 3 decimals. A cluster is cut into ``inner`` parts where it has at
    least ten rows for each.
    """
    labels = np.zeros(len(vectors), np.int64)
    near = np.zeros(len(vectors), np.float32)
    labels[order], _, near[order] = kmeans(vectors[order], count, seed)
    parts = np.zeros(len(vectors), np.int64)
    for cluster in range(labels.max(initial=-1) + 1):
        members = order[labels[order] == cluster]
        if inner > 1 and len(members) >= 10 * inner:
            parts[members], _, _ = kmeans(vectors[members], inner, seed)
    frame = pl.DataFrame({"outer": labels, "inner": labels * (inner + 1) + parts})
    terms = in_slices(frame.with_columns(rows["messages"]), partial(_terms, view=view))
    top = _names(terms.select("term", "texts", cluster="outer"), 3)
    second = _names(terms.select("term", "texts", cluster="inner"), 3)
    return frame.select(
        label=pl.col("outer").replace_strict(top, default="cluster", return_dtype=pl.String),
        subcategory=pl.col("inner").replace_strict(second, default="cluster", return_dtype=pl.String),
        score=pl.Series(np.round(near.astype(np.float64), 3)),
    )


def _terms(rows: pl.DataFrame, view: View) -> pl.DataFrame:
    """In how many texts of each cluster each word stands."""
    text = text_view(rows, view, CHARS).str.to_lowercase()
    words = text.str.extract_all(WORDS).list.unique(maintain_order=True).alias("term")
    terms = rows.select("outer", "inner", words).explode("term", empty_as_null=False, keep_nulls=False)
    terms = terms.filter(~pl.col("term").is_in(sorted(COMMON)))
    return terms.group_by("outer", "inner", "term").agg(texts=pl.len().cast(pl.Int64))


def _names(terms: pl.DataFrame, count: int) -> dict[int, str]:
    """The ``count`` most telling words of each cluster, joined; equal names get numbers.

    A word's weight is how many texts of the cluster have it, times log(1 + average cluster / all that have it):
    c-TF-IDF (Grootendorst 2022, "BERTopic"), with texts counted in place of occurrences.
    """
    if not terms.height:
        return {}
    counts = terms.group_by("cluster", "term").agg(len=pl.col("texts").sum())
    average = counts["len"].sum() / counts["cluster"].n_unique()
    ranked = (
        counts.with_columns(all=pl.col("len").sum().over("term"))
        .with_columns(weight=(pl.col("len") * (1 + average / pl.col("all")).log()).round(6))
        .sort("cluster", "weight", "term", descending=[False, True, False])
        .group_by("cluster", maintain_order=True)
        .agg(pl.col("term").head(count))
    )
    names: dict[int, str] = {}
    taken: dict[str, int] = {}
    for cluster, words in ranked.iter_rows():
        name = ", ".join(words)
        taken[name] = taken.get(name, 0) + 1
        names[cluster] = name if taken[name] == 1 else f"{name} {taken[name]}"
    return names
