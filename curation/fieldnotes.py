"""What the docstrings under a model's fields say, and what kind of value each field takes."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
import typing
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

Kind = Literal["yes", "choice", "whole", "number", "text", "choices", "texts", "yaml"]
"""What a person gives: yes or no, one of a few, a whole number, a number, a text, some of a few, texts, or YAML."""


@dataclass(frozen=True)
class Note:
    """One field: its name, kind, choices, whether it may be empty or must be given, its default, and what it means."""

    name: str
    kind: Kind
    choices: tuple[str, ...]
    empty: bool
    needed: bool
    default: Any
    says: str


@cache
def notes(model: type[BaseModel]) -> tuple[Note, ...]:
    """The fields of a model in their order, but for the one that names it (``op`` or ``name`` with one value)."""
    said = _docstrings(model)
    return tuple(
        _note(name, field, said.get(name, ""))
        for name, field in model.model_fields.items()
        if not (name in ("op", "name") and typing.get_origin(field.annotation) is Literal)
    )


def _note(name: str, field: FieldInfo, says: str) -> Note:
    kind, choices, empty = _kind(field.annotation)
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    return Note(name, kind, choices, empty, field.is_required(), plain(default), says)


def plain(value: Any) -> Any:
    """A default as YAML would hold it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def _kind(annotation: Any) -> tuple[Kind, tuple[str, ...], bool]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(arguments[0])
    if origin in (types.UnionType, typing.Union):
        rest = [one for one in arguments if one is not type(None)]
        if len(rest) == 1:
            kind, choices, _ = _kind(rest[0])
            return kind, choices, True
        return "yaml", (), len(rest) < len(arguments)
    if origin is Literal:
        return "choice", tuple(str(one) for one in arguments), False
    if origin in (tuple, list) and (len(arguments) == 1 or arguments[1:] == (Ellipsis,)):
        kind, choices, _ = _kind(arguments[0])
        return (
            ("choices", choices, False)
            if kind == "choice"
            else ("texts", (), False)
            if kind == "text"
            else ("yaml", (), False)
        )
    simple: dict[Any, Kind] = {bool: "yes", int: "whole", float: "number", str: "text", Path: "text"}
    return simple.get(annotation, "yaml"), (), False


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The string that stands under each field, by field; that of the nearest class counts."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if not (issubclass(one, BaseModel) and one is not BaseModel):
            continue
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
        except (OSError, TypeError, SyntaxError):  # a class made at run time has no source
            continue
        lines = getattr(body, "body", [])
        for field, after in pairwise(lines):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
            ):
                found[field.target.id] = " ".join(str(after.value.value).replace("``", "").split())
    return found
