"""Browse a version at any size: filter, sort and page on the server, and open one row without reading the rest.

A version's rows are read once without their texts (the narrow frame); the texts stand flat and in lower case in a file
in the cache, which is mapped into memory and kept so, so that a search reads bytes, builds no lists and opens nothing.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from curation.errors import InputError, StoreError
from curation.expression import to_polars
from curation.rows import text_of
from curation.steps.stats import WORD
from curation.store import Store, Version

State = Literal["kept", "dropped"]
REPEATS = ("balance", "oversample")
"""Steps that make rows by repeating one; what any other step makes counts as augmented."""
OPENS = 200
"""Characters of a conversation's first words that a list shows."""
NONE = "(none)"
HAND = "by hand: "
"""Stands before a flag that a person gave."""


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
    texts: pl.DataFrame | None

    def scan(self) -> pl.LazyFrame:
        """The rows with their messages, lazily. Raises StoreError."""
        return self.version.scan(_frame(self.state))


def _frame(state: State) -> Literal["rows", "dropped"]:
    return "rows" if state == "kept" else "dropped"


def texts_path(store: Store, version: Version, state: State) -> Path:
    """Where the flat texts of a version's rows lie; the file is a cache and may be deleted."""
    return store.root / "cache" / "texts" / f"{version.id}.{state}.arrow"


def open_index(store: Store, version: Version, state: State = "kept", *, wait: bool = True) -> Index:
    """Read the narrow frame, and write the flat texts where they aren't there yet; without ``wait``, leave them out then.

    Raises StoreError when the version's files can't be read.
    """
    path = texts_path(store, version, state)
    scan = version.scan(_frame(state))
    try:
        narrow = scan.drop("messages").collect()
        flat = _mapped(path, narrow.height)
        if flat is None and wait:
            prepare(store, version, state)
            flat = _mapped(path, narrow.height)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(
            f"damaged: {error}", where=str(version.folder), mend="Run its recipe again to make it anew."
        ) from None
    made = pl.col("made_by")
    whole = pl.when(made.is_null()).then(pl.lit("original"))
    origin = whole.when(made.is_in(REPEATS)).then(pl.lit("repeat")).otherwise(pl.lit("augmented"))
    if flat is not None:
        narrow = narrow.hstack(flat.select("opens", "words"))
    else:
        counted = pl.col("stats.words") if "stats.words" in narrow.columns else pl.lit(None)
        narrow = narrow.with_columns(opens=pl.lit(None, pl.String), words=counted.cast(pl.Int64))
    narrow = narrow.with_row_index("row").with_columns(origin=origin)
    return Index(version, state, narrow, None if flat is None else flat.select("text"))


def _mapped(path: Path, height: int) -> pl.DataFrame | None:
    """The text file mapped into memory; null where it is missing, torn or of other rows.

    Kept open, it costs no page faults after the first search; polars itself would map it anew for each.
    """
    import pyarrow as pa

    if not path.is_file():
        return None
    try:
        flat = pl.from_arrow(pa.ipc.open_file(pa.memory_map(str(path))).read_all())
    except (OSError, pa.ArrowException, pl.exceptions.PolarsError):
        return None  # torn: it is only a cache
    whole = isinstance(flat, pl.DataFrame) and flat.columns == ["text", "opens", "words"]
    return flat if whole and flat.height == height else None  # type: ignore[union-attr, return-value]


def prepare(store: Store, version: Version, state: State = "kept") -> None:
    """Write text (flat, lower case), opens and words of every row, in order; atomically, some rows at a time.

    Raises StoreError or OSError.
    """
    path, scan = texts_path(store, version, state), version.scan(_frame(state))
    text = text_of(separator="\n")
    words = text_of(separator=" ").str.count_matches(WORD).fill_null(0).cast(pl.Int64)
    if "stats.words" in scan.collect_schema().names():
        words = pl.col("stats.words").fill_null(0).cast(pl.Int64)
    first = text_of(roles=["user"], separator=" ").fill_null("")
    opens = pl.when(first == "").then(text).otherwise(first).fill_null("")
    flat = scan.select(
        text.str.to_lowercase().fill_null("").alias("text"),
        opens.str.slice(0, 4 * OPENS).str.replace_all(r"\s+", " ").str.slice(0, OPENS).alias("opens"),
        words.alias("words"),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.partial")
    try:
        flat.sink_ipc(partial, compression="uncompressed", maintain_order=True, record_batch_size=20_000)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


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
    return pl.col(_known(narrow, column)).fill_null(False)


def flags_of(index: Index) -> list[tuple[str, int]]:
    """What can be up on a row, with how many rows: yes/no columns of steps, and the flags that people gave; most first."""
    narrow = index.narrow
    names = [name for name, dtype in narrow.schema.items() if dtype == pl.Boolean and "." in name]
    counts = narrow.select(pl.col(names).sum()).row(0, named=True) if names else {}
    if "hand.flag" in narrow.columns:
        given = narrow["hand.flag"].drop_nulls().value_counts()
        counts |= {f"{HAND}{flag}": rows for flag, rows in given.iter_rows()}
    return sorted(((name, rows) for name, rows in counts.items() if rows), key=lambda one: (-one[1], one[0]))


def _known(frame: pl.DataFrame, column: str) -> str:
    if column not in frame.columns:
        raise InputError(f"there is no column {column!r} in this version")
    return column


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
            f"can't read the pattern {query.text!r}: {str(error).splitlines()[0]}",
            mend="Turn off the regular expression to search for it as it stands.",
        ) from None


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


def page(index: Index, found: pl.Series, number: int, size: int) -> pl.DataFrame:
    """The narrow rows of a page, ``number`` from 1, in the order of ``found``."""
    rows = index.narrow[found.slice((number - 1) * size, size)]
    if index.texts is not None or rows.is_empty():
        return rows
    places = rows["row"].to_list()
    scan = index.scan().select("messages")
    if places == list(range(places[0], places[0] + len(places))):
        talks = scan.slice(places[0], len(places)).collect()
    else:
        talks = pl.concat([scan.slice(place, 1).collect() for place in places])
    text = text_of(roles=["user"], separator=" ").str.slice(0, 4 * OPENS).str.replace_all(r"\s+", " ")
    return rows.with_columns(talks.select(text.str.slice(0, OPENS).alias("opens")))


def whole_row(index: Index, place: int) -> dict[str, Any]:
    """One row with its messages; only the row group that holds it is read."""
    return index.scan().slice(place, 1).collect().to_dicts()[0]


def groupable(index: Index, most: int = 60) -> list[str]:
    """Columns worth grouping by: text or yes/no, two to ``most`` values; category and source first."""
    first = [name for name in ("category", "source", "origin", "split") if name in index.narrow.columns]
    skip = {*first, "id", "content_hash", "family", "parent_id", "opens", "made_by"}
    rest = []
    for name, dtype in index.narrow.schema.items():
        if name in skip or dtype not in (pl.String, pl.Boolean, pl.Categorical):
            continue
        if name.endswith(".evidence"):
            continue
        if 2 <= index.narrow[name].n_unique() <= most:
            rest.append(name)
    return first + sorted(rest)


def numeric(index: Index) -> list[str]:
    """Columns of numbers that differ between rows; words first."""
    rest = [
        name
        for name, dtype in index.narrow.schema.items()
        if dtype.is_numeric() and name not in ("row", "words", "source_row", "place")
        and index.narrow[name].n_unique() > 1
    ]  # fmt: skip
    return ["words", *sorted(rest)]


def span_of(index: Index, column: str) -> tuple[float, float, bool] | None:
    """The lowest and highest finite number of a column, and whether it holds whole ones; null where all are the same."""
    held = index.narrow[column].drop_nulls()
    if held.dtype.is_float():
        held = held.filter(held.is_finite())
    if held.is_empty() or held.min() == held.max():
        return None
    return float(held.min()), float(held.max()), held.dtype.is_integer()  # type: ignore[arg-type]


def values_of(index: Index, column: str) -> list[tuple[str, int]]:
    """The values of a column with their rows, most first; null is ``(none)``."""
    value = pl.col(column).cast(pl.String).fill_null(NONE).alias("value")
    counts = index.narrow.select(value).group_by("value").len().sort("len", "value", descending=[True, False])
    return list(counts.iter_rows())


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
