"""``split``: training and evaluation sides, by family, stratified, and steady when rows are added."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from curation.errors import InputError, nearest_column
from curation.step import Context, Kind, Step, keyed_uniform

TRAIN, EVAL = "train", "eval"


class Split(Step):
    """Give every family a side: evaluation when its keyed hash falls under ``eval``, else training.

    Rows of equal text are one family, whatever edits made them equal. A family's side depends on its key
    and the seed alone, so rows that are added later move nobody. ``at_least`` then lifts strata that got
    too few; such a lift could change when rows are added, which is why rows that come with a side (from a
    version that was split before) keep it, and their families with them.

    Refused: rows that a step made (copies or augmented rows) before the split, since copies of one row would
    land on both sides; and a family that comes with both sides.

    Source of the method: hashing as in reproducible sampling (Lakshmanan, Robinson and Munn, Machine
    Learning Design Patterns, 2020, "Repeatable Splitting").
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "global"
    writes: ClassVar[frozenset[str]] = frozenset({"split", "family"})
    op: Literal["split"] = "split"
    eval: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of families on the evaluation side, from 0 to 1."""
    stratify: str | None = "category"
    """The column within whose values the share should hold; null for none."""
    at_least: Annotated[int, Field(ge=0)] = 1
    """Fewest evaluation families of a stratum, as long as as many again are left for training."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with ``split`` set to train or eval."""
        made = rows.filter(pl.col("made_by").is_not_null() & pl.col("split").is_null())
        if made.height:
            raise InputError(
                f"{made.height:,} rows were made by {made['made_by'][0]!r} before the split, "
                "so copies of one row would stand on both sides",
                where="split",
                mend="Put split before balance and augment.",
            )
        if self.stratify is not None and rows.schema.get(self.stratify, pl.String()).is_nested():
            raise InputError(
                f"column {self.stratify!r} holds {rows.schema[self.stratify]}, not categories", where="split"
            )
        if self.stratify is not None and self.stratify not in rows.columns:
            raise InputError(
                f"there is no column {self.stratify!r}",
                where="split",
                mend=nearest_column(self.stratify, rows.columns),
            )
        rows = rows.with_columns(family=one_family_per_text(rows))
        families = self._families(rows)
        sides = families.with_columns(u=keyed_uniform(ctx.seed, self.op, families["family"])).with_columns(
            rank=pl.when(pl.col("given").is_null()).then("u").rank("ordinal").over("stratum"),
            size=pl.len().over("stratum"),
            held=(pl.col("given") == EVAL).fill_null(False).sum().over("stratum"),
        )
        lift = self.at_least if self.eval > 0 else 0
        chosen = (pl.col("u") < self.eval) | (
            (pl.col("rank") + pl.col("held") <= lift) & (pl.col("size") >= 2 * lift)
        )
        side = pl.coalesce("given", pl.when(chosen).then(pl.lit(EVAL)).otherwise(pl.lit(TRAIN)))
        sides = sides.select("family", side.alias("split"))
        return (
            rows.drop("split")
            .join(sides, on="family", how="left", maintain_order="left")
            .select(rows.columns)
        )

    def _families(self, rows: pl.DataFrame) -> pl.DataFrame:
        stratum = pl.lit("") if self.stratify is None else pl.col(self.stratify).cast(pl.String).fill_null("")
        families = (
            rows.select("id", "family", "split", stratum.alias("stratum"))
            .group_by("family")
            .agg(
                pl.col("stratum").sort_by("id").first(),
                pl.col("split").drop_nulls().unique().sort().alias("given"),
            )
            .sort("family")
        )
        torn = families.filter(pl.col("given").list.len() > 1)
        if torn.height:
            raise InputError(
                f"{torn.height:,} families (such as {torn['family'][0]}) come with rows on both sides",
                where="split",
                mend="Find near-duplicates before the first split, or ingest the sources afresh.",
            )
        return families.with_columns(pl.col("given").list.first())


def one_family_per_text(rows: pl.DataFrame) -> pl.Series:
    """Families, joined wherever two of them hold a row of equal text; the lowest name stands for all."""
    pairs = rows.select("content_hash", "family").unique()
    shared = (
        pairs.filter(pl.col("content_hash").is_duplicated())
        .group_by("content_hash")
        .agg(pl.col("family").sort())
        .sort("content_hash")
    )
    return rows["family"] if shared.is_empty() else join_families(rows["family"], shared["family"].to_list())


def join_families(families: pl.Series, groups: list[list[str]]) -> pl.Series:
    """Rename families so that all of a group, and of groups that overlap, bear the lowest name."""
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while (up := root.get(name, name)) != name:
            root[name] = root.get(up, up)
            name = up
        return name

    for first, *others in groups:
        for other in others:
            low, high = sorted((find(first), find(other)))
            root[high] = low
    renamed = {name: find(name) for name in root}
    return families.replace(renamed) if renamed else families
