"""Which reader a file gets: by its suffix, after a look at its first bytes."""

from __future__ import annotations

import json
from collections.abc import Callable

from curation.errors import InputError
from curation.ingest.columnar import Columnar
from curation.ingest.delimited import Delimited
from curation.ingest.json_file import JsonFile
from curation.ingest.jsonl import JsonLines
from curation.ingest.opening import COMPRESSED, byte_order_mark, head
from curation.ingest.record import File, Reader

KINDS: dict[str, tuple[str, Callable[[File], Reader]]] = {
    ".jsonl": ("JSON lines", JsonLines),
    ".ndjson": ("JSON lines", JsonLines),
    ".json": ("JSON", JsonFile),
    ".csv": ("CSV", Delimited),
    ".tsv": ("TSV", lambda file: Delimited(file, "\t")),
    ".parquet": ("Parquet", lambda file: Columnar(file, "parquet")),
    ".arrow": ("Arrow", lambda file: Columnar(file, "arrow")),
    ".feather": ("Arrow", lambda file: Columnar(file, "arrow")),
    ".ipc": ("Arrow", lambda file: Columnar(file, "arrow")),
}
_MAGIC = (
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\xff\xff\xff\xff", "an Arrow stream"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x28\xb5\x2f\xfd", "a zstandard file"),
    (b"PK\x03\x04", "a zip archive (or a spreadsheet)"),
    (b"%PDF", "a PDF"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"version https://git-lfs", "a Git LFS pointer"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
)
_MENDS = {
    "LFS": "Get the data itself with: git lfs pull.",
    "JSON": "Rename it to .jsonl.",
    "Parquet": "Rename it to .parquet.",
    "Arrow": "Rename it to .arrow.",
    "gzip": "Add .gz to its name.",
    "zstandard": "Add .zst to its name.",
    "spreadsheet": "Unpack it, or save the spreadsheet as CSV.",
}


def suffix_of(name: str) -> str | None:
    """The suffix that tells a file's kind, under .gz or .zst, or null for a kind that isn't read."""
    name = name.lower()
    for packed in COMPRESSED:
        name = name.removesuffix(packed)
    return next((suffix for suffix in KINDS if name.endswith(suffix)), None)


def reader_for(file: File) -> tuple[str, Reader] | None:
    """A file's kind and its reader; null for an empty file.

    Raises InputError for a suffix that isn't known and for a file that is something else than it says.
    """
    start = head(file)
    suffix = suffix_of(file.name)
    if suffix is None:
        raise InputError(
            f"is {_looks(start) or 'of a kind that is not read'}"
            if start
            else "is of a kind that is not read",
            where=file.name,
            mend=f"Give it one of the suffixes {', '.join(KINDS)} (also with {' or '.join(COMPRESSED)}).",
        )
    kind, make = KINDS[suffix]
    if not start[len(byte_order_mark(start)[0]) :].strip():
        return None
    looks = _looks(start)
    if kind == "Parquet":
        fits = looks == "a Parquet file"
    elif kind == "Arrow":
        fits = looks in ("an Arrow file", "an Arrow stream") or start[:4] == b"FEA1"
    else:
        fits = looks is None or (kind in ("JSON", "JSON lines") and looks == "JSON lines")
    if not fits:
        mend = next((mend for word, mend in _MENDS.items() if word in (looks or "")), "Was it saved wrongly?")
        raise InputError(f"is {looks or 'a text file'}, not {kind}", where=file.name, mend=mend)
    if kind == "JSON lines" and _is_array(start):
        return "JSON", JsonFile(file)
    return kind, make(file)


def _looks(start: bytes) -> str | None:
    """What the first bytes of a file betray, or null for text of no special kind."""
    for magic, what in _MAGIC:
        if start.startswith(magic):
            return what
    mark, encoding = byte_order_mark(start)
    text = start[len(mark) :].lstrip()
    if text[:15].lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        return "a web page (HTML)"
    if encoding == "utf-8" and b"\x00" in start[:512] and not _texty(start[:512]):
        return "a binary file"
    first = text.partition(b"\n")[0].strip()
    if first.startswith(b"{") and first.endswith(b"}"):
        try:
            json.loads(first)
        except (ValueError, RecursionError):
            return None
        return "JSON lines"
    return None


def _texty(start: bytes) -> bool:
    """A text with a stray NUL in it, as against a binary file."""
    odd = sum(byte < 9 or 13 < byte < 32 for byte in start)
    return odd * 10 < len(start) * 3


def _is_array(start: bytes) -> bool:
    """Whether JSON lines are in truth one JSON array: [ first, and the first line isn't whole in itself."""
    text = start[len(byte_order_mark(start)[0]) :].lstrip()
    if not text.startswith(b"["):
        return False
    first, _, rest = text.partition(b"\n")
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return first.strip() == b"[" or first.strip().endswith(b",")
    return not rest.strip() and isinstance(value, list) and any(isinstance(item, dict) for item in value)
