"""The folder that the browser's paths may not leave: where the workbench was started, and the home folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curation.errors import InputError
from curation.ingest.local import local_files
from streamlit_app.components import data

READ = ("uri", "against", "file", "taxonomy")
"""The fields of a recipe that name files whose text comes into a version or is compared with it."""


def workspace() -> Path:
    """The folder that paths may not leave: where the workbench was started."""
    return Path.cwd().resolve()


def confined(text: str) -> Path:
    """A path inside the workspace. Raises InputError for one that leaves it or isn't there."""
    root = workspace()
    try:
        path = (root / text).resolve()
        there = path.exists()
    except (ValueError, OSError):  # a NUL, or a name longer than any file's
        raise InputError("this isn't a path", where=text[:80]) from None
    if not inside(path):
        raise InputError(
            "this path leaves the workspace", where=text, mend=f"Give one inside {root}, or upload the file."
        )
    if not there:
        raise InputError("there is no such file or folder", where=text)
    if path.is_dir():
        out = next((file.name for file in local_files(path)[0] if not inside(file.path.resolve())), None)
        if out:
            raise InputError("this folder holds a link that leaves the workspace", where=f"{text}/{out}", mend="Put the file itself there.")  # fmt: skip
    return path


def inside(path: Path) -> bool:
    """Whether a resolved path lies in the workspace or in the home folder."""
    return any(path.is_relative_to(one) for one in (workspace(), data.home().root.resolve()))


def check_recipe(recipe: dict[str, Any], start: Path) -> None:
    """Raise InputError where a recipe that runs in the folder ``start`` reads a path outside of it, the workspace and the home folder.

    What isn't there the run itself tells.
    """
    for field, text in _paths(recipe):
        try:
            path = (start / Path(text.removeprefix("file://")).expanduser()).resolve()
            files = [file.path.resolve() for file in local_files(path)[0]] if path.is_dir() else [path]
        except (InputError, ValueError, OSError, RuntimeError):
            continue
        if not all(inside(one) or one.is_relative_to(start.resolve()) for one in [path, *files]):
            raise InputError(f"{text} leaves the workspace", where=field, mend=f"Put it inside {workspace()}, or run the recipe with `tome run`.")  # fmt: skip


def _paths(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _paths(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _paths(inner, field)
    elif isinstance(value, str) and field in READ and (value.startswith("file://") or not _elsewhere(value)):
        yield field, value


def _elsewhere(text: str) -> bool:
    """Whether a text names a dataset on the Hub, a version, or a run's feedback."""
    return "://" in text or text.startswith(("version:", "feedback:"))
