"""A path on this machine to the files to read: one file, or every file of a known kind in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from curation.contract import canonical_json, file_sha256
from curation.errors import InputError, nearest
from curation.ingest.kinds import KINDS, suffix_of
from curation.ingest.record import File

ABOUT = frozenset(
    {"dataset_info.json", "dataset_infos.json", "state.json", "dataset_dict.json", "package.json"}
)
"""JSON files that describe a dataset; in a folder they are no rows."""


def is_data(name: str) -> bool:
    """Whether a file in a folder or repository is to be read: of a known kind, not hidden, not about data."""
    parts = name.split("/")
    hidden = any(part.startswith((".", "_")) for part in parts)
    return suffix_of(parts[-1]) is not None and not hidden and parts[-1] not in ABOUT


def local_files(path: Path) -> tuple[list[File], list[str]]:
    """The files to read, sorted by name, and the names of those in the folder that aren't read.

    Raises InputError: nothing there (with the nearest name that is), or a folder without data.
    """
    if path.is_file():
        return [File(path, path.name)], []
    if not path.is_dir():
        raise _missing(path)
    names = {found.relative_to(path).as_posix(): found for found in path.rglob("*") if found.is_file()}
    if not names:
        raise InputError("is an empty folder", where=str(path))
    chosen = sorted(name for name in names if is_data(name))
    if not chosen:
        raise InputError(
            f"no file of a kind that is read among {len(names)}",
            where=str(path),
            mend=f"Read are {', '.join(KINDS)}.",
        )
    return [File(names[name], name) for name in chosen], sorted(set(names) - set(chosen))


def _missing(path: Path) -> InputError:
    folder = path.parent
    if not folder.is_dir():
        return InputError("no such file, and no such folder", where=str(path), mend="Check the path.")
    beside = [found.name for found in folder.iterdir() if found.is_dir() or suffix_of(found.name)]
    mend = nearest(path.name, beside) if beside else "There is no data file in that folder."
    return InputError("no such file", where=str(path), mend=mend)


def fingerprint(files: Sequence[File]) -> str:
    """The sha256 of one file's bytes; of several, the sha256 of their names and sha256s in canonical JSON."""
    sums = [(file.name, file_sha256(file.path)) for file in files]
    if len(sums) == 1:
        return sums[0][1]
    return hashlib.sha256(canonical_json(sums).encode()).hexdigest()
