"""``balance``: bring the training side to a wanted mix, by dropping, by augmented rows, and by repeats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, field_validator

from curation import balance
from curation.budget import Budget
from curation.diversity import Diverse
from curation.errors import InputError, nearest_column
from curation.rows import child_id
from curation.step import Context, Kind, Step, keyed_uniform
from curation.steps.split import TRAIN


class Temperature(BaseModel):
    """Shares ~ n^alpha: 1 leaves the mix as it is, 0 makes it uniform."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    temperature: Annotated[float, Field(ge=0, le=1)]


class Weights(BaseModel):
    """A share for every category, from 0 to 1, summing to 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    weights: dict[str, Annotated[float, Field(ge=0, le=1)]]


class By(BaseModel):
    """A column to rank by when rows must go."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    max: str


class Balance(Step):
    """Bring the training rows to a mix of categories within a budget, without touching evaluation rows.

    Each category is filled with real rows first, then augmented rows where there are any, then repeats of
    both, never more than ``max_repeats`` appearances of a row; what is still missing is in the plan as
    ``to_augment``. Where a category has too many, rows are dropped: at random, the lowest by a column, or those
    that say least that the others don't (by embedding).
    A repeat is a row of its own with the same text, its parent's id and family.

    Sources: see ``curation.balance``; on repeats, Muennighoff et al. 2023, "Scaling Data-Constrained
    Language Models" (up to about four epochs cost little).
    """

    kind: ClassVar[Kind] = "shape"
    scope: ClassVar[Literal["row", "global"]] = "global"
    version: ClassVar[int] = 3
    op: Literal["balance"] = "balance"
    by: str = "category"
    """The column to balance; ``length`` stands for stretches of words where no column is called so."""
    to: Literal["uniform", "largest", "median"] | Temperature | Weights = Temperature(temperature=0.5)
    """The mix to reach."""
    budget: Budget | None = None
    """The size of the mix; without it the total stays, and ``largest`` and ``median`` set it themselves. In
    tokens, shares are shares of tokens, turned into rows by each category's mean. A ``share`` is of the original rows."""
    max_repeats: Annotated[float, Field(ge=1)] = 3
    """How often the rows of a category may stand in the mix on average, themselves included; at 2.5 half of
    them stand twice and half three times."""
    keep: Literal["random"] | By | Diverse = "random"
    """Which rows stay where a category has too many (and are repeated first where it has too few)."""

    @field_validator("to", mode="before")
    @classmethod
    def _weights_have_a_field(cls, to: Any) -> Any:
        """A table of categories alone is a fair guess at how weights are written: say how they are."""
        if isinstance(to, dict) and len(to) > 1 and not {"temperature", "weights"} & set(to):
            raise ValueError("a share for each category is written {weights: {math: 0.6, code: 0.4}}")
        return to

    def target(self) -> balance.Target:
        """The target in the terms of ``curation.balance``."""
        if isinstance(self.to, Temperature):
            return self.to.temperature
        return self.to.weights if isinstance(self.to, Weights) else self.to

    def plan(self, rows: pl.DataFrame) -> balance.Plan:
        """What ``apply`` would do to these rows. Raises InputError for an unknown column or category."""
        train = self._training(rows)
        counts = train.group_by("group", "made").len().sort("group", "made")
        usual = train.select(pl.col("cost").mean()).item() or 0.0
        costs = train.group_by("group").agg(pl.col("cost").mean().fill_null(usual)).iter_rows()
        in_costs = self.budget is not None and self.budget.tokens is not None
        real = {name: n for name, made, n in counts.iter_rows() if not made}
        made = {name: n for name, made, n in counts.iter_rows() if made}
        for name in made:
            real.setdefault(name, 0)
        return balance.plan(
            dict(sorted(real.items())),
            self.target(),
            augmented=made,
            budget=self.budget.amount(sum(real.values())) if self.budget else None,
            max_repeats=self.max_repeats,
            costs=dict(costs),
            budget_in_costs=in_costs,
        )

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """All rows, with a reason where one is dropped, and the repeats after them."""
        train = self._training(rows)
        order = train.with_columns(
            u=keyed_uniform(ctx.seed, self.op, train["id"]), best=self._best(rows, train, ctx)
        )
        order = order.sort(
            "group",
            "made",
            "best",
            "u",
            "id",
            descending=[False, False, True, False, False],
            nulls_last=True,
        )
        goal = pl.DataFrame(
            [
                (line.category, line.taken, line.augmented, line.repeats, line.target, line.now)
                for line in self.plan(rows).lines
            ],
            schema={
                "group": pl.String,
                "taken": pl.Int64,
                "augmented": pl.Int64,
                "repeats": pl.Int64,
                "target": pl.Int64,
                "now": pl.Int64,
            },
            orient="row",
        )
        order = order.with_columns(rank=pl.int_range(pl.len()).over("group", "made")).join(
            goal, on="group", how="left", maintain_order="left"
        )
        kept = order.filter(pl.col("rank") < pl.when("made").then("augmented").otherwise("taken"))
        lost = order.join(kept, on="id", how="anti").select(
            "id",
            reason=pl.format("over the target of {}: {} of {} rows", "group", "target", "now"),
            evidence=pl.struct("target", "now", "rank").struct.json_encode(),
        )
        originals = rows.join(lost, on="id", how="left", maintain_order="left")
        return pl.concat([originals, self._repeats(originals, kept)])

    def inputs(self) -> list[Path]:
        """The files of a model that lies in a folder."""
        return self.keep.inputs() if isinstance(self.keep, Diverse) else []

    def summary(self, before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:  # noqa: ARG002
        """The plan, for the manifest."""
        return {"plan": self.plan(before).to_dict()}

    def _repeats(self, originals: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
        """Whole rounds over the kept rows first, then as many of the next round as are left."""
        kept = kept.with_columns(size=pl.len().over("group"), rank=pl.int_range(pl.len()).over("group"))
        times = kept.with_columns(
            times=pl.col("repeats") // pl.col("size") + (pl.col("rank") < pl.col("repeats") % pl.col("size"))
        ).filter(pl.col("times") > 0)
        numbers = times.select(
            pl.col("id").alias("parent_id"),
            number=pl.int_ranges(1, pl.col("times") + 1),
            times=pl.col("times") + 1,
        ).explode("number", empty_as_null=False, keep_nulls=False)
        ids = [child_id(parent, self.op, number) for parent, number, _ in numbers.iter_rows()]
        parents = originals.drop("parent_id", "made_by", "reason", "evidence").rename({"id": "parent_id"})
        children = numbers.with_columns(
            id=pl.Series(ids, dtype=pl.String),
            made_by=pl.lit(self.op),
            reason=pl.format("repeat {} of {} of {}", pl.col("number") + 1, "times", "parent_id"),
            evidence=pl.struct(repeat=pl.col("number") + 1, of="times").struct.json_encode(),
        ).drop("number", "times")
        return children.join(parents, on="parent_id", how="left", maintain_order="left").select(
            originals.columns
        )

    def _training(self, rows: pl.DataFrame) -> pl.DataFrame:
        if self.by == "length" and self.by not in rows.columns:
            from curation.views import with_length

            rows = with_length(rows.lazy()).collect()
        if self.by not in rows.columns:
            raise InputError(
                f"there is no column {self.by!r}", where="balance", mend=nearest_column(self.by, rows.columns)
            )
        if rows.schema[self.by].is_nested():
            raise InputError(
                f"column {self.by!r} holds {rows.schema[self.by]}, not categories", where="balance"
            )
        if rows["split"].null_count():
            raise InputError(
                "rows have no split yet, so copies of one row would stand on both sides",
                where="balance",
                mend="Put a split step before balance.",
            )
        if (rows["made_by"] == self.op).any():
            raise InputError("rows hold repeats already", where="balance", mend="Balance once, at the end.")
        self._check_keep(rows)
        group = pl.col(self.by).cast(pl.String).fill_null(balance.NONE)
        made = pl.col("made_by").is_not_null()
        return rows.filter(pl.col("split") == TRAIN).select(
            "id", group.alias("group"), made.alias("made"), self._cost(rows)
        )

    def _cost(self, rows: pl.DataFrame) -> pl.Expr:
        if self.budget is not None and self.budget.tokens is not None:
            self.budget.cost(rows, self.op)
        column, _ = self.costs_in(rows)
        if column is None:
            return pl.lit(1).alias("cost")
        # what was made since the count isn't counted yet: it costs what its category does on average
        made = pl.col("made_by").is_not_null()
        return pl.when(made).then(pl.col(column)).otherwise(pl.col(column).fill_null(0)).alias("cost")

    def costs_in(self, rows: pl.DataFrame) -> tuple[str | None, str]:
        """What a row costs: the column, and its unit: the budget's tokens, else what an earlier step counted, else rows."""
        if self.budget is not None and self.budget.tokens is not None:
            return self.budget.column, "tokens"
        if "tokens.total" in rows.columns:
            from curation.views import token_unit

            return "tokens.total", token_unit(rows.lazy())
        return ("stats.words", "words") if "stats.words" in rows.columns else (None, "rows")

    def _best(self, rows: pl.DataFrame, train: pl.DataFrame, ctx: Context) -> pl.Series:
        """Which training rows to keep first: those with the highest value; no difference where chance decides."""
        if self.keep == "random":
            return pl.Series([0.0]).new_from_index(0, train.height)
        mine = rows.filter(pl.col("split") == TRAIN)
        if isinstance(self.keep, By):
            return mine[self.keep.max].cast(pl.Float64).fill_nan(None)
        within = train.select(pl.struct("group", "made").rank("dense")).to_series()
        return -self.keep.rank(mine, ctx, within).cast(pl.Float64)

    def _check_keep(self, rows: pl.DataFrame) -> None:
        """Raise InputError where ``keep`` names a column that isn't there, or that holds no numbers."""
        if not isinstance(self.keep, By):
            return
        if self.keep.max not in rows.columns:
            raise InputError(
                f"there is no column {self.keep.max!r}",
                where="balance",
                mend=nearest_column(self.keep.max, rows.columns),
            )
        dtype = rows.schema[self.keep.max]
        if not dtype.is_numeric():
            raise InputError(f"column {self.keep.max!r} is {dtype}, not a number", where="balance: keep")
