"""``contamination``: which conversations hold text of benchmark test sets, and which text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field, field_validator, model_validator

from curation.step import Context, Kind, Step


class Contamination(Step):
    """Look for every run of ``ngram`` words of every turn in benchmark test sets.

    Words are compared lower-cased and without punctuation; in scripts without spaces every character is a
    word. An item shorter than ``ngram`` words is looked for as a whole, if it has ``shortest`` words. Runs are
    compared by 64-bit hashes. ``decontaminate`` cuts by what is found here.

    Adds ``contamination.hits`` (runs of words of the row that stand in any item), ``contamination.overlap`` (share
    of an item's n-grams that the row holds, 0 to 1, of the item with the highest), and, null where there is no hit,
    that item's ``contamination.benchmark`` and ``contamination.item`` (its place in the file, from 0), the longest
    text in common as ``contamination.match``, and all of them as ``contamination.spans`` (turn from 0; start and end
    in characters of it).

    Source: 13-grams as in GPT-3 (Brown et al., Language models are few-shot learners, 2020, appendix C).
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["contamination"] = "contamination"
    against: Annotated[tuple[str, ...], Field(min_length=1)]
    """Test sets, one or a list: files (JSONL, JSON, CSV, Parquet; packed or not), folders, or ``hf://owner/name`` (split test)."""
    ngram: Annotated[int, Field(ge=2, le=100)] = 13
    """Words in a run."""
    shortest: Annotated[int, Field(ge=1)] = 8
    """Fewest words of an item that is compared at all."""
    field: str | None = None
    """The field with an item's text; null looks for question, prompt, problem, text and the like."""

    @field_validator("against", mode="before")
    @classmethod
    def _one_is_a_list(cls, against: Any) -> Any:
        return [against] if isinstance(against, str) else against

    @model_validator(mode="after")
    def _sizes_fit(self) -> Contamination:
        if self.shortest > self.ngram:
            raise ValueError("shortest can't be more than ngram")
        return self

    def inputs(self) -> list[Path]:
        """The files of the test sets."""
        from curation.testsets import files_of

        return [file.path for _, file in files_of(self.against)]

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with their overlap. Raises InputError for a test set that can't be read."""
        from curation.overlap import COLUMNS, find_overlap
        from curation.testsets import read_items

        items = read_items(self.against, self.field)
        found = find_overlap(rows["messages"], items, self.ngram, self.shortest, ctx.progress)
        every = pl.DataFrame({"row": pl.int_range(rows.height, eager=True)})
        columns = every.join(found, on="row", how="left", maintain_order="left").select(
            pl.col("hits", "overlap").fill_null(0), pl.exclude("hits", "overlap")
        )
        return rows.with_columns(columns.select(pl.col(name).alias(f"{self.op}.{name}") for name in COLUMNS))

    def summary(self, before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:  # noqa: ARG002
        """Rows with a hit, and the rows whose best item is in each test set."""
        hit = after.filter(pl.col("contamination.hits") > 0)
        names = hit["contamination.benchmark"].value_counts(sort=True).sort("contamination.benchmark")
        return {"rows with a hit": hit.height, "by benchmark": dict(names.iter_rows())}
