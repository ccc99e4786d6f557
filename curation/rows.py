"""The row: its schema, its constructor, its check. One row is one conversation.

    id            unique, fixed at ingest, never reused
    messages      List(Struct{role, content})
    content_hash  hash of the canonical JSON of messages
    source        the name that the source has in the recipe; source_row: its place there, from 0
    category      what balance is about, or null
    parent_id     the row that a made row comes from, and made_by, the step that made it; null for an original
    family        rows that must not be split apart
    split         train, eval, or null before the split step

Every other column came with the data (``score``) or from a step, under its name (``stats.words``). The names
in ``RESERVED`` are none of the data's: a column of the data that bears one is kept as ``original_<name>``.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from curation.contract import canonical_json, digest
from curation.errors import InputError
from curation.hashing import content_hashes

SCHEMA_VERSION = 1
SLICE = 10_000
"""Rows that are turned into Python objects, or worked on by a row step, at a time."""
ROLES = ("system", "user", "assistant", "tool")
MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
CORE: dict[str, pl.DataType] = {
    "id": pl.String(),
    "messages": MESSAGES,
    "content_hash": pl.String(),
    "source": pl.String(),
    "source_row": pl.Int64(),
    "category": pl.String(),
    "parent_id": pl.String(),
    "made_by": pl.String(),
    "family": pl.String(),
    "split": pl.String(),
}
RESERVED = frozenset({*CORE, "reason", "evidence", "dropped_by", "place"})
"""Names of the core columns, and of those that steps answer in."""
WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}]|[^\s\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}]+"
"""A run of non-space characters; in scripts that set no spaces, each character counts as one word."""
Message = Mapping[str, str]


def empty() -> pl.DataFrame:
    """A frame of no rows with the core columns."""
    return pl.DataFrame(schema=CORE)


def make_rows(
    conversations: Sequence[Sequence[Message]],
    *,
    source: str,
    source_rows: Sequence[int] | None = None,
    categories: Sequence[str | None] | None = None,
    extra: Mapping[str, Sequence[Any]] | None = None,
) -> pl.DataFrame:
    """Make original rows of conversations, one row each, in their order.

    The id is the hash of source, content and how many equal conversations stand before it, so it doesn't
    change when other rows are added. Exact duplicates are one family from the start. A column of ``extra``
    that bears a reserved name survives as ``original_<name>``. Raises InputError for an unknown role.
    """
    for place, messages in enumerate(conversations):
        for message in messages:
            if message["role"] not in ROLES:
                raise InputError(f"unknown role {message['role']!r}", where=f"{source} row {place}")
    column = messages_of(conversations)
    hashes = content_hashes(column)
    seen: Counter[str] = Counter()
    ids = []
    for key in hashes:
        ids.append(digest(f"{source}\n{key}\n{seen[key]}")[:16])
        seen[key] += 1
    count = len(ids)
    rows = pl.DataFrame(
        {
            "id": ids,
            "messages": column,
            "content_hash": hashes,
            "source": [source] * count,
            "source_row": list(source_rows) if source_rows is not None else list(range(count)),
            "category": list(categories) if categories is not None else [None] * count,
            "parent_id": [None] * count,
            "made_by": [None] * count,
            "family": [key[:16] for key in hashes],
            "split": [None] * count,
        },
        schema=CORE,
    )
    for name, values in (extra or {}).items():
        rows = rows.with_columns(_scalar(f"original_{name}" if name in RESERVED else name, values))
    return rows


def messages_of(conversations: Sequence[Sequence[Message]]) -> pl.Series:
    """The messages column, built flat: fifteen times as fast as from nested Python lists."""
    import pyarrow as pa

    turns = [message for messages in conversations for message in messages]
    fields = [pa.array([turn[name] for turn in turns], pa.large_string()) for name in ("role", "content")]
    offsets = [0, *itertools.accumulate(len(messages) for messages in conversations)]
    structs = pa.StructArray.from_arrays(fields, ["role", "content"])
    lists = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), structs)
    return pl.Series("messages", lists, dtype=MESSAGES)


def _scalar(name: str, values: Sequence[Any]) -> pl.Series:
    """A column of scalars; lists and objects become canonical JSON, mixed types become text."""
    plain = [canonical_json(v) if isinstance(v, dict | list | tuple) else v for v in values]
    kinds = {type(value) for value in plain if value is not None}
    if len(kinds) > 1 and not kinds <= {int, float}:
        plain = [v if v is None or isinstance(v, str) else str(v) for v in plain]
    return pl.Series(name, plain, dtype=pl.String if not kinds else None, strict=False)


def text_of(column: str = "messages", roles: Iterable[str] | None = None, separator: str = "\n") -> pl.Expr:
    """An expression: the contents of a conversation as one text, of the given roles or of all."""
    element = pl.element()
    contents = element.struct.field("content")
    if roles is not None:
        contents = contents.filter(element.struct.field("role").is_in(list(roles)))
    return pl.col(column).list.eval(contents).list.join(separator, ignore_nulls=True)


def in_slices(rows: pl.DataFrame, work: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """``work`` of SLICE rows at a time, one outcome below the other: what it needs in memory doesn't grow with the rows."""
    starts = range(0, max(rows.height, 1), SLICE)
    return pl.concat([work(rows[start : start + SLICE]) for start in starts], rechunk=True)


def rehash(rows: pl.DataFrame) -> pl.Series:
    """The content hash of every row, computed from its messages."""
    return pl.Series("content_hash", content_hashes(rows["messages"]), dtype=pl.String)


def child_id(parent: str, op: str, number: int) -> str:
    """The id of the number-th child that a step makes of a parent."""
    return digest(f"{parent}\n{op}\n{number}")[:16]


def rows_hash(rows: pl.DataFrame) -> str:
    """The hash of what rows mean: every column's values in canonical JSON, messages by their content hash.

    It knows nothing of Parquet, of chunks or of threads, so it is the same on any machine.
    """
    parts = {"schema": str(SCHEMA_VERSION), "rows": str(rows.height)}
    for name in rows.columns:
        if name == "messages":
            continue
        parts[name] = column_hash(rows[name])
    return digest(canonical_json(parts))


def column_hash(column: pl.Series) -> str:
    """The hash of a column: its type and the JSON list of its values, a slice at a time to spare memory."""
    sums = hashlib.blake2b(f"{column.dtype}\n".encode(), digest_size=16)
    for start in range(0, max(column.len(), 1), SLICE):
        text = _json(column[start : start + SLICE])
        sums.update(text.encode() if start == 0 else b"," + text.encode())
    return sums.hexdigest()


def _json(column: pl.Series) -> str:
    values = column.to_list()
    if column.dtype.is_float():
        values = [None if v is None else repr(float(v)) for v in values]
    elif column.dtype.is_temporal():
        values = [None if v is None else str(v) for v in values]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True)[1:-1]


def check(rows: pl.DataFrame, *, where: str, deep: bool = False) -> None:
    """Raise InputError where rows break the schema; ``deep`` recomputes every content hash."""
    for name, dtype in CORE.items():
        if name not in rows.columns:
            raise InputError(f"column {name!r} is missing", where=where)
        if rows.schema[name] != dtype:
            raise InputError(f"column {name!r} is {rows.schema[name]}, not {dtype}", where=where)
    for name in sorted((RESERVED - set(CORE)) & set(rows.columns)):
        raise InputError(f"column {name!r} bears a name that steps answer in", where=where, mend="Rename it.")
    for name in ("id", "messages", "content_hash", "source", "family"):
        if rows[name].null_count():
            raise InputError(f"column {name!r} has nulls", where=where)
    twice = rows.filter(pl.col("id").is_duplicated())
    if twice.height:
        raise InputError(f"id {twice['id'][0]!r} is there twice", where=where)
    element = pl.element()
    known = element.struct.field("role").is_in(ROLES).fill_null(False)
    for what, right in (("role", known), ("content", element.struct.field("content").is_not_null())):
        bad = rows.filter(~pl.col("messages").list.eval(right).list.all())
        if bad.height:
            found = [turn[what] for turn in bad["messages"][0]]
            raise InputError(f"row {bad['id'][0]}: unknown {what} in {found!r:.80}", where=where)
    if deep:
        wrong = rows.filter(rehash(rows) != rows["content_hash"])
        if wrong.height:
            raise InputError(f"row {wrong['id'][0]}: its text doesn't match its content_hash", where=where)
