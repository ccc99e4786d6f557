"""The command that runs one step alone: ``tome step VERSION STEP KEY=VALUE ...``; parse, call, print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
import yaml

from curation.errors import InputError, RecipeError

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
SHOWN = 400
"""Characters of what a step says of itself."""


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


@app.command("step")
def step_command(
    version: Annotated[str, typer.Argument(help="A version: its name, its id, or the start of its id.")],
    op: Annotated[str, typer.Argument(metavar="STEP", help="A step's name: near_dup, filter, language ...")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Its parameters, as a recipe has them."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What to call the new version; VERSION-STEP otherwise.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed, where chance has a part in the step.")] = 0,
    json: Json = False,
) -> None:
    """Run one step on a version; the outcome is a new version.

    Several steps at once are a recipe: tome run. Examples:

    tome step demo near_dup threshold=0.8

    tome step demo filter where="stats.words >= 20" --name longer

    tome step demo-near_dup dedup by=near_dup.cluster keep="{max: score}"
    """
    from curation.console import Progress, answer, evidence, plain, say
    from curation.findings import count
    from curation.recipe import Recipe, step_from
    from curation.run import run_recipe
    from curation.store import Store

    try:
        step = step_from({"op": op, **parsed(settings or [])})
    except RecipeError as error:
        where = (error.where or "").removeprefix("step: steps.0").strip(".: ")
        raise RecipeError(error.what, where=where.removeprefix("op") or None, mend=error.mend) from None
    store = Store()
    one = store.get(version)
    recipe = Recipe(
        name=name or f"{one.manifest.name}-{op}",
        seed=seed,
        sources=[{"uri": f"version:{one.id}", "name": one.manifest.name}],
        steps=(step,),
    )
    made = run_recipe(recipe, store, report=Progress())
    entry = made.manifest.steps[-1]
    told = {key: value for key, value in entry["summary"].items() if flat(value)}
    if told:
        say(plain(evidence(told), SHOWN), as_json=json)
    rows = count(made.manifest.rows, "row")
    say(f"{rows} in version {made.id} ({recipe.name}). Next: tome show {recipe.name}", as_json=json)
    answer({"from": one.id, "version": made.id, "name": recipe.name, "step": entry}, as_json=json)


def flat(value: Any) -> bool:
    """Whether a figure of a summary can be told in a line: a value, or a count for each of some names."""
    parts = value.values() if isinstance(value, dict) else [value]
    return not any(isinstance(part, dict | list) for part in parts)


def parsed(settings: Sequence[str]) -> dict[str, Any]:
    """``KEY=VALUE`` as a recipe would have it: numbers, true and null are such, ``{...}`` and ``[...]`` are YAML, the rest is text.

    Raises InputError for what is no setting.

    >>> parsed(["threshold=0.8", "keep={max: score}", "where=turns() > 2", "field=null"])
    {'threshold': 0.8, 'keep': {'max': 'score'}, 'where': 'turns() > 2', 'field': None}
    """
    found: dict[str, Any] = {}
    for given in settings:
        key, sign, text = given.partition("=")
        if not sign or not key.isidentifier():
            raise InputError(f"{given!r} is no setting", mend="Write KEY=VALUE, such as threshold=0.8.")
        if key in found:
            raise InputError(f"{key!r} is set twice", where=given)
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            if text[:1] in "{[":
                raise InputError(f"not YAML: {' '.join(str(error).split())}", where=given) from None
            value = text
        structure = text[:1] in ("{", "[")
        found[key] = value if structure or value is None or isinstance(value, int | float | str) else text
    return found
