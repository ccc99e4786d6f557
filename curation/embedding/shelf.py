"""Where vectors are kept between runs: Parquet shards of (key, bytes), one folder a model and view."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl

from curation.cache_bound import touch
from curation.contract import digest
from curation.embedding.numbers import Vectors

SCHEMA = {"key": pl.String(), "vector": pl.Binary()}


class Shelf:
    """Vectors by key, in memory and, where a folder is given, in shards that are written whole or not at all.

    A shard that can't be read is as good as absent: its vectors are made again. The folder may be deleted.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.places: dict[str, int] = {}
        self.parts: list[Vectors] = []
        if folder is not None and folder.is_dir():
            for path in sorted(folder.glob("*.parquet")):
                self._read(path)

    def _read(self, path: Path) -> None:
        try:
            shard = pl.read_parquet(path, columns=list(SCHEMA))
            touch(path)
            flat = np.frombuffer(b"".join(shard["vector"].to_list()), np.int8)
            self._hold(shard["key"].to_list(), flat.reshape(shard.height, -1))
        except (OSError, ValueError, pl.exceptions.PolarsError):
            path.unlink(missing_ok=True)

    def _hold(self, keys: list[str], vectors: Vectors) -> None:
        if self.parts and self.parts[0].shape[1] != vectors.shape[1]:
            raise ValueError("vectors of another width")
        start = sum(len(part) for part in self.parts)
        self.parts.append(vectors)
        self.places.update(zip(keys, range(start, start + len(keys)), strict=True))

    def missing(self, keys: list[str]) -> list[int]:
        """Places in ``keys`` of the first of each key that isn't here."""
        seen: dict[str, int] = {}
        for place, key in enumerate(keys):
            if key not in self.places:
                seen.setdefault(key, place)
        return list(seen.values())

    def put(self, keys: list[str], vectors: Vectors) -> None:
        """Keep vectors; a full disk loses the shard, not the run."""
        self._hold(keys, vectors)
        if self.folder is None:
            return
        shard = pl.DataFrame({"key": keys, "vector": [row.tobytes() for row in vectors]}, schema=SCHEMA)
        path = self.folder / f"{digest(' '.join(keys))}.parquet"
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            shard.write_parquet(partial, compression="uncompressed")
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)

    def get(self, keys: list[str]) -> Vectors:
        """The vectors of keys that are all here, in their order; shape (keys, components)."""
        if not keys:
            return np.zeros((0, self.parts[0].shape[1] if self.parts else 1), np.int8)
        if len(self.parts) > 1:
            self.parts = [np.concatenate(self.parts)]
        return self.parts[0][np.fromiter(map(self.places.__getitem__, keys), np.int64, len(keys))]
