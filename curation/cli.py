"""The commands of curation: parse, call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from curation.errors import InputError

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Ref = Annotated[str, typer.Argument(help="A version: its name, its id, or the start of its id.")]


@app.callback()
def _front() -> None:
    """A workbench for instruction-tuning data."""


def parse_map(text: str | None) -> dict[str, str] | None:
    """``user=question,assistant=answer`` as a mapping. Raises InputError."""
    if not text:
        return None
    pairs = [part.partition("=") for part in text.split(",")]
    for target, sign, column in pairs:
        if not (target.strip() and sign and column.strip()):
            raise InputError(
                f"can't read the map {text!r}",
                where="--map",
                mend="Write it like user=question,assistant=answer.",
            )
    return {target.strip(): column.strip() for target, _, column in pairs}


@app.command("ingest")
def ingest_command(
    uri: Annotated[str, typer.Argument(help="hf://owner/name, a file, a folder, or feedback:RUN.")],
    name: Annotated[
        str | None,
        typer.Option(
            help="What the rows bear in `source`, and the version's name; of feedback RUN-feedback."
        ),
    ] = None,
    map_: Annotated[
        str | None, typer.Option("--map", help="Which column is what: user=question,assistant=answer.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Most rows; sampled at random.")] = None,
    head: Annotated[bool, typer.Option("--head", help="With --limit: take the first rows instead.")] = False,
    seed: Annotated[int, typer.Option(help="The seed of the sample.")] = 0,
    split: Annotated[str, typer.Option(help="The split of a Hub dataset.")] = "train",
    revision: Annotated[str | None, typer.Option(help="The commit, tag or branch of a Hub dataset.")] = None,
    config: Annotated[str | None, typer.Option(help="The configuration of a Hub dataset.")] = None,
    licence: Annotated[
        str | None, typer.Option(help="The licence, where the source doesn't state it.")
    ] = None,
    json: Json = False,
) -> None:
    """Read a Hub dataset, file, folder or a run's feedback into a dataset version.

    Every input row becomes a row or a reject with its reason. Rows of feedback wait until you have reviewed them:
    tome feedback review RUN. Example:

    tome ingest data/samples/larkfield.csv --name larkfield --map user=question,assistant=answer,category=topic
    """
    from curation import feedback
    from curation.console import Progress, answer, plain, say, table
    from curation.ingest import ingest
    from curation.run import put_ingested
    from curation.store import Store, check_name

    name = name or feedback.default_name(uri)
    if name is None:
        raise InputError("how shall the rows be called?", where=uri, mend="Give a --name.")
    check_name(name)
    store = Store()
    with store.lock():
        progress = Progress()
        read = ingest(
            uri, name=name, mapping=parse_map(map_), limit=limit, sample="head" if head else "random", seed=seed,
            split=split, revision=revision, config=config, licence=licence,
            progress=lambda done, total: progress("progress", op="reading", done=done, total=total, rate=0, left=None),
        )  # fmt: skip
        version = put_ingested(read, name, store)
    if read.info.get("sampled"):
        say(f"Sampled {read.info['sampled']}.", as_json=json)
    say(
        f"{read.rows.height:,} rows + {read.rejects.height:,} rejects = {read.info['input_rows']:,} read. "
        f"Version {version.id} ({name}).",
        as_json=json,
    )
    if read.rejects.height:
        shown = read.rejects.head(5).select("file", "line", "reason", "snippet")
        table(
            ["file", "line", "reason", "text"],
            [(f, n, r, plain(s or "", 60)) for f, n, r, s in shown.iter_rows()],
            as_json=json,
        )
    states = feedback.by_state(read.rows)
    if states:
        told = ", ".join(f"{count:,} {state}" for state, count in states.items())
        say(f"Feedback: {told}. Next: tome feedback review {uri.removeprefix(feedback.URI)}", as_json=json)
    reasons = dict(
        read.rejects.group_by("reason").len().sort("len", "reason", descending=[True, False]).iter_rows()
    )
    answer(
        {"version": version.id, "name": name, "rows": read.rows.height, "rejects": read.rejects.height,
         "input_rows": read.info["input_rows"], "reasons": reasons, "shape": read.info.get("shape"),
         "licence": read.info.get("licence"), "sampled": read.info.get("sampled"), "review": states or None},
        as_json=json,
    )  # fmt: skip


@app.command("run")
def run_command(
    recipe: Annotated[Path, typer.Argument(help="A recipe file.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Most rows of each source, for a dry run.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Read the first source from here instead: hf://owner/name or a path.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a recipe: sources in, a curated dataset version out.

    Finished steps are kept, so a changed recipe runs only what changed. Example:

    tome run data/recipes/demo.yaml
    """
    from curation.console import Progress, answer, say
    from curation.recipe import load_recipe
    from curation.run import run_recipe
    from curation.store import Store

    loaded = load_recipe(recipe)
    if source is not None:
        first = loaded.sources[0].model_copy(update={"uri": source, "licence": None})
        loaded = loaded.model_copy(update={"sources": (first, *loaded.sources[1:])})
    if limit is not None:
        limited = tuple(s.model_copy(update={"limit": min(limit, s.limit or limit)}) for s in loaded.sources)
        loaded = loaded.model_copy(update={"sources": limited})
    version = run_recipe(loaded, Store(), report=Progress())
    manifest = version.manifest
    say(
        f"{manifest.rows:,} rows in version {version.id} ({manifest.name}). Next: tome show {manifest.name}",
        as_json=json,
    )
    steps = [
        {key: step[key] for key in ("op", "in", "out", "dropped", "made", "edited")}
        for step in manifest.steps
    ]
    answer(
        {
            "version": version.id,
            "name": manifest.name,
            "rows": manifest.rows,
            "categories": manifest.categories,
            "steps": steps,
        },
        as_json=json,
    )


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
    """Show one version: its counts, columns and a few rows. Example: tome show demo -n 5"""
    from curation.console import answer, plain, say, table
    from curation.store import Store
    from curation.views import shares

    one = Store().get(version)
    m = one.manifest
    say(f"{m.name}  {m.id}  {m.kind}  {m.rows:,} rows", as_json=json)
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
         "parents": m.parents, "sources": m.sources, "steps": m.steps, "head": head},
        as_json=json,
    )  # fmt: skip


@app.command("diff")
def diff_command(a: Ref, b: Ref, json: Json = False) -> None:
    """Compare two versions: rows added, dropped, edited, by category. Example: tome diff sample demo"""
    from curation.console import answer, say, table
    from curation.diff import diff
    from curation.store import Store

    store = Store()
    left, right = store.get(a), store.get(b)
    found = diff(store, left, right)
    say(f"{left.manifest.name} {left.id} -> {right.manifest.name} {right.id}", as_json=json)
    say(", ".join(f"{count:,} {kind}" for kind, count in found.counts().items()), as_json=json)
    table(found.by_category.columns, found.by_category.iter_rows(), as_json=json)
    reasons = (
        found.dropped.group_by("op", "reason")
        .len()
        .sort("len", "op", "reason", descending=[True, False, False])
    ).head(10)
    if found.dropped.height:
        table(["dropped by", "reason", "rows"], reasons.iter_rows(), as_json=json)
    answer({"a": left.id, "b": right.id, **found.to_dict()}, as_json=json)


@app.command("why")
def why_command(
    row: Annotated[str, typer.Argument(help="A row's id, or the start of it.")],
    version: Annotated[
        str | None, typer.Option(help="As seen from this version; the newest that knows it otherwise.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell one row's whole story: its source, scores and every decision. Example: tome why 3f2a91c07d5e8b64"""
    from curation.console import answer, figure, plain, say, table
    from curation.store import Store
    from curation.why import why

    store = Store()
    story = why(store, row, store.get(version) if version else None)
    origin = story.origin.get("uri", "")
    say(plain(f"{story.id} is {story.state} in version {story.version}."), as_json=json)
    say(plain(f"From {story.source}, row {story.source_row} {origin}".rstrip()), as_json=json)
    say(plain(f"category {story.category}, split {story.split}, family {story.family}"), as_json=json)
    if story.parent_id:
        say(plain(f"made by {story.made_by} from {story.parent_id}"), as_json=json)
    if story.scores:
        table(
            ["score", "value"],
            [(name, plain(figure(value), 80)) for name, value in sorted(story.scores.items())],
            as_json=json,
        )
    if story.decisions:
        table(
            ["step", "decision", "reason", "evidence"],
            [(d.op, d.action, d.reason, plain(figure(d.evidence), 160)) for d in story.decisions],
            as_json=json,
        )
    if story.children:
        say(f"children: {', '.join(story.children)}", as_json=json)
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


@app.command("export")
def export_command(
    version: Ref,
    name: Annotated[str | None, typer.Option(help="The export's name; the version's own otherwise.")] = None,
    system_prompt: Annotated[
        str | None, typer.Option(help="Put before conversations that have none.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an export of another version.")
    ] = False,
    push: Annotated[str | None, typer.Option(help="Also put it on the Hub as the dataset USER/NAME.")] = None,
    public: Annotated[
        bool, typer.Option("--public", help="With --push: anyone may see it. Private otherwise.")
    ] = False,
    json: Json = False,
) -> None:
    """Write a version as an export folder that training reads. Example: tome export demo --name demo"""
    from curation.console import answer, say
    from curation.contract import ExportInfo
    from curation.export import push_export, write_export
    from curation.store import Store

    store = Store()
    one = store.get(version)
    folder = write_export(
        store, one, name=name or one.manifest.name, system_prompt=system_prompt, overwrite=overwrite
    )
    info = ExportInfo.read(folder)
    rows = {side: sum(counts.values()) for side, counts in info.counts.items()}
    say(
        f"{rows['train']:,} training and {rows['eval']:,} evaluation rows in {folder}. Next: tome train {info.name}",
        as_json=json,
    )
    url = push_export(folder, push, private=not public) if push else None
    if url:
        say(f"On the Hub: {url}", as_json=json)
    answer(
        {"export": info.name, "path": str(folder), "version": one.id, "rows": rows, "url": url}, as_json=json
    )


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
