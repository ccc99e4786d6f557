"""``tome name``: the names that stand for versions: list, give, move, roll back, rename."""

from __future__ import annotations

from typing import Annotated, Any

import typer

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


@app.command("name")
def name_command(
    name: Annotated[str | None, typer.Argument(help="A name; all of them are listed otherwise.")] = None,
    version: Annotated[
        str | None, typer.Argument(help="The version that it should stand for from now on.")
    ] = None,
    rename: Annotated[
        str | None, typer.Option(help="Call it this instead; its history goes with it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")] = False,
) -> None:
    """Name a version, move a name to another one, or rename it.

    No version is changed, and what a name stood for stays in its history, so a move can be taken back. Example:

    tome name demo 3f2a91c07d5e8b64, then tome name demo --rename gold
    """
    from curation.console import answer, say, table
    from curation.store import Store

    store = Store()
    if name is not None and (version or rename):
        with store.lock():
            if version:
                store.name(name, store.get(version).id)
            if rename:
                store.rename(name, rename)
                name = rename
    names = [name] if name is not None else list(store.refs())
    found: dict[str, Any] = {one: store.history(one) for one in names}
    table(
        ["name", "stands for", "stood for"],
        [(one, ids[-1] if ids else "nothing", ", ".join(reversed(ids[:-1]))) for one, ids in found.items()],
        as_json=json,
    )
    if not found:
        say("No names yet. A version gets one when it is made.", as_json=json)
    answer({"names": found}, as_json=json)
