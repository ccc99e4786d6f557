"""``tome publish``: parse, call, print."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import typer

from curation.contract import Home
from training.cli_common import Json, answer, say
from training.errors import ConfigError


def publish_command(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A finished run's name.", show_default=False)],
    merged: Annotated[bool, typer.Option("--merged", help="Merge into 16-bit weights.")] = False,
    gguf: Annotated[
        str | None, typer.Option("--gguf", metavar="KIND", help="Q4_K_M, Q8_0 or F16; several with commas.")
    ] = None,
    push: Annotated[
        str | None, typer.Option("--push", metavar="OWNER/NAME", help="Push to this Hub model.")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="A new Hub model is public.")] = False,
    as_json: Json = False,
) -> None:
    """Merge a run, make GGUF files, push to the Hub. What is pushed: GGUF, else merged, else the adapter.

    Example: tome publish first --merged --push me/my-model

    Merged and GGUF models are compared with base + adapter on the run's prompts before they count.

    JSON: run, merged (folder, tokens, agreement, mean_difference, max_difference), gguf (list of the same
    with file and kind), url.
    """
    from training import gguf as gguf_module
    from training.folders import named_run
    from training.merge import merge, open_run
    from training.push import push as push_run

    home = Home.find()
    folder = named_run(home, run)
    info = open_run(folder)
    if not (merged or gguf or push):
        raise ConfigError("nothing to do", mend="Say --merged, --gguf Q8_0, --push OWNER/NAME, or several.")
    done: dict[str, Any] = {"run": run, "merged": None, "gguf": [], "url": None}
    what = folder / info.adapter
    if merged:
        what, found = merge(folder, home, say)
        done["merged"] = {"folder": str(what), **dataclasses.asdict(found)}
    for kind in gguf.split(",") if gguf else ():
        path, found = gguf_module.make_gguf(folder, kind.strip(), home, say)
        done["gguf"].append({"file": str(path), "kind": kind.strip(), **dataclasses.asdict(found)})
        what = path.parent
    if push:
        done["url"] = push_run(folder, info, push, what=what, private=not public)
    if as_json:
        answer(done)
        return
    if done["merged"]:
        print(f"Merged weights: {done['merged']['folder']}")
    for made in done["gguf"]:
        print(f"GGUF: {made['file']}")
    if done["url"]:
        print(f"Pushed: {done['url']}")
