"""``tome augment``: see candidates before a run, and set up what the generators need; parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)
augment = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Try out a recipe's augmentation; set up what its generators need.\n\nExample: tome augment preview data/recipes/augment.yaml -n 20",
)
app.add_typer(augment, name="augment")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


@augment.command("preview")
def preview_command(
    recipe: Annotated[Path, typer.Argument(help="A recipe with an augment step.")],
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many candidates to show.")] = 20,
    step: Annotated[
        int | None,
        typer.Option(min=0, help="Which step, as tome run numbers them; the first augment step otherwise."),
    ] = None,
    json: Json = False,
) -> None:
    """Show candidates of a recipe's augment step.

    Each with its parent, what differs, every gate's value, and the verdict. No version is made.

    Example: tome augment preview data/recipes/augment.yaml -n 20
    """
    from curation.augment.preview import preview
    from curation.augment.terminal import show
    from curation.console import answer
    from curation.recipe import load_recipe
    from curation.store import Store

    seen = preview(load_recipe(recipe), Store(), number, step)
    if not json:
        show(seen)
    answer(seen.to_dict(), as_json=json)


@augment.command("setup")
def setup_command(json: Json = False) -> None:
    """Install WordNet and the tagger.

    From the network or from packages, whichever works. They go where NLTK looks for them: with the environment, or in the home folder.

    Example: tome augment setup
    """
    from curation.augment.resources import setup
    from curation.console import answer, say, table

    found = setup(lambda line: say(line.replace("[", r"\["), as_json=True))
    table(
        ["resource", "where", "mend"],
        [(one.what, one.where or "not here", "" if one.where else one.mend) for one in found],
        as_json=json,
    )
    ready = all(one.where for one in found if one.what != "Apertium")
    answer({"ready": ready, "resources": {one.what: one.where for one in found}}, as_json=json)
    if not ready:
        raise typer.Exit(2)
