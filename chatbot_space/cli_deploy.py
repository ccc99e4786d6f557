"""``tome deploy``: a run as a Space on the Hub."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

DEPLOYED = "chat/space.json"
"""Where a run remembers its last deploy."""
FREE, PAID = "zero-a10g", "cpu-basic"


def deploy(
    run: Annotated[str, typer.Argument(help="A finished run: its name or its path.")],
    space: Annotated[str, typer.Option(help="The Space: USER/NAME.")],
    engine: Annotated[str, typer.Option(help="auto, transformers or gguf (CPU).")] = "auto",
    hardware: Annotated[
        str, typer.Option(help="auto, zero-a10g, cpu-basic, or another of the Hub's.")
    ] = "auto",
    public: Annotated[
        bool, typer.Option("--public", help="A new Space that everybody can open; private otherwise.")
    ] = False,
    why: Annotated[
        bool, typer.Option("--why/--no-why", help="Ship the index of training rows with the Space.")
    ] = True,
    feedback: Annotated[
        str | None, typer.Option(help="A dataset repository, USER/NAME, that takes the feedback.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Build the folder and show files and calls; touch no network.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, last.")] = False,
) -> None:
    """Build a run's Space and put it on the Hub; a redeploy sends only what differs.

    Hardware auto: a PRO account gets cpu-basic with the GGUF engine, a free one ZeroGPU with transformers.
    With --feedback the Space needs a token that may write there: give it as TOME_SPACE_TOKEN; it becomes the
    Space's secret HF_TOKEN and is stored nowhere else. A gated base model needs it too.

    --json prints: space, url (null with --dry-run), folder, engine, hardware, private, files (path and bytes),
    sent, deleted, same (null with --dry-run), variables, secrets (names only).
    """
    from chatbot_space.errors import ChatError
    from chatbot_space.run import find_run, read_run
    from chatbot_space.space_folder import SpacePlan, build_space
    from chatbot_space.space_push import account, api, push

    for name in (space, feedback):
        if name is not None and not re.fullmatch(r"[\w.-]{1,96}/[\w.-]{1,96}", name):
            raise ChatError(f"{name!r} can't be a repository", mend="Write it as USER/NAME.")
    if engine not in ("auto", "transformers", "gguf"):
        raise ChatError(f"there is no engine {engine!r}", mend="Known: auto, transformers, gguf.")
    token = os.environ.get("TOME_SPACE_TOKEN")
    if feedback and not token:
        raise ChatError("feedback needs a token that may write to its repository", mend="Make one on the Hub for that repository alone, and give it as TOME_SPACE_TOKEN.")  # fmt: skip
    about = read_run(find_run(run))
    if hardware == "auto":
        paid = engine != "transformers" if dry_run else bool(account(api()).get("isPro"))
        hardware = PAID if paid or engine == "gguf" else FREE
    chosen = engine if engine != "auto" else "transformers" if _has_gpu(hardware) else "gguf"
    plan = SpacePlan(space, chosen, hardware, not public, why, feedback)
    folder = Path(os.environ.get("TOME_HOME") or "data") / "spaces" / space.replace("/", "--")
    print(f"Building {folder} ...", file=sys.stderr, flush=True)
    files = build_space(about, plan, folder)
    secrets = {"HF_TOKEN": token} if token else {}
    (about.folder / "chat").mkdir(exist_ok=True)
    (about.folder / DEPLOYED).write_text(
        json.dumps({"space": space, "feedback": feedback}) + "\n", encoding="utf-8"
    )
    said: dict[str, Any] = {
        "space": space, "url": None, "folder": str(folder), "engine": chosen, "hardware": hardware, "private": not public,
        "files": [{"path": p.relative_to(folder).as_posix(), "bytes": p.stat().st_size} for p in files],
        "sent": None, "deleted": None, "same": None, "variables": plan.variables, "secrets": sorted(secrets),
    }  # fmt: skip
    if not dry_run:
        print(f"Sending to {space} ...", file=sys.stderr, flush=True)
        url, changes = push(api(), folder, space, hardware=hardware, private=not public, variables=plan.variables, secrets=secrets)  # fmt: skip
        said |= {"url": url, "sent": changes.send, "deleted": changes.delete, "same": changes.same}
    print(json.dumps(said, ensure_ascii=False) if as_json else _words(said))


def _has_gpu(hardware: str) -> bool:
    return not hardware.startswith("cpu")


def _words(said: dict[str, Any]) -> str:
    lines = [f"{one['bytes']:>12,}  {one['path']}" for one in said["files"]]
    total = sum(one["bytes"] for one in said["files"])
    lines.append(
        f"{total:>12,}  bytes in {len(said['files'])} files in {said['folder']}, engine {said['engine']}"
    )
    if said["url"]:
        lines.append(
            f"Sent {len(said['sent'])}, deleted {len(said['deleted'])}, left {said['same']} as they were."
        )
        lines.append(f"The Space is at {said['url']}")
        return "\n".join(lines)
    settings = ", ".join(f"{key}={value}" for key, value in said["variables"].items())
    lines += [
        "Without --dry-run these calls would follow:",
        f"  create_repo {said['space']} (space, gradio, {said['hardware']}, {'private' if said['private'] else 'public'}) where it is missing",
        f"  variables: {settings}; secrets: {', '.join(said['secrets']) or 'none'}",
        "  list_repo_tree, then one create_commit with the files that differ",
    ]
    return "\n".join(lines)
