"""Frames into the small frames that screens and reports draw. Lazy in, small and eager out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from curation.errors import StoreError
from curation.rows import WORD, text_of
from curation.store import Manifest, Store, Version

NONE = "(none)"


@dataclass(frozen=True)
class Broken:
    """A version that can't be opened, and why."""

    id: str
    why: str


def words_of(rows: pl.LazyFrame) -> pl.Expr:
    """The words of each row: the column that the index or ``stats`` made, or counted now. The index counts rows that were made after ``stats`` too."""
    names = rows.collect_schema().names()
    for name in ("words", "stats.words"):
        if name in names and (name != "words" or "messages" not in names):
            return pl.col(name)
    return text_of(separator=" ").str.count_matches(WORD)


ANOTHER = r"[0-9a-f]{16}"
"""Row ids in reasons, which are counted as one reason."""


def left_out(version: Version) -> pl.DataFrame:
    """What its own steps dropped and ingest rejected: columns step, reason and rows, the most first."""
    action, op = pl.col("action"), pl.col("op")
    lines = version.scan("ledger").filter((action == "dropped") | ((action == "rejected") & (op == "ingest")))
    reason = pl.col("reason").str.replace_all(ANOTHER, "another row")
    counted = lines.group_by(op.alias("step"), reason).agg(pl.len().cast(pl.Int64).alias("rows"))
    return counted.sort("rows", "step", "reason", descending=[True, False, False]).collect()


LENGTHS = (25, 50, 100, 200, 400, 800, 1600)
"""Words at which a new length begins."""


def length_names() -> list[str]:
    """The names of the lengths, shortest first: ``under 25 words``, ``25 to 49``, ..., ``1,600 or more``."""
    between = [f"{low:,} to {high - 1:,}" for low, high in pairwise(LENGTHS)]
    return [f"under {LENGTHS[0]} words", *between, f"{LENGTHS[-1]:,} or more"]


def length_range(name: str) -> tuple[int, int | None]:
    """The fewest and most words of a length; null for no limit."""
    place = length_names().index(name)
    return (0, *LENGTHS)[place], (LENGTHS[place] - 1 if place < len(LENGTHS) else None)


def with_length(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows with a column ``length``: which stretch of words each falls into."""
    words = words_of(rows)
    place = pl.sum_horizontal((words >= start).cast(pl.Int64) for start in LENGTHS)
    names = dict(enumerate(length_names()))
    return rows.with_columns(place.replace_strict(names, return_dtype=pl.String).alias("length"))


def token_unit(rows: pl.LazyFrame) -> str:
    """What ``tokens.total`` counts: ``tokens``, or ``words`` where the step had no tokenizer."""
    if "tokens.unit" not in rows.collect_schema().names():
        return "tokens"
    said = rows.select(pl.col("tokens.unit").drop_nulls().first()).collect().item()
    return str(said or "tokens")


def size_of(rows: pl.LazyFrame) -> tuple[str, str]:
    """What a row's size is counted in: the column, and its unit: tokens where a step counted them, else words."""
    names = rows.collect_schema().names()
    if "tokens.total" in names:
        return "tokens.total", token_unit(rows)
    return "words" if "words" in names and "messages" not in names else "stats.words", "words"


def shares(rows: pl.LazyFrame, by: str, size: str | None = None) -> pl.DataFrame:
    """Rows and words by the values of a column, largest first; ``length`` from the shortest on.

    ``size`` is a column to count instead of words (tokens, say). Columns: value, rows, share (0 to 1), words,
    word_share, train, eval, original, made (rows).
    """
    if by == "length" and by not in rows.collect_schema().names():
        found = shares(with_length(rows), by, size)
        order = {name: place for place, name in enumerate(length_names())}
        return found.sort(pl.col("value").replace_strict(order, return_dtype=pl.Int64, default=None))
    value = pl.col(by).cast(pl.String).fill_null(NONE).alias("value")
    made = pl.col("made_by").is_not_null()
    return (
        rows.select(
            value, (pl.col(size) if size else words_of(rows)).alias("words"), "split", made.alias("made")
        )
        .group_by("value")
        .agg(
            pl.len().cast(pl.Int64).alias("rows"),
            pl.col("words").sum().cast(pl.Int64),
            (pl.col("split") == "train").sum().cast(pl.Int64).alias("train"),
            (pl.col("split") == "eval").sum().cast(pl.Int64).alias("eval"),
            (~pl.col("made")).sum().cast(pl.Int64).alias("original"),
            pl.col("made").sum().cast(pl.Int64),
        )
        .with_columns(
            (pl.col("rows") / pl.col("rows").sum()).alias("share"),
            (pl.col("words") / pl.max_horizontal(pl.col("words").sum(), 1)).alias("word_share"),
        )
        .sort("rows", "value", descending=[True, False])
        .select("value", "rows", "share", "words", "word_share", "train", "eval", "original", "made")
        .collect()
    )


def histogram(rows: pl.LazyFrame, column: str | pl.Expr, bins: int = 40) -> pl.DataFrame:
    """Equal-width bins of a numeric column: ``start``, ``end``, ``rows``; what is no finite number is left out."""
    values = (
        rows.select(pl.col(column) if isinstance(column, str) else column).collect().to_series().drop_nulls()
    )
    values = values.filter(values.cast(pl.Float64).is_finite())
    if values.is_empty():
        return pl.DataFrame(schema={"start": pl.Float64, "end": pl.Float64, "rows": pl.Int64})
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
    width = (high - low) / bins or 1.0
    place = ((values.cast(pl.Float64) - low) / width).floor().clip(0, bins - 1).cast(pl.Int64).alias("place")
    counts = place.to_frame().group_by("place").len()
    every = pl.DataFrame({"place": range(bins if high > low else 1)}, schema={"place": pl.Int64})
    return every.join(counts, on="place", how="left", maintain_order="left").select(
        (low + pl.col("place") * width).alias("start"),
        (low + (pl.col("place") + 1) * width).alias("end"),
        pl.col("len").fill_null(0).cast(pl.Int64).alias("rows"),
    )


@dataclass(frozen=True)
class Spread:
    """How a column's numbers lie: the ends, the place above (below) which all but 2% stand, and a histogram of ``shown`` of them.

    ``zeros`` of them are left out of the histogram where nearly all are 0; ``none`` rows have no number.
    """

    low: float
    high: float
    all_but_low: float
    all_but_high: float
    whole: bool
    shown: int
    zeros: int
    none: int
    bins: pl.DataFrame


def spread(values: pl.Series, *, mostly: float = 0.8) -> Spread | None:
    """How numbers lie, or null where there are none; where more than the share ``mostly`` is 0, the histogram is of the rest."""
    held = values.drop_nulls()
    if held.is_empty():
        return None
    zeros = int((held == 0).sum())
    crowded = mostly * held.len() < zeros < held.len()
    shown = held.filter(held != 0) if crowded else held
    low, high = (float(one) for one in (held.min(), held.max()))  # type: ignore[arg-type]
    ends = [float(held.quantile(share) or 0.0) for share in (0.02, 0.98)]
    bins = histogram(shown.to_frame().lazy(), values.name)
    return Spread(low, high, ends[0], ends[1], held.dtype.is_integer(), shown.len(), zeros if crowded else 0, len(values) - held.len(), bins)  # fmt: skip


def ago(moment: float, now: float | None = None) -> str:
    """A time as people say it: ``3 minutes ago``. ``moment`` is in seconds since 1970."""
    seconds = max(0.0, (time.time() if now is None else now) - moment)
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}{'s' if count != 1 else ''} ago"
    return "just now"


def shelf(store: Store) -> tuple[list[Version], list[Broken]]:
    """The versions that can be opened, newest first, and those whose manifest can't be read."""
    whole, broken = [], []
    for path in store.home.versions.glob("[!.]*/manifest.json"):
        try:
            whole.append(Version(path.parent, Manifest.read(path)))
        except StoreError as error:
            broken.append(Broken(path.parent.name, str(error)))
    whole.sort(key=lambda version: (-version.manifest.created, version.id))
    return whole, sorted(broken, key=lambda one: one.id)


def cross(rows: pl.LazyFrame, across: str, down: str, most: int = 12) -> pl.DataFrame:
    """Rows by two columns, the largest values of each: ``down``, ``across``, ``rows``, ``share`` of all, ``line`` (of its down).

    ``length`` stands for words cut into stretches.
    """
    if "length" in (across, down) and "length" not in rows.collect_schema().names():
        rows = with_length(rows)
    a, d = (pl.col(name).cast(pl.String).fill_null(NONE) for name in (across, down))
    counts = rows.select(a.alias("across"), d.alias("down")).group_by("down", "across").len("rows").collect()
    counts = counts.with_columns(
        (pl.col("rows") / pl.col("rows").sum()).alias("share"),
        (pl.col("rows") / pl.col("rows").sum().over("down")).alias("line"),
        pl.col("rows").cast(pl.Int64),
    )
    for side in ("across", "down"):
        top = counts.group_by(side).agg(pl.col("rows").sum()).sort("rows", side, descending=[True, False])
        counts = counts.join(top.head(most).select(side), on=side, how="semi")
    return counts.sort("down", "across").select("down", "across", "rows", "share", "line")


def family_lines(store: Store, version: Version, versions: list[Version]) -> list[tuple[str, str]]:
    """The edges around a version, parent and child: all that it came from and all that was made of it; lost parents are left out."""
    try:
        before = store.lineage(version)
    except StoreError:
        before = [version]
    edges = dict.fromkeys((parent, one.id) for one in before for parent in one.manifest.parents)
    kin = {version.id}
    for one in sorted(versions, key=lambda each: each.manifest.created):
        for parent in one.manifest.parents:
            if parent in kin:
                kin.add(one.id)
                edges[parent, one.id] = None
    return list(edges)
