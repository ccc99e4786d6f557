"""``tome hand``: decide about single rows; parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)
hand = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Drop, edit, re-categorise or flag single rows. Decisions wait in a tray until a version is made of them; "
    "the workbench shows the same tray.\n\nExample: tome hand add demo 3f2a91c07d5e8b64 --drop --reason 'wrong answer'",
)
app.add_typer(hand, name="hand")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Ref = Annotated[str, typer.Argument(help="A version: its name, its id, or the start of it.")]


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


@hand.command("add")
def add_command(
    version: Ref,
    rows: Annotated[list[str] | None, typer.Argument(help="Rows' ids.")] = None,
    where: Annotated[
        str | None, typer.Option(help="Also all rows for which an expression holds, as in filter.")
    ] = None,
    drop: Annotated[bool, typer.Option("--drop", help="Drop them.")] = False,
    category: Annotated[str | None, typer.Option(help="Put them into a category; '' takes it away.")] = None,
    flag: Annotated[str | None, typer.Option(help="Flag them; '' takes the flag away.")] = None,
    turn: Annotated[int | None, typer.Option(min=0, help="Edit: the turn, from 0; with --text.")] = None,
    text: Annotated[
        str | None, typer.Option(help="Edit: the turn's new text; '' takes the turn out.")
    ] = None,
    secret: Annotated[
        bool, typer.Option("--secret", help="Edit: keep nothing of the text before in the ledger.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option(help="Take decisions from a JSON Lines file, one a line.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    by: Annotated[str | None, typer.Option(help="Who decided.")] = None,
    json: Json = False,
) -> None:
    """Decide about rows; nothing changes before `tome hand make`.

    Example: tome hand add demo --where "quality.refusal" --flag refusal
    """
    from curation import tray
    from curation.console import answer, say
    from curation.decisions import read_decisions, tally
    from curation.errors import InputError
    from curation.store import Store

    store = Store()
    one = store.get(version)
    said = [
        name
        for name, given in (("--drop", drop), ("--category", category is not None), ("--flag", flag is not None),
                            ("--text", text is not None), ("--file", file is not None)) if given
    ]  # fmt: skip
    if len(said) != 1:
        raise InputError(
            "say one thing to do" if not said else f"{' and '.join(said)} are two things to do",
            mend="One of --drop, --category, --flag, --turn with --text, --file.",
        )
    if (turn is None) != (text is None):
        raise InputError(
            "--turn and --text belong together", mend="--turn 1 --text 'The new text of the second turn'."
        )
    ids = [*dict.fromkeys([*(rows or []), *(tray.matching(one, where) if where is not None else [])])]
    if not ids and file is None:
        raise InputError("no row is named", mend="Give ids, or --where with an expression that holds for some.")  # fmt: skip
    if file is not None:
        act = list(read_decisions(file))
    elif drop:
        act = tray.decided(one, ids, do="drop", reason=reason, by=by)
    elif category is not None or flag is not None:
        act = tray.decided(one, ids, do="flag" if category is None else "category", to=category or flag or None, reason=reason, by=by)  # fmt: skip
    else:
        act = tray.decided(one, ids, do="edit", turns={turn: text}, secret=secret, reason=reason, by=by)
    tray.add(store.home, one.id, act)
    waiting = tray.pending(store.home, one.id)
    say(
        f"{tray.told(act)}. Waiting: {tally(waiting)}. Next: tome hand make {version} --name NAME",
        as_json=json,
    )
    answer({"version": one.id, "added": len(act), "waiting": len(waiting)}, as_json=json)


@hand.command("show")
def show_command(version: Ref, json: Json = False) -> None:
    """Show the decisions that wait, one line an act.

    Example: tome hand show demo
    """
    from curation import tray
    from curation.console import answer, say, table
    from curation.decisions import brief, tally
    from curation.store import Store

    store = Store()
    one = store.get(version)
    found = tray.acts(store.home, one.id)
    if found:
        table(
            ["act", "decided", "rows"],
            [(place, tray.told(act), ", ".join(d.row for d in act[:3]) + (", ..." if len(act) > 3 else "")) for place, act in enumerate(found)],
            as_json=json,
        )  # fmt: skip
    say(tally(tray.pending(store.home, one.id)) or f"Nothing waits for version {one.id}.", as_json=json)
    answer({"version": one.id, "acts": [[brief(d) for d in act] for act in found]}, as_json=json)


@hand.command("undo")
def undo_command(
    version: Ref,
    act: Annotated[int, typer.Argument(help="Which act, as `show` numbers them; the last one otherwise.")] = -1,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Take a decision back that waits.

    Example: tome hand undo demo
    """
    from curation import tray
    from curation.console import answer, say
    from curation.store import Store

    store = Store()
    one = store.get(version)
    if every:
        tray.clear(store.home, one.id)
        say("Nothing waits any more.", as_json=json)
    else:
        say(f"Taken back: {tray.undo(store.home, one.id, act)}.", as_json=json)
    answer({"version": one.id, "waiting": len(tray.pending(store.home, one.id))}, as_json=json)


@hand.command("make")
def make_command(
    version: Ref,
    name: Annotated[str | None, typer.Option(help="The new version's name; the old one's otherwise.")] = None,
    json: Json = False,
) -> None:
    """Make a version of the decisions that wait; the old one stays as it is.

    Example: tome hand make demo
    """
    from curation import tray
    from curation.console import Progress, answer, say
    from curation.store import Store

    store = Store()
    old = store.get(version)
    new, summary = tray.make(store, old, name or old.manifest.name, report=Progress())
    left = f" {summary['left_alone']:,} decisions were left alone: tome why ROW says why." if summary["left_alone"] else ""  # fmt: skip
    say(f"Version {new.id} ({new.manifest.name}) has {new.manifest.rows:,} rows, {old.manifest.rows:,} before.{left} "
        f"See: tome diff {old.id} {new.id}", as_json=json)  # fmt: skip
    answer({"version": new.id, "name": new.manifest.name, "rows": new.manifest.rows, "from": old.id, **summary}, as_json=json)  # fmt: skip
