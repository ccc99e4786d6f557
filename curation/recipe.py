"""A recipe: sources, steps and a seed; YAML in, a typed and checked value out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from curation.contract import canonical_json, digest
from curation.errors import RecipeError, nearest
from curation.recipe_errors import explain, line_of, read_yaml
from curation.step import Step
from curation.steps import AnyStep

Require = Literal["contamination", "near_dup", "pii", "split"]


class Source(BaseModel):
    """Where rows come from: a Hub dataset, a file or folder, or a version in the store."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    uri: Annotated[str, Field(min_length=1)]
    """``hf://owner/name``, a path, or ``version:REF``."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    """What rows of it bear in ``source``; unique in the recipe."""
    map: dict[str, str] | None = None
    """Which column is what, where recognition would be a guess: user, assistant, system, category, messages."""
    limit: Annotated[int, Field(gt=0)] | None = None
    """Most rows, sampled at random (by the recipe's seed) unless ``sample`` says head."""
    weight: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of its rows that enters, drawn by the recipe's seed. More than all: ``balance`` after the split."""
    sample: Literal["random", "head"] = "random"
    split: str = "train"
    """The split of a Hub dataset."""
    revision: str | None = None
    """The commit, tag or branch of a Hub dataset."""
    config: str | None = None
    """The configuration of a Hub dataset."""
    licence: str | None = None
    """The licence of the data, where the source doesn't state it."""

    @model_validator(mode="after")
    def _fits_a_version(self) -> Source:
        """A version is read as it is: fields about reading would be ignored, so they are refused."""
        if self.uri.startswith("version:"):
            for name in ("map", "sample", "split", "revision", "config", "licence"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    raise ValueError(f"a version is read as it is, so {name!r} has no meaning for {self.uri}")
        return self


class Recipe(BaseModel):
    """What makes a version; equal recipes over equal inputs make equal versions."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    seed: int = 0
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    steps: tuple[AnyStep, ...] = ()
    system_prompt: str | None = None
    """The system prompt that training puts before conversations that have none."""
    require: tuple[Require, ...] = ()
    """Steps without which an export is refused."""

    @field_validator("steps", mode="before")
    @classmethod
    def _short_form(cls, steps: Any) -> Any:
        """A step without parameters may be written as its bare name."""
        if isinstance(steps, list | tuple):
            return [{"op": step} if isinstance(step, str) else step for step in steps]
        return steps

    def key(self) -> str:
        """The hash of everything that the recipe says."""
        return digest(canonical_json(self.dump()))

    def brief(self) -> dict[str, Any]:
        """The recipe as a person would write it: defaults left out, a step without parameters as its bare name."""
        raw = self.model_dump(mode="json", exclude_defaults=True)
        raw["steps"] = [_brief(step) for step in self.steps]
        raw["sources"] = [source.model_dump(mode="json", exclude_defaults=True) for source in self.sources]
        order = ("name", "seed", "system_prompt", "require", "sources", "steps")
        return {name: raw[name] for name in order if raw.get(name)}

    def to_yaml(self) -> str:
        """What ``brief`` gives, as YAML that is parsed again into the same recipe."""
        return yaml.safe_dump(self.brief(), sort_keys=False, allow_unicode=True, width=100)

    def dump(self) -> dict[str, Any]:
        """JSON-ready, defaults included, as the manifest keeps it."""
        return self.model_dump(mode="json")


def _brief(step: Step) -> str | dict[str, Any]:
    """A step without its defaults; its bare name where nothing else is left."""
    said = step.model_dump(mode="json", exclude_defaults=True)
    said.pop("op", None)
    return {"op": step.op, **said} if said else step.op


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe file. Raises RecipeError naming the file, the field, and the nearest right name."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        near = [str(other) for other in path.parent.glob("*.yaml")] if path.parent.is_dir() else []
        mend = nearest(str(path), near) if near else "Give a recipe's file: tome run data/recipes/demo.yaml"
        raise RecipeError("there is no such recipe", where=str(path), mend=mend) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"can't be read: {error}", where=str(path)) from None
    return parse_recipe(text, where=str(path))


def parse_recipe(text: str, where: str = "recipe") -> Recipe:
    """Parse and check the text of a recipe. Raises RecipeError."""
    raw = read_yaml(text, where)
    try:
        recipe = Recipe.model_validate(raw)
    except ValidationError as error:
        raise explain(error, raw, where, text, Recipe) from None
    check_order(recipe, where, text)
    return recipe


def check_order(recipe: Recipe, where: str = "recipe", text: str = "") -> None:
    """Raise RecipeError where the order of steps would let evaluation rows leak into training.

    Split comes before whatever makes rows; whatever finds families or drops duplicates comes before split. A
    step that takes secrets out comes before all that would write the texts with them into a ledger or a column.
    """
    names = [source.name for source in recipe.sources]
    for name in names:
        if names.count(name) > 1:
            raise RecipeError(
                f"two sources are called {name!r}", where=where, mend="Names tell their rows apart."
            )
    ops = [step.op for step in recipe.steps]
    split = ops.index("split") if "split" in ops else None
    grown = all(source.uri.startswith("version:") for source in recipe.sources)
    for place, step in enumerate(recipe.steps):
        at = f"{where}{line_of(text, ['steps', place])}: step {place} ({step.op})"
        if step.secret and (
            late := next((one for one in recipe.steps[:place] if not one.secret and one.op != "pii"), None)
        ):
            raise RecipeError(
                f"{late.op} runs before it, so its columns, its ledger and its dropped rows may keep what {step.op} takes out",
                where=at,
                mend=f"Put {step.op} first; only pii may stand before it.",
            )
        makes = step.kind in ("expand", "shape")
        if makes and (split is None or split > place) and not grown:
            raise RecipeError(
                "rows are made before the split, so copies of one row would stand in training and in evaluation",
                where=at,
                mend=f"Put a split step before {step.op}.",
            )
        if split is not None and place > split and "family" in step.writes and step.op != "split":
            raise RecipeError(
                "families are found after the split, so near-duplicates may stand on both sides",
                where=at,
                mend=f"Put {step.op} before split.",
            )
        made_earlier = [earlier.op for earlier in recipe.steps[:place] if earlier.kind in ("expand", "shape")]
        if step.op == "dedup" and made_earlier:
            raise RecipeError(
                f"dedup would undo the repeats of {made_earlier[0]}",
                where=at,
                mend=f"Put dedup before {made_earlier[0]}.",
            )
    if ops.count("split") > 1:
        raise RecipeError("there are two split steps", where=where, mend="Split once.")


def step_from(value: Step | str | dict[str, Any]) -> Step:
    """A step from its name, or from the mapping that a recipe would hold. Raises RecipeError."""
    if isinstance(value, Step):
        return value
    raw = {"name": "x", "sources": [{"uri": "x", "name": "x"}], "steps": [value]}
    try:
        return Recipe.model_validate(raw).steps[0]
    except ValidationError as error:
        raise explain(error, raw, "step", "", Recipe) from None
