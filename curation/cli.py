"""The commands that bring data in and out: ``tome ingest``, ``tome run``, ``tome export``; parse, call, print."""

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
    look: Annotated[
        bool, typer.Option("--look", help="Only show what the first rows would become; make nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Read a Hub dataset, file, folder or a run's feedback into a dataset version.

    Every input row becomes a row or a reject with its reason. Rows of feedback wait until you have reviewed them:
    tome feedback review RUN. Example:

    tome ingest data/samples/larkfield.csv --name larkfield --map user=question,assistant=answer,category=topic
    """
    from curation import feedback
    from curation.console import Progress, answer, plain, say, table
    from curation.findings import count
    from curation.ingest import ingest
    from curation.sources import put_ingested
    from curation.store import Store, check_name

    if look:
        from curation.cli_look import look_at

        look_at(uri, parse_map(map_), split=split, revision=revision, config=config, as_json=json)
        return
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
        f"{count(read.rows.height, 'row')} + {count(read.rejects.height, 'reject')} = {read.info['input_rows']:,} read. "
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
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="A dry run: at most so many rows of each source; its version is called NAME-dry."
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Read the first source from here instead: hf://owner/name or a path.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a recipe: sources in, a curated dataset version out.

    Finished steps are kept, so a changed recipe runs only what changed. Example:

    tome run data/recipes/demo.yaml
    """
    from curation.augment.told import lines
    from curation.console import Progress, answer, say
    from curation.findings import count
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
    version = run_recipe(loaded, Store(), report=Progress(), dry=limit is not None)
    manifest = version.manifest
    for line in lines(manifest.steps):
        say(line, as_json=json)
    say(
        f"{count(manifest.rows, 'row')} in version {version.id} ({manifest.name}). Next: tome show {manifest.name}",
        as_json=json,
    )
    steps = [
        {key: step[key] for key in ("op", "in", "out", "dropped", "made", "edited")}
        | {key: step[key] for key in ("asked",) if key in step}
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
