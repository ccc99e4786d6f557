"""The commands that look at versions: ``tome versions``, ``show``, ``why``, ``verify``; parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
REASONS = 10
"""Reasons that ``show`` prints."""
Ref = Annotated[str, typer.Argument(help="A version: its name, its id, or the start of its id.")]


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


@app.command("versions")
def versions_command(json: Json = False) -> None:
    """List the dataset versions in the store. Example: tome versions"""
    from curation.console import answer, say, table
    from curation.store import Store
    from curation.views import ago

    store = Store()
    names: dict[str, list[str]] = {}
    for name, one in store.refs().items():
        names.setdefault(one, []).append(name)
    found = store.versions()
    if not found:
        say("No versions yet. Make one: tome run data/recipes/demo.yaml", as_json=json)
    else:
        table(
            ["version", "names", "kind", "rows", "categories", "made"],
            [
                (
                    v.id,
                    ", ".join(names.get(v.id, [])),
                    v.manifest.kind,
                    v.manifest.rows,
                    len(v.manifest.categories),
                    ago(v.manifest.created),
                )
                for v in found
            ],
            as_json=json,
        )
    answer(
        {"versions": [
            {"id": v.id, "names": names.get(v.id, []), "kind": v.manifest.kind, "rows": v.manifest.rows,
             "parents": v.manifest.parents, "created": v.manifest.created} for v in found]},
        as_json=json,
    )  # fmt: skip


@app.command("show")
def show_command(
    version: Ref,
    rows: Annotated[int, typer.Option("--rows", "-n", min=0, help="How many rows to show.")] = 3,
    json: Json = False,
) -> None:
    """Show one version: its counts, what was left out and why, and a few rows. Example: tome show demo -n 5"""
    from curation.console import answer, plain, say, table
    from curation.findings import count
    from curation.store import Store
    from curation.views import left_out, shares

    one = Store().get(version)
    m = one.manifest
    say(f"{m.name}  {m.id}  {m.kind}  {count(m.rows, 'row')}", as_json=json)
    by_category = shares(one.scan(), "category")
    table(
        ["category", "rows", "share %", "share of words %", "eval"],
        [
            (r["value"], r["rows"], round(100 * r["share"], 1), round(100 * r["word_share"], 1), r["eval"])
            for r in by_category.to_dicts()
        ],
        as_json=json,
    )
    if m.steps:
        table(
            ["step", "in", "dropped", "made", "edited", "out"],
            [[step[k] for k in ("op", "in", "dropped", "made", "edited", "out")] for step in m.steps],
            as_json=json,
        )
    gone = left_out(one)
    if gone.height:
        table(
            ["left out by", "because", "rows"],
            [(op, plain(reason, 120), rows) for op, reason, rows in gone.head(REASONS).iter_rows()],
            as_json=json,
        )
    if gone.height > REASONS:
        say(
            f"... and {count(gone.height - REASONS, 'other reason')}: tome report {m.name}",
            as_json=json,
        )
    head = one.scan().select("id", "category", "messages").head(rows).collect().to_dicts()
    table(
        ["row", "category", "opens with"],
        [
            (
                r["id"],
                r["category"],
                plain(" ".join(r["messages"][0]["content"].split()), 80) if r["messages"] else "",
            )
            for r in head
        ],
        as_json=json,
    )
    answer(
        {"id": m.id, "name": m.name, "kind": m.kind, "rows": m.rows, "categories": m.categories, "columns": m.columns,
         "parents": m.parents, "sources": m.sources, "steps": m.steps, "left_out": gone.to_dicts(), "head": head},
        as_json=json,
    )  # fmt: skip


@app.command("why")
def why_command(
    row: Annotated[str, typer.Argument(help="A row's id, or the start of it.")],
    version: Annotated[
        str | None, typer.Option(help="As seen from this version; the newest that knows it otherwise.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell one row's whole story: its source, scores and every decision. Example: tome why 3f2a91c07d5e8b64"""
    from curation.console import answer, evidence, plain, say, table
    from curation.store import Store
    from curation.why import why

    store = Store()
    story = why(store, row, store.get(version) if version else None)
    origin = story.origin.get("uri", "")
    say(plain(f"{story.id} is {story.state} in version {story.version}."), as_json=json)
    say(plain(f"From {story.source}, row {story.source_row} {origin}".rstrip()), as_json=json)
    parts = (("category", story.category), ("split", story.split), ("family", story.family))
    say(plain(", ".join(f"{name} {value or '(none)'}" for name, value in parts)), as_json=json)
    if story.parent_id:
        say(plain(f"made by {story.made_by} from {story.parent_id}"), as_json=json)
    if story.children:
        say(f"children: {', '.join(story.children)}", as_json=json)
    if story.decisions:
        table(
            ["step", "decision", "reason", "evidence"],
            [
                # of a candidate the value of every gate is told, which takes more room
                (d.op, d.action, d.reason, plain(evidence(d.evidence), 800 if d.op == "augment" else 160))
                for d in story.decisions
            ],
            as_json=json,
        )
    scores = sorted(story.scores.items())
    if telling := [(name, plain(evidence(value), 80)) for name, value in scores if value]:
        table(["score", "value"], telling, as_json=json)
    if others := [name for name, value in scores if not value]:
        say(f"0, no or empty: {', '.join(others)}", as_json=json)
    for message in story.messages:
        say(f"\n[{message['role']}]\n{plain(message['content'], 600)}", as_json=json)
    answer(story.to_dict(), as_json=json)


@app.command("verify")
def verify_command(
    what: Annotated[str, typer.Argument(help="A version; else an export, by its path or its name.")],
    json: Json = False,
) -> None:
    """Check a version or an export against its hashes. Example: tome verify demo"""
    from curation.console import answer, say
    from curation.contract import ExportInfo
    from curation.errors import StoreError
    from curation.export import verify_export
    from curation.store import Store

    store = Store()
    try:
        version = store.get(what)
    except StoreError:
        folder = Path(what) if "/" in what else store.home.exports / what
        if "/" not in what and not (folder / ExportInfo.FILE).exists():
            raise
        info = verify_export(folder)
        say(
            f"Export {info.name} is whole: {len(info.files)} files of version {info.dataset_id}.",
            as_json=json,
        )
        answer({"ok": True, "kind": "export", "id": info.dataset_id, "path": str(folder)}, as_json=json)
        return
    store.verify(version)
    say(
        f"Version {version.id} is whole: {version.manifest.rows:,} rows, every hash derived again.",
        as_json=json,
    )
    answer({"ok": True, "kind": "version", "id": version.id, "rows": version.manifest.rows}, as_json=json)
