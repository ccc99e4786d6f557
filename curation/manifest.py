"""A dataclass as a JSON file of its own: written at once, read back strictly. Standard library only."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any, Self

from curation.errors import ContractError, nearest
from curation.files import write_atomic


class Manifest:
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
