"""What changed between two versions: rows added, dropped, edited, moved to another category or side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from curation.store import Store, Version


@dataclass(frozen=True)
class Diff:
    """Frames of ids with their category; ``dropped`` has the reason where B's history tells one."""

    added: pl.DataFrame
    dropped: pl.DataFrame
    edited: pl.DataFrame
    moved: pl.DataFrame
    by_category: pl.DataFrame

    def counts(self) -> dict[str, int]:
        """How many rows of each kind."""
        return {name: getattr(self, name).height for name in ("added", "dropped", "edited", "moved")}

    def reasons(self) -> pl.DataFrame:
        """Why rows were dropped: op, reason (ids in it as "another row"), rows; most first."""
        reason = pl.col("reason").str.replace_all(r"[0-9a-f]{16}", "another row")
        return (
            self.dropped.group_by(
                pl.col("op").fill_null("no step"), reason.fill_null("not told: not in B's history")
            )
            .agg(pl.len().cast(pl.Int64).alias("rows"))
            .sort("rows", "op", "reason", descending=[True, False, False])
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the counts, and rows before and after by category."""
        return {
            **self.counts(),
            "by_category": self.by_category.to_dicts(),
            "reasons": self.reasons().head(30).to_dicts(),
        }


def diff(store: Store, a: Version, b: Version) -> Diff:
    """Compare version ``a`` with version ``b`` by row ids; texts are compared by their hashes.

    ``by_category`` has the columns category, before, after, added, dropped, edited (rows).
    """
    columns = ["id", "content_hash", "category", "split"]
    left, right = (version.scan().select(columns).collect() for version in (a, b))
    added = right.join(left, on="id", how="anti", maintain_order="left")
    dropped = left.join(right, on="id", how="anti", maintain_order="left")
    both = left.join(right, on="id", how="inner", suffix="_after", maintain_order="left")
    edited = both.filter(pl.col("content_hash") != pl.col("content_hash_after"))
    moved = both.filter(
        pl.col("category").ne_missing(pl.col("category_after"))
        | pl.col("split").ne_missing(pl.col("split_after"))
    ).select("id", "category", "category_after", "split", "split_after")
    reasons = pl.concat(
        version.ledger().filter(pl.col("action") == "dropped").select("row_id", "op", "reason")
        for version in store.lineage(b)
    ).unique("row_id", keep="first", maintain_order=True)
    dropped = dropped.join(reasons, left_on="id", right_on="row_id", how="left", maintain_order="left")
    return Diff(
        added.select("id", "category"),
        dropped.select("id", "category", "op", "reason"),
        edited.select("id", pl.col("category_after").alias("category")),
        moved,
        _by_category(left, right, added, dropped, edited),
    )


def _by_category(*frames: pl.DataFrame) -> pl.DataFrame:
    names = ("before", "after", "added", "dropped", "edited")
    table: pl.DataFrame | None = None
    for name, frame in zip(names, frames, strict=True):
        counts = frame.group_by(pl.col("category").fill_null("(none)")).agg(
            pl.len().cast(pl.Int64).alias(name)
        )
        table = counts if table is None else table.join(counts, on="category", how="full", coalesce=True)
    assert table is not None
    return table.with_columns(pl.col(names).fill_null(0)).sort("before", "category", descending=[True, False])
