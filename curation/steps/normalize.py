"""``normalize``: one spelling of Unicode and whitespace, no empty turns."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from curation.rows import in_slices
from curation.step import Context, Kind, Step

# every way to end a line or page: CR LF, CR, vertical tab, form feed, NEL, line and paragraph separators
LINE_END = r"\r\n?|[\x0B\x0C\x85\x{2028}\x{2029}]"
# C0 and C1 controls but tab and newline, zero-width spaces and joiners of words, and byte-order marks
INVISIBLE = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F\x{200B}\x{2060}\x{FEFF}]"


class Normalize(Step):
    """Bring texts to one form: Unicode NFC, newline line ends, no invisible characters, no outer whitespace.

    Inner whitespace is left alone, since code and tables live by it; only spaces at line ends and runs of
    more than ``blank_lines`` empty lines go. Turns without text are dropped when ``drop_empty`` is set. A
    conversation may come out with no turns; ``filter`` with ``turns() > 0`` cuts it.

    Source: Unicode Standard Annex 15 (normalisation forms).
    """

    kind: ClassVar[Kind] = "edit"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["normalize"] = "normalize"
    form: Literal["NFC", "NFKC"] = "NFC"
    """Unicode form; NFKC also folds compatibility characters (ligatures, full width), and harms maths."""
    blank_lines: Annotated[int, Field(ge=0, le=100)] = 2
    """Most empty lines in a row."""
    drop_empty: bool = True
    """Drop turns that have no text."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:  # noqa: ARG002
        """Rows with their texts brought to one form."""
        text = pl.element().struct.field("content")
        clean = (
            text.str.replace_all(LINE_END, "\n")
            .str.replace_all(INVISIBLE, "")
            .str.normalize(
                self.form
            )  # after what is invisible, which may stand between a letter and its accent
            .str.replace_all(r"(?m)[ \t]+$", "")
            .str.replace_all(rf"\n{{{self.blank_lines + 2},}}", "\n" * (self.blank_lines + 1))
            .str.strip_chars()
        )
        turns = pl.struct(pl.element().struct.field("role"), clean.alias("content"))
        messages = pl.col("messages").list.eval(turns)
        if self.drop_empty:
            messages = messages.list.eval(pl.element().filter(pl.element().struct.field("content") != ""))
        return rows.with_columns(in_slices(rows, lambda part: part.select(messages)))
