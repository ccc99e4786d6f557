"""Cuts that are more than a threshold: flags, copies, overlap with test sets, personal data. ``curation.cuts`` says what a cut tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Flags:
    """Drop rows on which any of these yes/no columns is up."""

    columns: tuple[str, ...]

    @property
    def value(self) -> pl.Expr | None:
        """The flags that are up, by name."""
        names = [pl.when(pl.col(one)).then(pl.lit(one.rpartition(".")[2])) for one in self.columns]
        return pl.concat_str(names, separator=", ", ignore_nulls=True).alias("flags")

    def goes(self) -> pl.Expr:
        """Whether a row goes."""
        return pl.any_horizontal(pl.col(one).fill_null(False) for one in self.columns)

    def order(self) -> pl.Expr | None:
        """None is nearer than another."""
        return None

    def steps(self, recipe: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: ARG002
        """One filter step; where there are several flags, each in brackets."""
        parts = [f"{one} is None or not {one}" for one in self.columns]
        where = parts[0] if len(parts) == 1 else " and ".join(f"({part})" for part in parts)
        return [{"op": "filter", "where": where}]


@dataclass(frozen=True)
class Alike:
    """Keep one original of each group of equal ``by``; with ``at``, of near-duplicates at least so similar.

    ``keep`` is a column of which the highest stays, or null for the row that stands first. Rows that a step made are left
    alone: a mix repeats them on purpose.
    """

    by: str = "content_hash"
    keep: str | None = None
    at: float | None = None
    lowest: float | None = None

    @property
    def value(self) -> pl.Expr | None:
        """The similarity to the nearest partner; exact copies need none."""
        return None if self.at is None else pl.col("near_dup.similarity")

    def _in(self) -> pl.Expr:
        own = pl.col("made_by").is_null() & pl.col(self.by).is_not_null()
        return own if self.at is None else own & (pl.col("near_dup.similarity") >= self.at)

    @property
    def kept(self) -> pl.Expr:
        """The place (``row``) of the row of each group that stays; null where a row is in no group."""
        inside = self._in()
        first = pl.when(inside).then(pl.col("row"))
        if self.keep is not None:
            worth = pl.when(inside).then(
                pl.col(self.keep).cast(pl.Float64).fill_nan(None).fill_null(float("-inf"))
            )
            first = pl.when(worth == worth.max().over(self.by)).then(pl.col("row"))
        return pl.when(inside).then(first.min().over(self.by))

    def goes(self) -> pl.Expr:
        """Whether a row goes."""
        return (pl.col("row") != self.kept).fill_null(False)

    def count(self, rows: pl.DataFrame) -> int:
        """How many rows go, whichever of each group stays: cheaper than to say which."""
        inside = rows.lazy().filter(self._in()).select(pl.col(self.by))
        return int(inside.select(pl.len() - pl.col(self.by).n_unique()).collect().item())

    def order(self) -> pl.Expr | None:
        """The least similar first: they are nearest to the cut."""
        return None if self.at is None else (pl.col("near_dup.similarity") - self.at).abs()

    def sizes(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The groups of more than one row: ``size`` (rows that are taken together) and ``groups`` (how many there are), smallest first."""
        groups = rows.lazy().filter(self._in()).group_by(self.by).len("size").filter(pl.col("size") > 1)
        return groups.group_by("size").len("groups").sort("size").collect()

    def steps(self, recipe: Mapping[str, Any]) -> list[dict[str, Any]]:
        """``dedup``; where the similarity was raised, ``near_dup`` with that threshold before it."""
        found: list[dict[str, Any]] = []
        if self.at is not None and self.lowest is not None and self.at > self.lowest:
            steps = [{"op": one} if isinstance(one, str) else dict(one) for one in recipe.get("steps") or []]
            held = next((one for one in steps if one.get("op") == "near_dup"), {"op": "near_dup"})
            found.append({**held, "threshold": round(self.at, 3)})
        keep = {"keep": {"max": self.keep}} if self.keep else {}
        by = {} if self.by == "content_hash" else {"by": self.by}
        return [*found, {"op": "dedup", **by, **keep}]


@dataclass(frozen=True)
class Overlap:
    """Drop rows that hold at least the share ``at`` of a test set's item."""

    at: float

    @property
    def value(self) -> pl.Expr | None:
        """The share."""
        return pl.col("contamination.overlap")

    def goes(self) -> pl.Expr:
        """Whether a row goes."""
        found = (pl.col("contamination.hits") > 0) & (pl.col("contamination.overlap") >= self.at)
        return found.fill_null(False)

    def order(self) -> pl.Expr | None:
        """The distance of the share from the cut, rows without a hit last."""
        return pl.when(pl.col("contamination.hits") > 0).then(
            (pl.col("contamination.overlap") - self.at).abs()
        )

    def steps(self, recipe: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: ARG002
        """``decontaminate``."""
        return [{"op": "decontaminate", "overlap": round(self.at, 3)}]


@dataclass(frozen=True)
class Personal:
    """Replace, or drop, what ``pii`` found of these kinds; rows with at least ``least`` of them."""

    kinds: tuple[str, ...]
    redact: bool = True
    least: int = 1

    def _finds(self) -> pl.Expr:
        return pl.sum_horizontal(pl.col(f"pii.{kind}").fill_null(0) for kind in self.kinds)

    @property
    def value(self) -> pl.Expr | None:
        """How many finds a row has."""
        return self._finds().alias("finds")

    def goes(self) -> pl.Expr:
        """Whether a row goes, or is changed."""
        return self._finds() >= self.least

    def order(self) -> pl.Expr | None:
        """The fewest finds first."""
        return (self._finds() - self.least).abs()

    def steps(self, recipe: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: ARG002
        """``redact``, or a filter."""
        if self.redact:
            return [{"op": "redact", "kinds": list(self.kinds)}]
        total = " + ".join(f"pii.{kind}" for kind in self.kinds)
        return [{"op": "filter", "where": f"{total} < {self.least}"}]
