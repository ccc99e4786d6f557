"""``near_dup``: clusters of conversations that say nearly the same in nearly the same words."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field, model_validator

from curation.step import Context, Kind, Step
from curation.steps.split import join_families


class NearDup(Step):
    """Find rows whose sets of word shingles overlap, and make a family of each cluster.

    A row's words are lower-cased; characters of scripts without spaces count as words. MinHash with banding
    proposes pairs, each is verified by the exact Jaccard similarity of the two sets of shingles (64-bit hashes
    cut to 52 bits stand for shingles), and connected pairs form a cluster. Rows of fewer words than
    ``shingle`` are compared as a whole; rows without a word are left alone. Nothing is cut here: ``dedup``
    with ``by: near_dup.cluster`` does that.

    Adds, null where a row is alone: ``near_dup.cluster`` (the lowest id of the cluster), ``near_dup.size``
    (rows in it), ``near_dup.similarity`` (Jaccard with its nearest partner, 0 to 1),
    ``near_dup.representative`` (the id of the row with most words) and ``near_dup.evidence``.

    Source: MinHash (Broder, On the resemblance and containment of documents, 1997); 5-word shingles at 0.7 as in
    FineWeb and SlimPajama; see ``curation.minhash`` for the sketch.
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "global"
    writes: ClassVar[frozenset[str]] = frozenset({"family"})
    op: Literal["near_dup"] = "near_dup"
    shingle: Annotated[int, Field(ge=1, le=100)] = 5
    """Words in a shingle."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Jaccard similarity, from 0 to 1, from which on two rows are near-duplicates."""
    permutations: Annotated[int, Field(ge=8, le=1024)] = 128
    """Numbers in a sketch; more find more at low thresholds and cost time."""
    bands: Annotated[int, Field(ge=1)] | None = None
    """Parts that a sketch is cut into; null picks as few as miss at most 0.1% of pairs at the threshold."""
    view: Literal["conversation", "dialogue", "first_prompt"] = "conversation"
    """What is compared: all turns, all but system prompts, or the first user turn."""
    seed: int = 0
    """Seed of the hash functions."""

    @model_validator(mode="after")
    def _bands_fit(self) -> NearDup:
        if self.bands is not None and self.bands > self.permutations:
            raise ValueError("bands can't be more than permutations")
        return self

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with their cluster and its family."""
        from curation.components import clusters
        from curation.minhash import bands_for, near_pairs
        from curation.turns import flat_turns

        _, texts, counts = flat_turns(rows["messages"], self.view)
        done = 0

        def progress(count: int) -> None:
            nonlocal done
            done += count
            ctx.progress(done, rows.height)

        pairs = near_pairs(
            texts,
            counts,
            size=self.shingle,
            threshold=self.threshold,
            permutations=self.permutations,
            bands=self.bands or bands_for(self.threshold, self.permutations),
            seed=self.seed,
            progress=progress,
        )
        found = _describe(
            rows["id"],
            pl.Series(clusters(rows.height, pairs.left, pairs.right)),
            pl.Series(pairs.sizes),
            pl.concat(
                [
                    pl.DataFrame({"place": place, "similarity": pairs.similarity})
                    for place in (pairs.left, pairs.right)
                ]
            ),
        )
        families = rows.select("family", found["near_dup.cluster"]).filter(
            pl.col("near_dup.cluster").is_not_null()
        )
        groups = families.group_by("near_dup.cluster").agg(pl.col("family").unique())["family"].to_list()
        return rows.with_columns(found, family=join_families(rows["family"], groups))

    def summary(self, before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:  # noqa: ARG002
        """How many clusters there are, and rows in them."""
        clustered = after["near_dup.cluster"].drop_nulls()
        return {"clusters": clustered.n_unique(), "rows in clusters": clustered.len()}


def _describe(ids: pl.Series, label: pl.Series, sizes: pl.Series, partners: pl.DataFrame) -> pl.DataFrame:
    """The columns of the step, from each row's cluster label, its number of words and its partners."""
    nearest = partners.group_by("place").agg(pl.col("similarity").max())
    frame = pl.DataFrame({"id": ids, "label": label, "words": sizes})
    frame = frame.with_columns(pl.len().over("label").alias("size"), place=pl.int_range(pl.len()))
    clustered = frame.filter(pl.col("size") > 1)
    named = (
        clustered.sort("words", "id", descending=[True, False])
        .group_by("label", maintain_order=True)
        .agg(pl.col("id").min().alias("cluster"), pl.col("id").first().alias("representative"))
    )
    described = (
        clustered.join(named, on="label", how="left")
        .join(nearest, on="place", how="left")
        .with_columns(
            evidence=pl.struct("representative", pl.col("similarity").round(4), "size").struct.json_encode()
        )
    )
    names = ("cluster", "size", "similarity", "representative", "evidence")
    return (
        frame.select("place")
        .join(described.drop("id", "label", "words"), on="place", how="left", maintain_order="left")
        .select(pl.col(name).alias(f"near_dup.{name}") for name in names)
        .with_columns(pl.col("near_dup.size").cast(pl.Int64))
    )
