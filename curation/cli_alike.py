"""``tome alike``: the rows most like one; parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


@app.command("alike")
def alike_command(
    version: Annotated[str, typer.Argument(help="A version: its name, its id, or the start of it.")],
    row: Annotated[
        str | None, typer.Argument(help="A row's id; without one, all rows are made ready.")
    ] = None,
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many rows to list.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")] = False,
) -> None:
    """List the rows most like one, by their embeddings.

    What isn't embedded yet is embedded first.

    Example: tome alike demo 3f2a91c07d5e8b64
    """
    from curation.alike import alike, likeness
    from curation.console import Progress, answer, plain, say, table
    from curation.store import Store

    store = Store()
    one = store.get(version)
    show = Progress()
    known = likeness(
        store, one, lambda done, total: show("progress", op="embed", done=done, total=total, rate=0, left=None)
    )  # fmt: skip
    if row is None:
        say(f"{len(known.vectors):,} rows are embedded. Next: tome alike {version} ROW", as_json=json)
        answer({"version": one.id, "rows": len(known.vectors)}, as_json=json)
        return
    found = alike(store, one, row, number, known).join(one.scan().select("id", "messages").collect(), on="id", how="left", maintain_order="left")  # fmt: skip
    table(
        ["row", "cosine", "category", "opens with"],
        [(r["id"], r["cosine"], r["category"], plain(" ".join(r["messages"][0]["content"].split()), 70)) for r in found.to_dicts()],
        as_json=json,
    )  # fmt: skip
    answer({"version": one.id, "row": row, "alike": found.select("id", "cosine", "category").to_dicts()}, as_json=json)  # fmt: skip
