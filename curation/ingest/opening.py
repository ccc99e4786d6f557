"""Opens a file as bytes or as lines: .gz and .zst, byte-order marks, UTF-16, and a file that is something else."""

from __future__ import annotations

import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import IO, cast

from curation.errors import InputError
from curation.ingest.record import File

COMPRESSED = {".gz": ("gzip", b"\x1f\x8b"), ".zst": ("zstandard", b"\x28\xb5\x2f\xfd")}
_BOMS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\x00\x00\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}


@contextlib.contextmanager
def opened(file: File) -> Iterator[IO[bytes]]:
    """The decompressed bytes of a file. Raises InputError: unreadable, damaged, or cut off."""
    suffix = file.path.suffix.lower() if file.path.suffix else ""
    suffix = next((known for known in COMPRESSED if file.name.lower().endswith(known)), suffix)
    kind, magic = COMPRESSED.get(suffix, ("", b""))
    try:
        with file.path.open("rb") as raw:
            if kind and not raw.peek(4).startswith(magic):
                raise InputError(
                    f"isn't a {kind} file", where=file.name, mend=f"Drop {suffix} from its name?"
                )
            if kind == "gzip":
                with gzip.GzipFile(fileobj=raw) as stream:
                    yield cast("IO[bytes]", stream)
            elif kind:
                yield _zstandard(raw)
            else:
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"can't be decompressed: {error}",
            where=file.name,
            mend="It is damaged or cut off: copy it again.",
        ) from None
    except PermissionError as error:
        raise InputError(f"can't be read: {error.strerror}", where=file.name) from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(file, error) from None  # pyarrow's word for a damaged zstandard stream


def _damaged(file: File, error: Exception) -> InputError:
    return InputError(
        f"can't be decompressed: {error}", where=file.name, mend="It is damaged or cut off: copy it again."
    )


def _zstandard(raw: IO[bytes]) -> IO[bytes]:
    import pyarrow as pa

    return cast(
        "IO[bytes]", io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"), 1 << 20)
    )


def head(file: File, size: int = 65536) -> bytes:
    """The first bytes of a file, decompressed."""
    with opened(file) as stream:
        return stream.read(size)


def whole(file: File) -> bytes:
    """All bytes of a file, decompressed."""
    with opened(file) as stream:
        return stream.read()


def lines(file: File) -> Iterator[bytes]:
    """The lines of a text file as UTF-8 bytes, split at line feeds alone, without a byte-order mark."""
    with opened(file) as stream:
        start = stream.readline()
        mark, encoding = byte_order_mark(start)
        if encoding != "utf-8":
            yield from _transcoded(start + stream.read(), encoding)
            return
        if start:
            yield start[len(mark) :] or b"\n"
        yield from stream


def byte_order_mark(start: bytes) -> tuple[bytes, str]:
    """The byte-order mark at the start, and the encoding that it tells: UTF-8 where there is none."""
    return next(((mark, name) for mark, name in _BOMS.items() if start.startswith(mark)), (b"", "utf-8"))


def _transcoded(data: bytes, encoding: str) -> Iterator[bytes]:
    text = data.decode(encoding, "replace").removeprefix("\ufeff")
    yield from io.BytesIO(text.encode("utf-8", "surrogatepass"))


def decoded(data: bytes) -> str:
    """The text of a whole file; invalid bytes become lone surrogates, which ``text.clean`` replaces."""
    mark, encoding = byte_order_mark(data)
    if encoding != "utf-8":
        return data.decode(encoding, "replace").removeprefix("\ufeff")
    return data[len(mark) :].decode("utf-8", "surrogateescape")
