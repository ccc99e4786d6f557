"""``semantic_dup``: clusters of conversations that ask or say the same in other words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from curation.modelfiles import model_files
from curation.step import Context, Kind, Step
from curation.steps.embed import View
from curation.steps.split import join_families


class SemanticDup(Step):
    """Find rows whose embeddings are nearly the same, and make a family of each cluster.

    Up to 10,000 different vectors all pairs are compared; above that each is compared with those of its five
    nearest cells of at most 1,000 (k-means upon k-means), which finds nearly all and costs n log n. Connected
    pairs form a cluster. Rows without text are left alone. Nothing is cut here: ``dedup`` with ``by: semantic_dup.cluster`` does that.

    Adds, null where a row is alone: ``semantic_dup.cluster`` (the lowest id of the cluster), ``semantic_dup.size``
    (rows in it), ``semantic_dup.similarity`` (cosine with its nearest partner), ``semantic_dup.nearest`` (that partner's
    id), ``semantic_dup.representative`` (the id of the row with the longest text) and ``semantic_dup.evidence``.

    Source: Abbas et al. 2023, "SemDeDup"; cells after Nistér and Stewénius 2006.
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "global"
    version: ClassVar[int] = 3
    writes: ClassVar[frozenset[str]] = frozenset({"family"})
    op: Literal["semantic_dup"] = "semantic_dup"
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.97
    """Cosine, from 0 to 1, from which on two rows are the same in meaning; each model wants its own."""
    model: Annotated[str, Field(min_length=1)] = "static"
    """The embedding model, as in ``embed``."""
    view: View = "conversation"
    """What is compared, as in ``embed``; prompts alone are often alike where the answers aren't."""
    tokens: Annotated[int, Field(ge=8, le=8192)] = 512
    """Tokens of the view that are read."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with their cluster and its family."""
        from curation.embedding import vectors
        from curation.embedding.near import near_clusters

        found = vectors(rows, model=self.model, view=self.view, tokens=self.tokens, ctx=ctx)
        order = rows["id"].arg_sort()
        label, cosine, partner = near_clusters(
            found[order.to_numpy()], self.threshold, ctx.seed, ctx.progress
        )
        frame = (
            rows.select(
                "id",
                length=pl.col("messages")
                .list.eval(pl.element().struct.field("content").str.len_chars())
                .list.sum(),
            )[order]
            .with_columns(label=label, similarity=cosine, partner=partner)
            .with_columns(pl.len().over("label").cast(pl.Int64).alias("size"))
        )
        ids = frame["id"]
        named = (
            frame.with_columns(
                cluster=pl.col("id").min().over("label"),
                representative=pl.col("id")
                .sort_by("length", "id", descending=[True, False])
                .first()
                .over("label"),
                nearest=pl.when(pl.col("partner") >= 0).then(ids.gather(frame["partner"].clip(0))),
                similarity=pl.col("similarity").cast(pl.Float64).round(4),
            )
            .filter(pl.col("size") > 1)
            .with_columns(
                evidence=pl.struct("representative", "nearest", "similarity", "size").struct.json_encode()
            )
        )
        names = ("cluster", "size", "similarity", "nearest", "representative", "evidence")
        columns = rows.select("id").join(named, on="id", how="left", maintain_order="left")
        columns = columns.select(pl.col(name).alias(f"{self.op}.{name}") for name in names)
        groups = (
            pl.DataFrame({"family": rows["family"], "cluster": columns[f"{self.op}.cluster"]})
            .drop_nulls("cluster")
            .group_by("cluster")
            .agg(pl.col("family").unique())["family"]
            .to_list()
        )
        return rows.with_columns(columns, family=join_families(rows["family"], groups))

    def inputs(self) -> list[Path]:
        """The files of a model that lies in a folder."""
        return model_files(self.model)

    def summary(self, before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:  # noqa: ARG002
        """How many clusters there are, and rows in them."""
        clustered = after[f"{self.op}.cluster"].drop_nulls()
        return {"clusters": clustered.n_unique(), "rows in clusters": clustered.len()}
