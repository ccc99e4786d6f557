"""Browse a version at any size: its rows without their texts in memory, a page of them at a time.

A version's rows are read once without their messages (the narrow frame); the texts are mapped from a file (``flat_texts``).
What a person asks for is a ``query``; what there is to ask for, ``facets`` tells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from curation import flat_texts
from curation.errors import StoreError
from curation.flat_texts import State, first_words, frame_of
from curation.version import ANEW, Version

REPEATS = ("balance", "oversample")
"""Steps that make rows by repeating one; what any other step makes counts as augmented."""
NONE = "(none)"


@dataclass(frozen=True)
class Index:
    """The narrow frame of a version's kept or dropped rows, and their texts.

    ``narrow`` has every column but messages, and ``row`` (its place), ``opens`` (its first words), ``origin``
    (original, repeat or augmented) and ``words``. ``texts`` has one column, ``text``: flat, in lower case, mapped from its
    file and never copied. It is null while that file isn't there yet; then ``opens`` is null too, and so is ``words`` unless
    ``stats`` counted them.
    """

    version: Version
    state: State
    narrow: pl.DataFrame
    texts: pl.DataFrame | None = None

    def scan(self) -> pl.LazyFrame:
        """The rows with their messages, lazily. Raises StoreError."""
        return self.version.scan(frame_of(self.state))


def open_narrow(version: Version, state: State = "kept") -> Index:
    """The index without its texts. Raises StoreError when the version's files can't be read."""
    try:
        narrow = version.scan(frame_of(state)).drop("messages").collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"damaged: {error}", where=str(version.folder), mend=ANEW) from None
    made = pl.col("made_by")
    whole = pl.when(made.is_null()).then(pl.lit("original"))
    origin = whole.when(made.is_in(REPEATS)).then(pl.lit("repeat")).otherwise(pl.lit("augmented"))
    counted = pl.col("stats.words") if "stats.words" in narrow.columns else pl.lit(None)
    narrow = narrow.with_columns(opens=pl.lit(None, pl.String), words=counted.cast(pl.Int64), origin=origin)
    return Index(version, state, narrow.with_row_index("row"))


def with_texts(index: Index) -> Index:
    """The same index with its texts; they are written first where they aren't there yet. Raises StoreError."""
    height = index.narrow.height
    flat = flat_texts.mapped(index.version, index.state, height)
    if flat is None:
        flat_texts.write(index.version, index.state)
        flat = flat_texts.mapped(index.version, index.state, height)
    if flat is None:
        raise StoreError("the texts can't be read back", where=str(index.version.folder))
    return replace(
        index, narrow=index.narrow.with_columns(flat["opens"], flat["words"]), texts=flat.select("text")
    )


def open_index(version: Version, state: State = "kept") -> Index:
    """The whole index. Raises StoreError."""
    return with_texts(open_narrow(version, state))


def page(index: Index, found: pl.Series, number: int, size: int) -> pl.DataFrame:
    """The narrow rows of a page, ``number`` from 1, in the order of ``found``."""
    return with_opens(index, index.narrow[found.slice((number - 1) * size, size)])


def with_opens(index: Index, rows: pl.DataFrame) -> pl.DataFrame:
    """A few rows (with ``row``, their place) with their first words, read from the version where the texts aren't there yet."""
    if index.texts is not None or rows.is_empty():
        return rows
    places = rows["row"].to_list()
    scan = index.scan().select("messages")
    if places == list(range(places[0], places[0] + len(places))):
        talks = scan.slice(places[0], len(places)).collect()
    else:
        talks = pl.concat([scan.slice(place, 1).collect() for place in places])
    return rows.with_columns(talks.select(first_words(["user"]).alias("opens")))


def before_balance(kept: Index, dropped: Index) -> pl.DataFrame:
    """The narrow rows as they were before the balance step: its repeats away, its dropped rows back.

    Rows that have no split yet count as training rows here, so that a plan can be looked at before splitting.
    """
    rows = kept.narrow.filter(~pl.col("made_by").is_in(REPEATS).fill_null(False))
    if "dropped_by" in dropped.narrow.columns:
        back = dropped.narrow.filter(pl.col("dropped_by").is_in(REPEATS))
        if back.height:
            rows = pl.concat([rows, back], how="diagonal_relaxed").select(rows.columns)
    return rows.with_columns(pl.col("split").fill_null("train"))
