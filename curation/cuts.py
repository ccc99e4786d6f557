"""What a cut would do to a version's rows: how many go, from which categories, the rows on both sides, and the steps that make it.

A cut works on the narrow frame of ``curation.browse``. It has ``goes`` (an expression: whether a row goes), ``value`` (what
a list shows of it), ``order`` (how far a row is from the cut; null where there is no nearer and farther) and ``steps``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import polars as pl

from curation.findings import count, percent

Side = Literal["below", "above"]
NONE = "(none)"


class AnyCut(Protocol):
    """What every cut can tell."""

    @property
    def value(self) -> pl.Expr | None:
        """What a list shows beside a row, or null."""

    def goes(self) -> pl.Expr:
        """Whether a row goes."""

    def order(self) -> pl.Expr | None:
        """How far a row is from the cut, or null."""

    def steps(self, recipe: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The steps that make this cut, to be put into ``recipe`` in this order."""


@dataclass(frozen=True)
class Cut:
    """Drop rows whose ``column`` is below (or above) ``at``, or has one of ``values``; null stays."""

    column: str
    side: Side = "below"
    at: float = 0.0
    values: tuple[str, ...] = ()

    @property
    def value(self) -> pl.Expr | None:
        """The column itself."""
        return pl.col(self.column)

    def goes(self) -> pl.Expr:
        """Whether a row goes."""
        value = pl.col(self.column)
        if self.values:
            return value.cast(pl.String).fill_null(NONE).is_in(self.values)
        return ((value < self.at) if self.side == "below" else (value > self.at)).fill_null(False)

    def order(self) -> pl.Expr | None:
        """The distance of the value from the cut; null stands last."""
        return None if self.values else (pl.col(self.column) - self.at).abs()

    def where(self) -> str:
        """The rows that stay, as the filter step writes it; the index's ``words`` are those of ``stats``."""
        if self.column == "words":
            return Cut("stats.words", self.side, self.at, self.values).where()
        if self.values:
            if set(self.values) <= {"true", "false"}:
                wanted = " or ".join(f"{self.column} == {value == 'true'}" for value in self.values)
                return (
                    f"not ({wanted})" if NONE in self.values else f"{self.column} is None or not ({wanted})"
                )
            named = [value for value in self.values if value != NONE]
            parts = [f"not {self.column} in ({', '.join(map(repr, named))},)"] if named else []
            if NONE in self.values:
                return " and ".join([f"{self.column} is not None", *parts])
            return f"{self.column} is None or {parts[0]}"
        sign = ">=" if self.side == "below" else "<="
        return f"{self.column} is None or {self.column} {sign} {self.at:.6g}"

    def step(self) -> dict[str, Any]:
        """The filter step that makes this cut."""
        return {"op": "filter", "where": self.where()}

    def steps(self, recipe: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: ARG002
        """One filter step."""
        return [self.step()]


def marked(rows: pl.DataFrame, cut: AnyCut) -> pl.DataFrame:
    """The rows as the other functions here read them: row, id, category, opens, ``value`` (if any), ``goes``, ``order`` (if any).

    Of copies also ``kept``: the place (``row``) of the one that stays.
    """
    more, goes = {"value": cut.value, "order": cut.order()}, cut.goes()
    if (
        kept := getattr(cut, "kept", None)
    ) is not None:  # worked out once: it is most of the work, and says what goes
        rows, more["kept"], goes = (
            rows.with_columns(kept=kept),
            pl.col("kept"),
            pl.col("row").ne(pl.col("kept")),
        )
    return rows.select("row", "id", pl.col("category").fill_null(NONE), "opens", goes=goes.fill_null(False),
                       **{name: one for name, one in more.items() if one is not None})  # fmt: skip


def effect(rows: pl.DataFrame) -> pl.DataFrame:
    """By category: ``category``, ``rows``, ``goes``, ``share`` that goes; most dropped first. ``rows`` as ``marked`` gives them."""
    return (
        rows.group_by("category")
        .agg(pl.len().cast(pl.Int64).alias("rows"), pl.col("goes").sum().cast(pl.Int64))
        .with_columns(share=pl.col("goes") / pl.col("rows"))
        .sort("goes", "rows", "category", descending=[True, True, False])
    )


def sentence(by: pl.DataFrame, *, verb: str = "drops", at_most: bool = False) -> str:
    """What the cut would do. ``by`` as ``effect`` gives it; ``at_most`` where the count is an upper bound."""
    rows, goes = int(by["rows"].sum()), int(by["goes"].sum())
    if not goes:
        return f"This cut {verb} nothing of {count(rows, 'row')}."
    top = by.row(0, named=True)
    hit = by.filter(pl.col("goes") > 0)["goes"]
    if hit.len() == 1:
        most = f", all from {top['category']}" if by.height > 1 else ""
    elif hit[0] == hit[1]:
        most = f", from {count(hit.len(), 'category', 'categories')}"
    else:
        most = f", {top['goes']:,} of them from {top['category']}"
    bound = "up to " if at_most else ""
    return f"This cut {verb} {bound}{goes:,} of {count(rows, 'row')} ({percent(goes / rows)}){most}."


def beside(rows: pl.DataFrame, most: int = 8) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows nearest to the cut: those that would go, and those that just stay; of copies, for each that goes the one that stays.

    ``rows`` as ``marked`` gives them.
    """
    both = rows.lazy().filter("goes"), rows.lazy().filter(~pl.col("goes"))
    if "order" in rows.columns:  # lazily, so that only the first few are looked for and not all are sorted
        both = both[0].sort("order", "id", nulls_last=True), both[1].drop_nulls("order").sort("order", "id")
    goes, stays = pl.collect_all([one.head(most) for one in both])
    if "kept" in rows.columns:
        partners = rows.filter(pl.col("row").is_in(goes["kept"].implode())).with_columns(kept="row")
        stays = goes.select("kept").join(partners, on="kept", how="left", maintain_order="left")
    return goes, stays.head(most)
