"""``redact``: placeholders in place of personal data and secrets."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from curation.rows import MESSAGES
from curation.step import Context, Kind, Step
from curation.steps.pii import KINDS, PiiKind


class Redact(Step):
    """Replace what ``pii`` finds by placeholders, such as ``[EMAIL_1]``.

    The same value gets the same placeholder everywhere in one conversation, and different values different ones,
    so that the text still makes sense. It looks for itself and needs no ``pii`` step before it; afterwards a ``pii``
    step finds nothing. The ledger keeps the texts after, never those before. It must be the first step
    of a recipe (only ``pii`` may stand before it): earlier ledgers and columns would hold texts as they were then.

    Source: pseudonyms that are consistent within a document, as in Lison et al. 2021, "Anonymisation Models for
    Text Data".
    """

    kind: ClassVar[Kind] = "edit"
    scope: ClassVar[Literal["row", "global"]] = "row"
    secret: ClassVar[bool] = True
    op: Literal["redact"] = "redact"
    kinds: Annotated[tuple[PiiKind, ...], Field(min_length=1)] = KINDS
    """What to replace."""
    reserved: bool = False
    """Replace also what is set aside for examples: example.com, private addresses, 555 numbers, test cards."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:  # noqa: ARG002
        """Rows with placeholders in their messages."""
        from curation.pii import find_in_rows, redacted

        found = find_in_rows(rows, self.kinds, self.reserved)
        if not found:
            return rows
        places = sorted(found)
        old = rows["messages"].gather(places).to_list()
        new = [redacted(messages, found[place]) for messages, place in zip(old, places, strict=True)]
        changed = pl.DataFrame({"id": rows["id"].gather(places), "new": pl.Series(new, dtype=MESSAGES)})
        joined = rows.select("id", "messages").join(changed, on="id", how="left", maintain_order="left")
        return rows.with_columns(joined.select(pl.coalesce("new", "messages").alias("messages")).to_series())

    def summary(self, before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:
        """How many rows were changed."""
        return {"rows": int(before["messages"].ne_missing(after["messages"]).sum())}
