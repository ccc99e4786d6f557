"""Draft recipes: a version's recipe with one step put in its right place, as YAML that a person can go on editing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from curation.recipe import Recipe
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
    """The recipe with a step in its place; with ``replace`` it takes the place of the last step of its op (and category, for augment).

    A step that takes secrets out comes first. A step that makes rows brings a split before it where the recipe has none, and a filter on ``stats`` the
    step that counts.
    """
    steps: list[dict[str, Any]] = [
        {"op": one} if isinstance(one, str) else dict(one) for one in recipe.get("steps") or []
    ]
    ops = [str(one.get("op")) for one in steps]
    op = str(step["op"])
    same = [
        at
        for at, one in enumerate(steps)
        if one.get("op") == op and (op != "augment" or one.get("category") == step.get("category"))
    ]
    if replace and same:
        steps[same[-1]] = dict(step)
        return {**recipe, "steps": steps}
    if op in BY_OP and BY_OP[op].secret:  # what ran before it would keep what it takes out
        return {**recipe, "steps": [dict(step), *steps]}
    if op in LAST[1:] and "split" not in ops:
        steps.append({"op": "split", "eval": 0.05, "stratify": "category"})
        ops.append("split")
    if op == "filter" and "stats." in str(step.get("where")) and "stats" not in ops:
        first = next((place for place, one in enumerate(ops) if one not in ("redact", "normalize")), len(ops))
        steps.insert(first, {"op": "stats"})
        ops.insert(first, "stats")
    later = LAST[LAST.index(op) + 1 :] if op in LAST else LAST
    at = next((place for place, one in enumerate(ops) if one in later), len(ops))
    steps.insert(at, dict(step))
    return {**recipe, "steps": steps}


def with_cut(recipe: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The recipe with the steps of a cut in their places.

    A filter stands beside the others, once; ``dedup`` takes the place of one by the same key; any other step that of its op.
    """
    found = dict(recipe)
    for step in steps:
        held = [{"op": one} if isinstance(one, str) else dict(one) for one in found.get("steps") or []]
        if step["op"] not in ("filter", "dedup"):
            found = with_step(found, step)
            continue
        key = "where" if step["op"] == "filter" else "by"
        same = next(
            (
                at
                for at, one in enumerate(held)
                if (one.get("op"), one.get(key)) == (step["op"], step.get(key))
            ),
            None,
        )
        if same is None:
            found = with_step(found, step, replace=False)
        else:
            found = {**found, "steps": [*held[:same], dict(step), *held[same + 1 :]]}
    return found


def slim(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A dumped recipe as a person would write it; one that this version of the program can't read comes as it is."""
    try:
        found = Recipe.model_validate(recipe).brief()
        return {**found, "steps": found.get("steps", [])}
    except ValidationError:
        return dict(recipe)


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
