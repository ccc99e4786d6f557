"""Where runs lie: the folder of a new run, the one to go on with, and who holds it."""

from __future__ import annotations

import dataclasses
import fcntl
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curation.contract import Home, RunInfo, TomeError, nearest
from training import checkpoints
from training.config import TrainConfig
from training.errors import ConfigError, DataError, ResumeError


def run_folder(home: Home, export: str, config: TrainConfig, name: str | None, resume: bool) -> Path:
    """The folder of a new run, or of the one to go on with."""
    if name is not None and not re.fullmatch(r"[\w][\w.-]{0,95}", name):
        raise ConfigError(f"{name!r} can't be a run's name", mend="Use letters, digits, '-', '_' and '.'.")
    if resume:
        return find_run(home, name)
    if name is not None:
        folder: Path = home.runs / name
        if (folder / "run.json").exists():
            _make_way(folder)
        return folder
    model = re.sub(r"[^\w.-]+", "-", config.model.rstrip("/").rpartition("/")[2]).lower()
    number = 1
    while (home.runs / f"{export}-{model}-{number}").exists():
        number += 1
    return home.runs / f"{export}-{model}-{number}"


def _make_way(folder: Path) -> None:
    """Remove a run that failed before its first checkpoint; nothing was learnt. Raises ConfigError for any other."""
    state = RunInfo.read(folder).state
    if state == "failed" and not checkpoints.listed(folder / "checkpoints"):
        shutil.rmtree(folder)
        return
    mend = (
        "It is done; choose another --name."
        if state == "done"
        else "Go on with it: --resume; or choose another --name."
    )
    raise ConfigError(f"there is a run {folder.name!r} already", mend=mend)


def named_run(home: Home, name: str) -> Path:
    """The folder of the run of that name. Raises DataError with the nearest one."""
    folder: Path = home.runs / name
    if not (folder / "run.json").is_file():
        known = [path.parent.name for path in home.runs.glob("*/run.json")]
        mend = nearest(name, known) if known else "There is none yet; make one with: tome train EXPORT."
        raise DataError(f"there is no run {name!r}", where=str(home.runs), mend=mend)
    return folder


def find_run(home: Home, name: str | None) -> Path:
    """The run of that name, or the newest one that isn't done. Raises DataError, ResumeError."""
    if name is not None:
        return named_run(home, name)
    open_runs = [
        path.parent
        for path in sorted(home.runs.glob("*/run.json"), key=lambda path: path.stat().st_mtime)
        if RunInfo.read(path.parent).state != "done"
    ]
    if not open_runs:
        raise ResumeError(
            "there is no unfinished run", where=str(home.runs), mend="Start one: tome train EXPORT."
        )
    return open_runs[-1]


def mark_killed(home: Home) -> list[str]:
    """Set runs whose process was killed (state running, but nobody holds them) to stopped; returns their names."""
    killed: list[str] = []
    for path in home.runs.glob("*/run.json"):
        try:
            info = RunInfo.read(path.parent)
            if info.state != "running":
                continue
            with locked(path.parent):
                dataclasses.replace(info, state="stopped", error="its process was killed").write(path.parent)
                killed.append(path.parent.name)
        except TomeError:
            continue  # being trained just now, or of another schema: not ours to touch
    return killed


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the run for this process. Raises ResumeError where another process is training it."""
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ResumeError("another process is training this run", where=str(folder)) from None
        yield
