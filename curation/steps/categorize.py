"""``categorize``: say what each conversation is about, on two levels, by one of four methods."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field, model_validator

from curation.categorize.rules import Rule
from curation.categorize.taxonomy import SHIPPED, UNSURE, load_taxonomy, taxonomy_path
from curation.errors import InputError, nearest_column
from curation.modelfiles import model_files
from curation.step import Context, Kind, Step
from curation.steps.embed import View

NAMES = ("category", "subcategory", "score", "margin", "second", "evidence")


class Categorize(Step):
    """Give each conversation a category and a subcategory; rows that have a category keep it unless told otherwise.

    ``column`` maps the values of a column; ``rules`` takes the first rule that holds; ``zero_shot`` takes the nearest
    category of a taxonomy by embedding, with signals, or ``unsure``; ``clusters`` groups rows by k-means and names
    the groups by their telling words. What isn't found by a method is ``unsure``.

    Adds ``categorize.category`` and ``categorize.subcategory`` (what the method says, whatever the row had),
    ``categorize.score`` and ``categorize.margin`` (cosines, 3 decimals; null for ``column`` and ``rules``),
    ``categorize.second`` and ``categorize.evidence`` (JSON text).

    Sources: nearest prototypes after Snell et al. 2017; naming by c-TF-IDF after Grootendorst 2022 (BERTopic); k-means
    after Dhillon and Modha 2001.
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "global"
    writes: ClassVar[frozenset[str]] = frozenset({"category"})
    op: Literal["categorize"] = "categorize"
    method: Literal["column", "rules", "zero_shot", "clusters"] = "zero_shot"
    """How the category is found."""
    overwrite: bool = False
    """Set the category of rows that have one already, too; never to ``unsure``."""
    column: str | None = None
    """For ``column``: whose values are mapped (``source``, say)."""
    map: dict[str, str] = Field(default_factory=dict)
    """For ``column``: value to category, or to ``category/subcategory``; without it values are categories."""
    rules: tuple[Rule, ...] = ()
    """For ``rules``: tried in their order."""
    taxonomy: Path = SHIPPED
    """For ``zero_shot``: the file with categories, prompts and signals."""
    min_score: Annotated[float, Field(ge=-1, le=1)] = 0.25
    """For ``zero_shot``: a lower score (cosine plus signals) is ``unsure``."""
    min_margin: Annotated[float, Field(ge=0, le=1)] = 0.02
    """For ``zero_shot``: a second category nearer than this (difference of scores) is ``unsure``."""
    clusters: Annotated[int, Field(ge=2, le=1_000)] = 12
    """For ``clusters``: how many categories."""
    subclusters: Annotated[int, Field(ge=1, le=100)] = 4
    """For ``clusters``: how many subcategories in each, where it has at least ten rows for each."""
    model: Annotated[str, Field(min_length=1)] = "static"
    """The embedding model, as in ``embed``."""
    view: View = "exchange"
    """What is embedded, as in ``embed``; the start of an answer tells what a terse prompt is about."""
    tokens: Annotated[int, Field(ge=8, le=8192)] = 256
    """Tokens of the view that are read."""

    @model_validator(mode="after")
    def _complete(self) -> Categorize:
        if self.method == "column" and self.column is None:
            raise ValueError("method column wants a column: {op: categorize, method: column, column: source}")
        if self.method == "rules" and not self.rules:
            raise ValueError("method rules wants rules: [{category: math, words: [equation]}]")
        return self

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with what the method says, and their categories set."""
        from curation.categorize import methods

        if self.method == "column":
            assert self.column is not None
            if self.column not in rows.columns:
                mend = nearest_column(self.column, rows.columns)
                raise InputError(f"there is no column {self.column!r}", where=self.op, mend=mend)
            found = methods.by_column(rows[self.column], self.map)
        elif self.method == "rules":
            found = methods.by_rules(rows, self.rules)
        elif self.method == "zero_shot":
            found = methods.by_taxonomy(
                rows,
                load_taxonomy(self.taxonomy),
                ctx,
                model=self.model,
                view=self.view,
                tokens=self.tokens,
                min_score=self.min_score,
                min_margin=self.min_margin,
            )
        else:
            found = methods.by_clusters(
                rows,
                ctx,
                model=self.model,
                view=self.view,
                tokens=self.tokens,
                count=self.clusters,
                inner=self.subclusters,
            )
        said = found["category"]
        old = rows["category"]
        has = old.is_not_null() & (old != UNSURE)
        keep = has & ((said == UNSURE) | (not self.overwrite))
        return rows.with_columns(
            said.zip_with(~keep, old).alias("category"),
            *(found[name].alias(f"{self.op}.{name}") for name in NAMES),
        )

    def inputs(self) -> list[Path]:
        """The taxonomy, and the files of a model that lies in a folder."""
        if self.method == "zero_shot":
            path = taxonomy_path(self.taxonomy)
            if not path.is_file():
                load_taxonomy(self.taxonomy)
            return [path, *model_files(self.model)]
        return model_files(self.model) if self.method == "clusters" else []

    def summary(self, before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:  # noqa: ARG002
        """Rows of each category that the method found, the most first."""
        counts = (
            after.group_by(f"{self.op}.category")
            .len()
            .sort("len", f"{self.op}.category", descending=[True, False])
        )
        return {"categories": dict(counts.head(50).iter_rows())}
