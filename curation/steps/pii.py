"""``pii``: where personal data and secrets stand in a conversation."""

from __future__ import annotations

import json
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from curation.step import Context, Kind, Step

PiiKind = Literal["key", "email", "iban", "card", "ip", "phone"]
KINDS: tuple[PiiKind, ...] = ("key", "email", "iban", "card", "ip", "phone")


class Pii(Step):
    """Find e-mail and IP addresses, phone numbers, credit cards, IBANs, and keys or tokens of known formats.

    Adds a count for each kind (``pii.email``, ``pii.phone``, ...), ``pii.total``, and ``pii.spans``: a JSON list
    of ``{"turn", "start", "end", "kind"}`` (turns from 0; characters, end excluded) or null where there are none.
    The values themselves are written nowhere. Names and street addresses aren't looked for: no pattern tells them.

    Sources: see ``curation.pii_patterns``.
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["pii"] = "pii"
    kinds: Annotated[tuple[PiiKind, ...], Field(min_length=1)] = KINDS
    """What to look for."""
    reserved: bool = False
    """Count also what is set aside for examples: example.com, private addresses, 555 numbers, test cards."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:  # noqa: ARG002
        """Rows with counts and spans."""
        from curation.pii import find_in_rows

        found = find_in_rows(rows, self.kinds, self.reserved)
        counts: dict[str, list[int]] = {kind: [0] * rows.height for kind in KINDS if kind in self.kinds}
        spans: list[str | None] = [None] * rows.height
        for row, hits in found.items():
            for _, span in hits:
                counts[span.kind][row] += 1
            spans[row] = json.dumps(
                [
                    {"turn": turn, "start": span.start, "end": span.end, "kind": span.kind}
                    for turn, span in hits
                ]
            )
        columns = [pl.Series(f"pii.{kind}", numbers, dtype=pl.Int64) for kind, numbers in counts.items()]
        total = pl.sum_horizontal(f"pii.{kind}" for kind in counts).cast(pl.Int64).alias("pii.total")
        return rows.with_columns(*columns).with_columns(total, pl.Series("pii.spans", spans, dtype=pl.String))
