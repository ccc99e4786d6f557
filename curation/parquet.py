"""Parquet as Tomewright writes it: zstd, content-defined chunks, small row groups for paging."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

ROW_GROUP = 5_000
"""Rows a group: to read one row its group is unpacked, not the file."""


class _Sink(io.RawIOBase):
    """A file that takes a failed write in silence and tells of it afterwards.

    pyarrow ends the whole process when a write fails while it makes content-defined chunks, which is what
    a full disk does to it; so it must not hear of the failure.
    """

    def __init__(self, path: Path) -> None:
        self.file, self.place = path.open("wb"), 0
        self.error: OSError | None = None

    def writable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """How much would have been written."""
        return self.place

    def write(self, data: Any) -> int:
        """Write, until a write fails."""
        size = memoryview(data).nbytes
        self._safely(lambda: self.file.write(data))
        self.place += size
        return size

    def close(self) -> None:
        """Close the file; what was held back may fail here too."""
        if not self.file.closed:
            self._safely(self.file.flush)
            with contextlib.suppress(OSError):
                self.file.close()
        super().close()

    def _safely(self, act: Callable[[], object]) -> None:
        if self.error is None:
            try:
                act()
            except OSError as error:
                self.error = error


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame; successive versions of it share most of their bytes on the Hub. Raises OSError.

    Source: content-defined chunking for Parquet, as Apache Arrow 21 and the Hub's Xet storage have it.
    """
    import pyarrow.parquet as pq

    with _Sink(path) as sink:
        pq.write_table(
            frame.to_arrow(),
            sink,
            compression="zstd",
            row_group_size=ROW_GROUP,
            use_content_defined_chunking=True,
            write_page_index=True,
        )
    if sink.error is not None:
        raise OSError(sink.error.errno, sink.error.strerror, str(path))
