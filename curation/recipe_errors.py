"""What is wrong with a recipe, in one line: the file and line, the field, and the nearest right name."""

from __future__ import annotations

import re
import typing
from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from curation.errors import RecipeError, nearest
from curation.steps import BY_OP

Path = list[int | str]
MAPPINGS = ("model_type", "model_attributes_type", "dict_type")
LISTS = ("tuple_type", "list_type")


class Loader(yaml.SafeLoader):
    """YAML's safe loader, but a key that stands twice is a mistake and not a silent choice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping; raises YAMLError at a key that is there already."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"{key.value!r} stands there twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_yaml(text: str, where: str) -> dict[str, Any]:
    """The mapping that a YAML text holds. Raises RecipeError with the line of the mistake."""
    try:
        raw = yaml.load(text, Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or error
        raise RecipeError(f"not YAML: {problem}", where=f"{where}{line}") from None
    except (RecursionError, ValueError) as error:
        raise RecipeError(f"not YAML: {error}", where=where) from None
    if not isinstance(raw, dict):
        raise RecipeError("a recipe is a mapping with name, sources and steps", where=where)
    return raw


def explain(error: ValidationError, raw: Any, where: str, text: str, model: type[BaseModel]) -> RecipeError:
    """One line about the mistake that a person would want to hear of first."""
    found = _first(error, raw)
    path, value = _path(found, raw), found["input"]
    spot = ".".join(str(part) for part in path)
    at = f"{where}{line_of(text, path)}" + (f": {spot}" if spot else "")
    kind, name = found["type"], str(path[-1]) if path else ""
    told = found.get("ctx", {})
    if kind.startswith("union_tag") and told.get("discriminator", "'op'") != "'op'":
        choices = re.findall(r"'([^']*)'", str(told.get("expected_tags", "")))
        what = repr(told["tag"]) if "tag" in told else f"{value!r:.60}"
        return RecipeError(
            f"{what} isn't known here",
            where=at,
            mend=nearest(str(told.get("tag", "")), choices) if choices else None,
        )
    if kind == "union_tag_invalid":
        op = str(value.get("op")) if isinstance(value, dict) else str(value)
        return RecipeError(
            f"there is no step {op!r}",
            where=f"{where}{line_of(text, [*path, 'op'])}: {spot}",
            mend=nearest(op, BY_OP),
        )
    if kind == "union_tag_not_found":
        return RecipeError("a step needs an op", where=at, mend=nearest("", BY_OP))
    if kind == "extra_forbidden":
        return RecipeError(f"there is no field {name!r}", where=at, mend=_fields(model, path[:-1], raw, name))
    if kind == "missing" and name.isdigit():
        return RecipeError(f"it needs {int(name) + 1} values, found {shown(value)}", where=at)
    if kind == "missing":
        return RecipeError(f"field {name!r} is missing", where=at)
    if kind == "literal_error" and isinstance(value, str):
        choices = re.findall(r"'([^']*)'", str(found.get("ctx", {}).get("expected", "")))
        return RecipeError(f"{value!r} is none of its values", where=at, mend=nearest(value, choices))
    if kind in MAPPINGS:
        step = len(path) == 2 and path[0] == "steps"
        want = "a step's name or a mapping with an op" if step else "a mapping"
        return RecipeError(f"expected {want}, found {shown(value)}", where=at)
    if kind in LISTS:
        mend = f"Write a list: [{value}]." if isinstance(value, str) else None
        return RecipeError(f"expected a list, found {shown(value)}", where=at, mend=mend)
    if kind == "too_short" and not isinstance(value, str):
        least = int(told.get("min_length", 1))
        return RecipeError(
            f"it needs {least} value{'s' if least > 1 else ''} at least, found {shown(value)}", where=at
        )
    message = found["msg"].removeprefix("Value error, ")
    tail = "" if kind == "value_error" else f", found {shown(value)}"
    return RecipeError(f"{message}{tail}", where=at)


def shown(value: Any) -> str:
    """What was found, shortened, as YAML has it."""
    names = {None: "null", True: "true", False: "false"}
    return names[value] if value is None or isinstance(value, bool) else f"{value!r:.60}"


def _first(error: ValidationError, raw: Any) -> ErrorDetails:
    """The first error; of those that a union's members give for a mapping, the most telling one."""
    errors = error.errors(include_url=False)
    first = errors[0]
    if first["type"] == "missing":  # a misspelt field is missing under its right name
        beside = first["loc"][:-1]
        spelt = (one for one in errors if one["type"] == "extra_forbidden" and one["loc"][:-1] == beside)
        return next(spelt, first)
    if not isinstance(first["input"], dict):
        return first
    base = _path(first, raw)
    if first["type"] in ("int_type", "float_type"):  # one number or a mapping: what is wrong in the mapping
        deeper = (one for one in errors[1:] if _path(one, raw)[: len(base)] == base != _path(one, raw))
        return next(deeper, first)
    if first["type"] != "literal_error":
        return first
    same = [one for one in errors[1:] if _path(one, raw)[: len(base)] == base]
    for wanted in ("value_error", "", "extra_forbidden", "missing"):
        for one in same:
            odd = one["type"] in ("value_error", "extra_forbidden", "missing", "literal_error", *MAPPINGS)
            if one["type"] == wanted or (not wanted and not odd):
                return one
    return first


def _path(found: ErrorDetails, raw: Any) -> Path:
    """Where in the recipe an error lies, without the names of union members that pydantic puts between."""
    path: Path = []
    value = raw
    for place, part in enumerate(found["loc"]):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
            value = {"op": value} if path == ["steps"] and isinstance(value, str) else value
        elif not (found["type"] == "missing" and place == len(found["loc"]) - 1):
            continue
        path.append(part)
    return path


def _fields(model: type[BaseModel], path: Path, raw: Any, name: str) -> str | None:
    """A mend that names the nearest field of what stands at a path."""
    value: Any = raw
    here: list[type[BaseModel]] = [model]
    for part in path:
        value = value[part]
        named = value.get("name") if isinstance(part, int) and isinstance(value, dict) else part
        if alike := [one for one in here if named in _names(one)]:  # a generator by its name
            here = alike
        elif isinstance(part, str):
            fields = [one.model_fields[part].annotation for one in here if part in one.model_fields]
            here = [found for field in fields for found in _models(field)]
        elif isinstance(value, dict) and path[0] == "steps" and value.get("op") in BY_OP:
            here = [BY_OP[value["op"]]]
    known = {field for one in here for field in one.model_fields if field != "op"}
    return nearest(name, known) if known else None


def _names(model: type[BaseModel]) -> tuple[Any, ...]:
    """The names that a model goes by in the short form ``{NAME: {...}}``."""
    field = model.model_fields.get("name")
    return typing.get_args(field.annotation) if field is not None else ()


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models in a type hint, through unions, lists and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in typing.get_args(annotation) for found in _models(part)]


def line_of(text: str, path: Sequence[int | str]) -> str:
    """``:line`` of what stands at a path of a YAML text, or of the deepest part of the path that is there."""
    node = yaml.compose(text, Loader=yaml.SafeLoader) if text else None
    mark = None
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if getattr(k, "value", None) == part), None)
            if pair is None:
                break
            mark, node = pair[0].start_mark, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            mark = node.start_mark
        else:
            break
    return f":{mark.line + 1}" if mark is not None else ""
