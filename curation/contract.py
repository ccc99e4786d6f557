"""What the stations agree on: canonical JSON, content hashes, folders, ``export.json``, ``run.json``, events.

Standard library only, so that every station can read it at no cost. A change of a hash or of a field
bumps the version constant beside it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from curation.errors import ContractError, TomeError, nearest

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


def file_sha256(path: Path) -> str:
    """The sha256 of a file, 64 hexadecimal digits (the algorithm that the Hub shows too)."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


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


def write_atomic(path: Path, text: str) -> None:
    """Write a text so that a reader sees the old file or the whole new one, never a part.

    Raises OSError (a full disk, say) and then leaves the old file as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


# ----------------------------------------------------------------------------------------------- events


def append_event(path: Path, event: str, **fields: Any) -> None:
    """Add one line to an ``events.jsonl``: ``time`` (seconds since 1970), ``event``, and the fields.

    Progress carries ``done``, ``total``, ``rate`` (per second) and ``left`` (seconds).
    """
    import time

    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"time": round(time.time(), 3), "event": event, **fields}, ensure_ascii=False) + "\n"
    with path.open("ab+") as handle:
        if handle.tell():
            handle.seek(-1, os.SEEK_END)
            line = line if handle.read(1) == b"\n" else "\n" + line  # a killed writer tore the last line
        handle.write(line.encode())


def read_events(path: Path) -> list[dict[str, Any]]:
    """The events of a file, oldest first; a torn last line (its writer was killed) is left out."""
    if not path.exists():
        return []
    events: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events


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


class _Manifest:
    """Reading and writing of a manifest dataclass; unknown, missing and mistyped fields are refused."""

    FILE: typing.ClassVar[str]

    def write(self, folder: Path) -> Path:
        """Write the manifest atomically into ``folder`` and return its path."""
        path = folder / self.FILE
        write_atomic(path, json.dumps(dataclasses.asdict(self), ensure_ascii=False, indent=1) + "\n")  # type: ignore[call-overload]
        return path

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the manifest of ``folder``. Raises ContractError: missing, torn, or of another schema."""
        path = folder / cls.FILE
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ContractError(
                f"there is no {cls.FILE} here", where=str(folder), mend="Is this the right folder?"
            ) from None
        except (OSError, ValueError) as error:
            raise ContractError(f"unreadable: {error}", where=str(path), mend="Make it again.") from None
        if not isinstance(raw, dict):
            raise ContractError("should hold one JSON object", where=str(path))
        want = cls.__dataclass_fields__["schema_version"].default  # type: ignore[attr-defined]
        if raw.get("schema_version") != want:
            raise ContractError(
                f"schema_version {raw.get('schema_version')!r}, this Tomewright reads {want}",
                where=str(path),
                mend="Make it again with this version, or use the version that made it.",
            )
        return typing.cast("Self", _build(cls, raw, str(path)))


def _build(kind: Any, raw: Any, where: str) -> Any:
    """Build a value of the annotated type ``kind`` out of parsed JSON, or say which field is wrong."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        options = typing.get_args(kind)
        if raw is None and type(None) in options:
            return None
        return _build(next(option for option in options if option is not type(None)), raw, where)
    if dataclasses.is_dataclass(kind):
        if not isinstance(raw, dict):
            raise ContractError(f"expected an object, found {raw!r:.40}", where=where)
        hints = typing.get_type_hints(kind)
        fields = {f.name: f for f in dataclasses.fields(kind)}
        for name in raw:
            if name not in fields:
                raise ContractError(f"unknown field {name!r}", where=where, mend=nearest(name, fields))
        for name, known in fields.items():
            if (
                name not in raw
                and known.default is dataclasses.MISSING
                and known.default_factory is dataclasses.MISSING
            ):
                raise ContractError(f"field {name!r} is missing", where=where)
        parts = {name: _build(hints[name], value, f"{where}: {name}") for name, value in raw.items()}
        return typing.cast("Any", kind)(**parts)
    if origin is dict:
        if not isinstance(raw, dict):
            raise ContractError(f"expected an object, found {raw!r:.40}", where=where)
        inner = typing.get_args(kind)[1]
        return {key: _build(inner, value, f"{where}.{key}") for key, value in raw.items()}
    if origin is list:
        if not isinstance(raw, list):
            raise ContractError(f"expected a list, found {raw!r:.40}", where=where)
        inner = typing.get_args(kind)[0]
        return [_build(inner, value, f"{where}[{place}]") for place, value in enumerate(raw)]
    if kind is Any:
        return raw
    if kind is float and type(raw) is int:
        return float(raw)
    if type(raw) is not kind:
        raise ContractError(f"expected {kind.__name__}, found {raw!r:.40}", where=where)
    return raw


@dataclass(frozen=True)
class ExportInfo(_Manifest):
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
class RunInfo(_Manifest):
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
