"""Parquet and Arrow (file and stream, also Feather), read batch by batch through pyarrow."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from curation.errors import InputError
from curation.ingest.opening import COMPRESSED, whole
from curation.ingest.record import File, Record, Wanted

BATCH = 2048


class Columnar:
    """A reader of ``.parquet``, ``.arrow``, ``.feather`` and ``.ipc``. It knows no lines."""

    def __init__(self, file: File, kind: str) -> None:
        self.file, self.kind = file, kind

    def count(self) -> int:
        """How many rows there are."""
        if self.kind == "parquet":
            with self._guarded() as source:
                import pyarrow.parquet as pq

                return int(pq.ParquetFile(source).metadata.num_rows)
        return sum(batch.num_rows for batch in self._batches())

    def records(self, wanted: Wanted | None = None) -> Iterator[Record]:
        """One record for every row."""
        start = 0
        for batch in self._batches():
            for low in range(0, batch.num_rows, BATCH):
                part = batch.slice(low, BATCH)
                places = range(start + low, start + low + part.num_rows)
                kept = [place for place in places if wanted is None or wanted(place)]
                if not kept:
                    continue
                if len(kept) < part.num_rows:
                    part = part.take([place - start - low for place in kept])
                for place, value in zip(kept, self._objects(part), strict=True):
                    yield Record(place, None, value)
            start += batch.num_rows

    def _batches(self) -> Iterator[Any]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        with self._guarded() as source:
            if self.kind == "parquet":
                table: Any = pq.ParquetFile(source)
                self._check(table.schema_arrow.names)
                yield from table.iter_batches(batch_size=BATCH)
                return
            try:
                table = pa.ipc.open_file(source)
            except pa.ArrowInvalid:
                source.seek(0)
                table = pa.ipc.open_stream(source)
                self._check(table.schema.names)
                yield from table
                return
            self._check(table.schema.names)
            for number in range(table.num_record_batches):
                yield table.get_batch(number)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[Any]:
        import pyarrow as pa

        compressed = self.file.name.lower().endswith(tuple(COMPRESSED))
        try:
            source = pa.BufferReader(whole(self.file)) if compressed else pa.memory_map(str(self.file.path))
            with source:
                yield source
        except (pa.ArrowException, OSError) as error:
            said = str(error).splitlines()[0].rstrip(".")
            raise InputError(
                f"can't be read as {self.kind.title()}: {said}",
                where=self.file.name,
                mend="It is damaged, cut off, or another kind of file.",
            ) from None

    def _check(self, names: list[str]) -> None:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"column {twice[0]!r} is there twice", where=self.file.name)

    def _objects(self, batch: Any) -> list[dict[str, Any]]:
        try:
            return list(batch.to_pylist())
        except UnicodeDecodeError:
            import pyarrow as pa

            schema = pa.schema([pa.field(field.name, _binary(field.type)) for field in batch.schema])
            return [_lenient(row) for row in batch.cast(schema).to_pylist()]


def _binary(kind: Any) -> Any:
    """The same type with bytes for text, so that invalid UTF-8 can be read."""
    import pyarrow as pa

    if pa.types.is_string(kind):
        return pa.binary()
    if pa.types.is_large_string(kind):
        return pa.large_binary()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        made = pa.list_ if pa.types.is_list(kind) else pa.large_list
        return made(pa.field(kind.value_field.name, _binary(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, _binary(field.type)) for field in kind])
    return kind


def _lenient(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {key: _lenient(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_lenient(item) for item in value]
    return value
