"""What a person asks of a version's rows, and the rows that answer it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from curation.browse import NONE, Index
from curation.errors import InputError, nearest_column
from curation.expression import to_polars
from curation.facets import HAND


@dataclass(frozen=True)
class Query:
    """What a person asks for; hashable, so that an answer is found again by it.

    ``values`` maps a column to the values that may stand there, ``ranges`` to the lowest and highest number.
    ``flags`` are names that ``flags_of`` gives, any of which may be up; ``kin`` is a family's or a row's id: that
    family, that row, its parent and its children. ``where`` is an expression as in the filter step. ``text`` ignores case; with ``regex`` it is a Rust pattern.
    """

    text: str = ""
    regex: bool = False
    where: str = ""
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    flags: tuple[str, ...] = ()
    kin: str = ""
    ranges: tuple[tuple[str, float, float], ...] = ()
    sort: str = ""
    descending: bool = False

    @property
    def empty(self) -> bool:
        """Whether every row answers it."""
        return not (self.text or self.where.strip() or self.values or self.ranges or self.flags or self.kin)


def find(index: Index, query: Query) -> pl.Series:
    """The places of the rows that answer a query, in its order: a UInt32 series ``row``.

    Raises InputError for a pattern that can't be read, an unknown column, or a wrong expression.
    """
    narrow = index.narrow
    keep: list[pl.Expr] = []
    for column, wanted in query.values:
        keep.append(pl.col(_known(narrow, column)).cast(pl.String).fill_null(NONE).is_in(wanted))
    for column, low, high in query.ranges:
        keep.append(pl.col(_known(narrow, column)).is_between(low, high))
    if query.flags:
        keep.append(pl.any_horizontal(_flag(narrow, name) for name in query.flags))
    if query.kin:
        keep.append(pl.any_horizontal(pl.col(name) == query.kin for name in ("id", "family", "parent_id")))
    frame = narrow.lazy().filter(*keep) if keep else narrow.lazy()
    if query.where.strip():
        frame = frame.join(_where(index, query.where), on="row", how="semi", maintain_order="left")
    if query.text:
        frame = frame.join(_search(index, query), on="row", how="semi", maintain_order="left")
    if query.sort:
        frame = frame.sort(
            _known(narrow, query.sort), "row", descending=[query.descending, False], nulls_last=True
        )
    return frame.select("row").collect().to_series()


def _flag(narrow: pl.DataFrame, name: str) -> pl.Expr:
    column, told, value = name.partition(HAND)
    if told:
        return pl.col(_known(narrow, "hand.flag")).eq_missing(value)
    up = pl.col(_known(narrow, column))
    return (up > 0 if narrow[column].dtype.is_numeric() else up).fill_null(False)


def _search(index: Index, query: Query) -> pl.LazyFrame:
    if index.texts is None:
        raise InputError("the texts aren't indexed yet", mend="Wait until they are; it takes seconds.")
    pattern = f"(?i){query.text}" if query.regex else query.text.lower()
    hit = pl.col("text").str.contains(pattern, literal=not query.regex)
    try:
        hits = index.texts.lazy().select(hit=hit).collect(engine="streaming")
        return hits.with_row_index("row").filter("hit").select("row").lazy()
    except pl.exceptions.ComputeError as error:
        raise InputError(
            f"can't read the pattern {query.text!r}: {_wrong(error)}",
            mend="Turn off the regular expression to search for it as it stands.",
        ) from None


def _wrong(error: Exception) -> str:
    """What is wrong with a pattern: the reason that stands below the picture of the place, or the first line."""
    lines = str(error).splitlines()
    reason = next((line for line in lines if line.startswith("error: ")), lines[0])
    return reason.removeprefix("error: ").removeprefix("regex error: ").rstrip(".")


def _where(index: Index, where: str) -> pl.LazyFrame:
    scan = index.scan()
    keep = to_polars(where, scan.collect_schema().names())
    if "messages" not in keep.meta.root_names():
        scan = index.narrow.lazy().drop("row")
    try:
        return scan.with_row_index("row").filter(keep).select("row").collect().lazy()
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"can't apply the expression: {str(error).splitlines()[0]}", where=repr(where)
        ) from None


def _known(frame: pl.DataFrame, column: str) -> str:
    if column not in frame.columns:
        raise InputError(
            f"there is no column {column!r} in this version", mend=nearest_column(column, frame.columns)
        )
    return column
