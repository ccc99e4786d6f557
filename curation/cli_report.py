"""The commands that tell of versions: ``tome report`` and ``tome diff``; parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Ref = Annotated[str, typer.Argument(help="A version: its name, its id, or the start of its id.")]


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


@app.command("report")
def report_command(
    version: Ref,
    out: Annotated[Path | None, typer.Option(help="The HTML file; NAME.html otherwise.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Another version to set beside it, as `tome diff --report` does.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a report of a version as one HTML file and as JSON beside it; it needs no network.

    Example: tome report demo --out demo.html
    """
    from curation.console import answer, say
    from curation.report import write_report
    from curation.store import Store

    store = Store()
    one = store.get(version)
    other = store.get(against) if against else None
    path = out or Path(
        f"{one.manifest.name}.html" if other is None else f"{other.manifest.name}-{one.manifest.name}.html"
    )
    figures = write_report(store, one, path, against=other)
    beside = f" beside {other.id}" if other else ""
    say(f"Report of {one.id}{beside}: {path} and {path.with_suffix('.json')}", as_json=json)
    answer(
        {
            "version": one.id,
            "against": other.id if other else None,
            "html": str(path),
            "json": str(path.with_suffix(".json")),
            "figures": figures,
        },
        as_json=json,
    )


@app.command("diff")
def diff_command(
    a: Ref,
    b: Ref,
    report: Annotated[
        bool, typer.Option("--report", help="Also write both side by side, as HTML and JSON.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="With --report: the HTML file; A-B.html otherwise.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare two versions: rows added, dropped, edited, by category. Example: tome diff sample demo --report"""
    from curation.console import answer, say, table
    from curation.diff import diff
    from curation.errors import InputError
    from curation.report import write_report
    from curation.store import Store

    if out is not None and not report:
        raise InputError("--out names the file of a report", mend="Add --report.")
    store = Store()
    left, right = store.get(a), store.get(b)
    found = diff(store, left, right)
    say(f"{left.manifest.name} {left.id} -> {right.manifest.name} {right.id}", as_json=json)
    say(", ".join(f"{count:,} {kind}" for kind, count in found.counts().items()), as_json=json)
    table(found.by_category.columns, found.by_category.iter_rows(), as_json=json)
    if found.dropped.height:
        table(["dropped by", "reason", "rows"], found.reasons().head(10).iter_rows(), as_json=json)
    files = {}
    if report:
        path = out or Path(f"{left.manifest.name}-{right.manifest.name}.html")
        write_report(store, right, path, against=left)
        files = {"html": str(path), "json": str(path.with_suffix(".json"))}
        say(f"Side by side: {path} and {path.with_suffix('.json')}", as_json=json)
    answer({"a": left.id, "b": right.id, **found.to_dict(), **files}, as_json=json)
