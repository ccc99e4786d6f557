"""What the stations agree on: canonical JSON, content hashes, folders, ``export.json``, ``run.json``, events.

The whole of what training may know of curation; events, files and the reading of manifests are modules of their own
behind it. Standard library only, so that every station can read it at no cost. A change of a hash or of a field bumps
the version constant beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from curation.errors import ContractError, TomeError, nearest
from curation.events import append_event, read_events
from curation.files import file_sha256, write_atomic
from curation.manifest import Manifest

__all__ = [
    "CANONICAL",
    "ContractError",
    "ExportInfo",
    "FileInfo",
    "Home",
    "RunInfo",
    "TomeError",
    "append_event",
    "canonical_json",
    "content_hash",
    "digest",
    "file_info",
    "file_sha256",
    "nearest",
    "read_events",
    "write_atomic",
]

CANONICAL = "json-sorted-utf8/blake2b-128/1"
"""Name of the hash: sorted-key compact UTF-8 JSON under BLAKE2b with a 16-byte digest, first edition."""


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, UTF-8 as is, NaN refused.

    Raises ValueError for NaN or infinity, TypeError for a type that JSON doesn't know.
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(text: str | bytes) -> str:
    """32 hexadecimal digits: BLAKE2b (RFC 7693), 16 bytes, of the UTF-8 text."""
    data = text.encode() if isinstance(text, str) else text
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def content_hash(messages: Iterable[Mapping[str, str]]) -> str:
    """The hash of a conversation; it changes exactly when a role or a text changes."""
    return digest(canonical_json([{"role": m["role"], "content": m["content"]} for m in messages]))


# ---------------------------------------------------------------------------------------------- folders


@dataclass(frozen=True)
class Home:
    """Where the stations write; ``TOME_HOME`` or ``--home`` moves it, ``data`` otherwise."""

    root: Path

    @classmethod
    def find(cls, given: str | os.PathLike[str] | None = None) -> Self:
        """The home that was given, else ``TOME_HOME``, else ``./data``."""
        return cls(Path(given or os.environ.get("TOME_HOME") or "data"))

    @property
    def store(self) -> Path:
        """Dataset versions, their names and the cache of steps."""
        return self.root / "store"

    @property
    def versions(self) -> Path:
        """One folder a version."""
        return self.root / "store" / "versions"

    @property
    def exports(self) -> Path:
        """One folder an export."""
        return self.root / "exports"

    @property
    def runs(self) -> Path:
        """One folder a training run."""
        return self.root / "runs"

    @property
    def spaces(self) -> Path:
        """One folder a Space, as it is uploaded."""
        return self.root / "spaces"

    @property
    def jobs(self) -> Path:
        """One folder a job."""
        return self.root / "jobs"

    @property
    def models(self) -> Path:
        """Base models converted or fetched once, kept between runs."""
        return self.root / "models"


# ------------------------------------------------------------------------------------ export.json, run.json


@dataclass(frozen=True)
class FileInfo:
    """One file of an export or a run: ``sha256``, ``bytes``, and ``rows`` where it is a table."""

    sha256: str
    bytes: int
    rows: int | None = None


def file_info(path: Path, rows: int | None = None) -> FileInfo:
    """Measure a file for a manifest."""
    return FileInfo(file_sha256(path), path.stat().st_size, rows)


@dataclass(frozen=True)
class ExportInfo(Manifest):
    """``export.json``: all that training needs to know about a curated dataset version.

    ``dataset_id`` is the version's id; ``files`` maps ``train.parquet`` and ``eval.parquet`` to their
    sha256; ``rows_hash`` is over the rows' meaning (not the bytes of Parquet); ``counts`` maps split to
    category to rows; ``licences`` maps source to licence, null where none is stated.
    """

    FILE = "export.json"
    name: str
    dataset_id: str
    rows_hash: str
    files: dict[str, FileInfo]
    counts: dict[str, dict[str, int]]
    licences: dict[str, str | None] = field(default_factory=dict)
    system_prompt: str | None = None
    recipe: dict[str, Any] | None = None
    lineage: list[dict[str, Any]] = field(default_factory=list)
    schema_version: int = 1


@dataclass(frozen=True)
class Probe:
    """A conversation and the token ids that training's template gives it, for the chatbot to compare."""

    messages: list[dict[str, str]]
    input_ids: list[int]


@dataclass(frozen=True)
class RunInfo(Manifest):
    """``run.json``: what a training run hands on to the chatbot, and what it was made of.

    ``state`` is running, done, stopped or failed. ``template`` is the Jinja chat template as trained,
    with ``template_date`` as its fixed date; ``stop_tokens`` end an answer. ``base_model`` is a Hub id or
    a local folder, ``base_sha256`` the weights' hash where it is local. ``probes`` are rendered with the
    generation prompt. ``key`` is the resume key: the hash of rows, template, tokenizer and effective
    hyper-parameters, whose parts stand in ``key_parts``.
    """

    FILE = "run.json"
    run_id: str
    state: str
    base_model: str
    base_revision: str | None
    template: str
    template_hash: str
    template_date: str
    bos_token: str | None
    stop_tokens: list[str]
    stop_token_ids: list[int]
    system_prompt: str | None
    max_length: int
    probes: list[Probe]
    dataset: dict[str, Any]
    key: str
    key_parts: dict[str, Any]
    config: dict[str, Any]
    packages: dict[str, str]
    command: str
    adapter: str = "adapter"
    adapter_files: dict[str, FileInfo] = field(default_factory=dict)
    base_sha256: str | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    warnings: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    schema_version: int = 1
