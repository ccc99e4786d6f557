"""``decontaminate``: drop the rows that hold too much of a test set's item."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from curation.errors import InputError
from curation.step import Context, Kind, Step


class Decontaminate(Step):
    """Drop rows that hold at least ``overlap`` of the n-grams of a test set's item, as ``contamination`` found.

    The reason names the item and the share; the evidence holds the matched text. One shared n-gram can be a
    common phrase, so the default asks for a fair part of the item; 0 drops every row with a hit.

    Source of the rule: the share of an item's n-grams, as in Llama 2 (Touvron et al., 2023, appendix A.6).
    """

    kind: ClassVar[Kind] = "select"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["decontaminate"] = "decontaminate"
    overlap: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of an item's n-grams, from 0 to 1, from which on a row goes; a row without a hit always stays."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:  # noqa: ARG002
        """Rows with a reason where they hold too much. Raises InputError before contamination has run."""
        name = "contamination."
        if f"{name}overlap" not in rows.columns:
            raise InputError(
                "there is no column 'contamination.overlap'",
                where="decontaminate",
                mend="Put a contamination step before decontaminate.",
            )
        gone = (pl.col(f"{name}hits") > 0) & (pl.col(f"{name}overlap") >= self.overlap)
        share = (pl.col(f"{name}overlap") * 100).round(0).cast(pl.Int64)
        reason = pl.format(
            "holds {}% of {} item {}", share, pl.col(f"{name}benchmark"), pl.col(f"{name}item")
        )
        evidence = pl.struct(
            pl.col(f"{name}{part}").alias(part)
            for part in ("benchmark", "item", "overlap", "hits", "match", "spans")
        ).struct.json_encode()
        return rows.with_columns(reason=pl.when(gone).then(reason), evidence=pl.when(gone).then(evidence))
