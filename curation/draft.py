"""Draft recipes: a version's recipe with one step put in its right place, as YAML that a person can go on editing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from curation.recipe import Source
from curation.steps import BY_OP
from curation.store import Version

LAST = ("split", "augment", "balance", "oversample")
"""Steps that close a recipe, in their order; any other step goes before the first of them."""


def recipe_of(version: Version) -> dict[str, Any]:
    """The recipe that goes on from a version: its own, or one that reads it as its source."""
    if version.manifest.recipe:
        return slim(version.manifest.recipe)
    name = version.manifest.name
    return {"name": f"{name}-curated"[:100], "seed": 7, "sources": [{"uri": f"version:{version.id}", "name": name}], "steps": []}  # fmt: skip


def with_step(recipe: Mapping[str, Any], step: Mapping[str, Any], *, replace: bool = True) -> dict[str, Any]:
    """The recipe with a step in its place; with ``replace`` it takes the place of the last step of its op.

    A step that makes rows brings a split before it where the recipe has none, and a filter on ``stats`` the
    step that counts.
    """
    steps: list[dict[str, Any]] = [
        {"op": one} if isinstance(one, str) else dict(one) for one in recipe.get("steps") or []
    ]
    ops = [str(one.get("op")) for one in steps]
    op = str(step["op"])
    if replace and op in ops:
        steps[len(ops) - 1 - ops[::-1].index(op)] = dict(step)
        return {**recipe, "steps": steps}
    if op in LAST[1:] and "split" not in ops:
        steps.append({"op": "split", "eval": 0.05, "stratify": "category"})
        ops.append("split")
    if op == "filter" and "stats." in str(step.get("where")) and "stats" not in ops:
        first = 1 if ops[:1] == ["normalize"] else 0
        steps.insert(first, {"op": "stats"})
        ops.insert(first, "stats")
    later = LAST[LAST.index(op) + 1 :] if op in LAST else LAST
    at = next((place for place, one in enumerate(ops) if one in later), len(ops))
    steps.insert(at, dict(step))
    return {**recipe, "steps": steps}


def slim(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A dumped recipe without the fields that stand at their defaults."""
    steps = []
    for step in recipe.get("steps", []):
        fields = BY_OP[step["op"]].model_fields if step["op"] in BY_OP else {}
        steps.append(
            {
                name: _without_null(value)
                for name, value in step.items()
                if name == "op" or name not in fields or value != _default(fields[name])
            }
        )
    blank = {name: field.default for name, field in Source.model_fields.items() if not field.is_required()}
    sources = [
        {name: value for name, value in source.items() if name not in blank or value != blank[name]}
        for source in recipe.get("sources", [])
    ]
    kept = {name: recipe[name] for name in ("system_prompt", "require") if recipe.get(name)}
    return {"name": recipe["name"], "seed": recipe.get("seed", 0), **kept, "sources": sources, "steps": steps}


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_null(one) for name, one in value.items() if one is not None}
    return [_without_null(one) for one in value] if isinstance(value, list) else value


def _default(field: Any) -> Any:
    value = field.get_default(call_default_factory=True)
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


class _Flow(yaml.SafeDumper):
    """Lists of small mappings on one line each, as recipes are written by hand."""


def to_yaml(recipe: Mapping[str, Any]) -> str:
    """A recipe as text: one line a source and a step."""
    lines = []
    for name, value in recipe.items():
        if name in ("sources", "steps"):
            lines.append(f"{name}:" if value else f"{name}: []")
            lines += [f"  - {one_line(item)}" for item in value]
        else:
            lines.append(
                yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True, width=1000).rstrip()
            )
    return "\n".join(lines) + "\n"


def one_line(step: Mapping[str, Any] | str) -> str:
    """A step or source on one line of YAML; a step without parameters is its bare name."""
    if isinstance(step, str):
        return step
    if set(step) == {"op"}:
        return str(step["op"])
    text: str = yaml.dump(
        dict(step), Dumper=_Flow, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6
    )
    return text.strip()


def parsed(text: str) -> dict[str, Any]:
    """A recipe's text as a mapping, unchecked; an empty one where it can't be read."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return raw if isinstance(raw, dict) else {}
