"""Decisions that wait: what a person has decided about a version's rows and not yet made a version of.

    data/hand/<version>.jsonl          one act a line: a list of decisions, taken at once and undone at once
    data/hand/decisions-<digest>.jsonl many decisions, as the recipe that was made of them names them

The tray outlives the page and the workbench; every window on one home folder shows the same one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from curation.contract import Home, digest, write_atomic
from curation.decisions import Decision, brief, fold, tally, write_decisions
from curation.draft import to_yaml, with_step
from curation.errors import InputError
from curation.store import Store, Version

Report = Callable[..., None]


def _quiet(event: str, **fields: Any) -> None:
    """Report to nobody."""


INLINE = 200
"""Most decisions that a recipe holds itself; more go into a file that it names."""


def acts(home: Home, version: str) -> list[list[Decision]]:
    """What was done so far, oldest first. Raises InputError where the tray's file was damaged."""
    path = _path(home, version)
    if not path.is_file():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [[Decision.model_validate(one) for one in json.loads(line)] for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError(f"the decisions that wait can't be read: {error}", where=str(path), mend="Mend or delete that file.") from None  # fmt: skip


def pending(home: Home, version: str) -> list[Decision]:
    """The decisions that wait: of two of one kind about a row, the later one."""
    return fold(one for act in acts(home, version) for one in act)


def add(home: Home, version: str, decisions: Sequence[Decision]) -> None:
    """Put one act into the tray."""
    if decisions:
        with _held(home, version):
            _write(home, version, [*acts(home, version), list(decisions)])


def undo(home: Home, version: str, place: int = -1) -> str:
    """Take one act out again, the last by default, and say what it was. Raises InputError when there is none."""
    with _held(home, version):
        found = acts(home, version)
        if not -len(found) <= place < len(found):
            raise InputError("there is nothing to undo", where=version)
        gone = found.pop(place)
        _write(home, version, found)
    return told(gone)


def forget(home: Home, version: str, row: str) -> None:
    """Take back whatever waits for one row."""
    with _held(home, version):
        left = [[one for one in act if one.row != row] for act in acts(home, version)]
        _write(home, version, [act for act in left if act])


def clear(home: Home, version: str) -> None:
    """Take all of them out."""
    with _held(home, version):
        _write(home, version, [])


def told(act: Sequence[Decision]) -> str:
    """An act in words: ``2 drops (too short)``, ``1 new category: legal``."""
    marks = {one.to for one in act if one.to}
    reasons = {one.reason for one in act if one.reason}
    to = f": {', '.join(sorted(marks))}" if marks else ""
    return tally(act) + to + (f" ({', '.join(sorted(reasons))})" if reasons else "")


def decided(version: Version, rows: Sequence[str], **fields: Any) -> list[Decision]:
    """One decision about each of these rows of a version, for the texts that they have in it.

    Raises InputError for a row that isn't there, and for fields that make no decision.
    """
    wanted = pl.Series("id", list(rows), dtype=pl.String)
    scan = version.scan().select("id", "content_hash").filter(pl.col("id").is_in(wanted.implode()))
    hashes = dict(scan.collect().iter_rows())
    for row in rows:
        if row not in hashes:
            raise InputError(
                f"there is no row {row!r} in version {version.id}",
                mend="Ids stand in `tome show VERSION` and in the workbench under Explore.",
            )
    try:
        return [Decision(row=row, hash=hashes[row], **fields) for row in rows]
    except ValueError as error:
        raise InputError(str(error).splitlines()[-2].strip() if "\n" in str(error) else str(error)) from None


def step_of(home: Home, decisions: Sequence[Decision]) -> dict[str, Any]:
    """The step that makes these decisions; many of them are written into a file that it names."""
    if len(decisions) <= INLINE:
        return {"op": "hand", "decisions": [brief(one) for one in decisions]}
    mark = digest("\n".join(one.model_dump_json() for one in decisions))[:16]
    path = (home.root / "hand" / f"decisions-{mark}.jsonl").resolve()
    write_decisions(path, decisions)
    here = Path.cwd().resolve()
    return {"op": "hand", "file": str(path.relative_to(here) if path.is_relative_to(here) else path)}


def recipe_of(home: Home, version: Version, decisions: Sequence[Decision], name: str) -> dict[str, Any]:
    """The recipe that makes these decisions about a version's rows, as a mapping.

    Words are counted again where texts change and the version has them counted; other scores stay as they were
    measured. The system prompt and what an export requires are the version's own.
    """
    own = version.manifest.recipe or {}
    kept = {field: own[field] for field in ("system_prompt",) if own.get(field)}
    source = {"uri": f"version:{version.id}", "name": version.manifest.name}
    recipe = {"name": name, "seed": own.get("seed", 0), **kept, "sources": [source], "steps": []}
    recipe = with_step(recipe, step_of(home, decisions))
    if any(one.do == "edit" for one in decisions) and "stats.words" in version.manifest.columns:
        recipe["steps"].append("stats")
    return recipe


def matching(version: Version, where: str) -> list[str]:
    """The ids of a version's rows for which an expression holds. Raises InputError."""
    from curation.expression import to_polars

    scan = version.scan()
    try:
        kept = scan.filter(to_polars(where, scan.collect_schema().names()))
        return kept.select("id").collect()["id"].to_list()
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"can't apply the expression: {str(error).splitlines()[0]}", where=repr(where)
        ) from None


def make(
    store: Store, version: Version, name: str, *, report: Report = _quiet
) -> tuple[Version, dict[str, Any]]:
    """Make a version of the decisions that wait and empty the tray; gives it with the summary of its step.

    Raises InputError when nothing waits.
    """
    from curation.recipe import parse_recipe
    from curation.run import run_recipe

    waiting = acts(store.home, version.id)
    decisions = fold(one for act in waiting for one in act)
    if not decisions:
        raise InputError(
            "nothing waits for this version", where=version.id, mend="Decide first: tome hand add."
        )
    recipe = parse_recipe(to_yaml(recipe_of(store.home, version, decisions, name)), where=name)
    made = run_recipe(recipe, store, report=report)
    with _held(store.home, version.id):  # what was decided meanwhile stays
        _write(store.home, version.id, acts(store.home, version.id)[len(waiting) :])
    return made, made.manifest.steps[0]["summary"]


def _path(home: Home, version: str) -> Path:
    return home.root / "hand" / f"{version}.jsonl"


def _write(home: Home, version: str, found: Sequence[Sequence[Decision]]) -> None:
    path = _path(home, version)
    if not found:
        path.unlink(missing_ok=True)
        return
    lines = [json.dumps([brief(one) for one in act], ensure_ascii=False) for act in found]
    write_atomic(path, "\n".join(lines) + "\n")


@contextlib.contextmanager
def _held(home: Home, version: str) -> Iterator[None]:
    """One writer at a time: two windows may decide at once."""
    path = _path(home, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
