"""The commands about this machine: ``tome doctor`` and ``tome cache``; parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


@app.command("doctor")
def doctor_command(json: Json = False) -> None:
    """Say what this machine can do, and the mend for what it can't. Example: tome doctor"""
    from curation.console import answer, say, table
    from curation.doctor import examine

    findings = examine()
    table(
        ["", "what", "found", "mend"],
        [("ok" if f.ok else "--", f.what, f.found, f.mend if not f.ok else "") for f in findings],
        as_json=json,
    )
    missing = [f.what for f in findings if not f.ok]
    say(
        "Everything is here." if not missing else f"Missing: {', '.join(missing)}. The rest works.",
        as_json=json,
    )
    answer({"findings": [f.__dict__ for f in findings]}, as_json=json)


@app.command("cache")
def cache_command(
    clear: Annotated[
        bool, typer.Option("--clear", help="Delete all of it; it is made again when needed.")
    ] = False,
    json: Json = False,
) -> None:
    """Show how much the cache of steps and embeddings holds, and clear it. Example: tome cache --clear

    Runs bring it under its bound by themselves: 20 GB, or TOME_CACHE_GB. What wasn't used for the longest time goes first.
    """
    from curation import cache_bound
    from curation.console import answer, say, table
    from curation.store import Store
    from curation.views import ago

    store = Store()
    folder, most = store.root / "cache", cache_bound.bound()
    freed = 0
    if clear:
        with store.lock():
            freed = cache_bound.prune(folder, 0)
        say(f"Cleared {freed / 1e6:,.1f} MB.", as_json=json)
    found = cache_bound.entries(folder)
    kinds = {
        kind: [one for one in found if one.kind == kind] for kind in dict.fromkeys(one.kind for one in found)
    }
    lines = [
        (kind, len(held), round(sum(one.bytes for one in held) / 1e6, 1), ago(min(one.used for one in held)))
        for kind, held in sorted(kinds.items())
    ]
    if lines:
        table(["what", "entries", "MB", "oldest used"], lines, as_json=json)
    held = sum(one.bytes for one in found)
    say(f"{held / 1e6:,.1f} MB of at most {most / 1e9:g} GB, in {folder}", as_json=json)
    answer(
        {
            "path": str(folder),
            "bytes": held,
            "bound": most,
            "freed": freed,
            "kinds": {kind: len(one) for kind, one in kinds.items()},
        },
        as_json=json,
    )
