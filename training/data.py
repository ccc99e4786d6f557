"""The export folder as training reads it: hashes checked, columns checked, rows in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.contract import ExportInfo, Home, canonical_json, content_hash, digest, file_sha256, nearest
from training.errors import DataError

SPLITS = ("train", "eval")
BATCH = 1000


@dataclass(frozen=True)
class Row:
    """One conversation of an export."""

    id: str
    messages: list[dict[str, str]]
    category: str | None


@dataclass(frozen=True)
class Export:
    """A checked export folder. ``rows`` maps a split to its number of rows, ``key`` hashes all of them."""

    info: ExportInfo
    folder: Path
    rows: dict[str, int]
    key: str

    def read(self, split: str) -> Iterator[list[Row]]:
        """The rows of a split in the file's order, in lists of up to a thousand."""
        return read_rows(self.folder / f"{split}.parquet")


def open_export(source: str, home: Home) -> Export:
    """Find an export by folder or by name, check its hashes, and hash its rows.

    Raises DataError: not there, a file changed after it was written, a wrong column, an empty split.
    """
    folder = find_export(source, home)
    info = ExportInfo.read(folder)
    parts: dict[str, str] = {}
    rows: dict[str, int] = {}
    for split in SPLITS:
        name = f"{split}.parquet"
        path = folder / name
        if not path.is_file():
            raise DataError(f"{name} is missing", where=str(folder), mend="Export the version again.")
        if name not in info.files or file_sha256(path) != info.files[name].sha256:
            raise DataError(
                "the file isn't the one that export.json describes: its sha256 differs",
                where=str(path),
                mend="Export the version again; an export is never edited by hand.",
            )
        parts[split], rows[split] = _rows_key(path)
        if rows[split] == 0:
            mend = "Training needs rows." if split == "train" else "Add a split step to the recipe."
            raise DataError(f"the {split} split is empty", where=str(path), mend=mend)
    return Export(info, folder, rows, digest(canonical_json([parts, info.system_prompt])))


def find_export(source: str, home: Home) -> Path:
    """The folder of an export that was named or given. Raises DataError with the nearest name."""
    for folder in (Path(source), home.exports / source):
        if (folder / "export.json").is_file():
            return folder
    if Path(source).is_dir():
        raise DataError("there is no export.json here", where=source, mend="Write one with: tome export.")
    known = [path.parent.name for path in home.exports.glob("*/export.json")]
    mend = nearest(source, known) if known else "Write one with: tome export VERSION --name NAME."
    raise DataError(f"there is no export {source!r}", mend=mend)


def read_rows(path: Path) -> Iterator[list[Row]]:
    """The rows of a Parquet file, batch by batch. Raises DataError: damaged, or a column is missing."""
    try:
        with pq.ParquetFile(path) as file:
            missing = {"id", "messages", "category"} - set(file.schema_arrow.names)
            if missing:
                raise DataError(f"column {sorted(missing)[0]!r} is missing", where=str(path))
            for batch in file.iter_batches(BATCH, columns=["id", "messages", "category"]):
                yield [_row(raw, path) for raw in batch.to_pylist()]
    except pa.ArrowInvalid as error:
        raise DataError(f"this isn't a readable Parquet file: {error}", where=str(path)) from None


def _row(raw: dict[str, Any], path: Path) -> Row:
    messages = raw["messages"] or []
    for message in messages:
        if not isinstance(message.get("role"), str) or not isinstance(message.get("content"), str):
            raise DataError(f"row {raw['id']} has a message without role or text", where=str(path))
    return Row(raw["id"], messages, raw["category"])


def _rows_key(path: Path) -> tuple[str, int]:
    hashes: list[str] = []
    count = 0
    for rows in read_rows(path):
        count += len(rows)
        hashes.append(
            digest(canonical_json([[row.id, row.category, content_hash(row.messages)] for row in rows]))
        )
    return digest(canonical_json(hashes)), count
