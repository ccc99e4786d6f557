"""Jobs: a ``tome`` command in a process of its own, which outlives whoever started it.

    data/jobs/<id>/command.json   the arguments, the title and when it started
                   recipe.yaml    the recipe that it runs, where it was given one
                   events.jsonl   progress, as the command reports it
                   log.txt        what it printed
                   status         running, done, failed or stopped, and the exit code
                   lock           held by the supervisor while it lives

The supervisor (``curation.supervisor``) leaves its parent's session, so closing the terminal or the workbench ends nothing.
A job whose lock is free and whose status says running was killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from curation.contract import Home, read_events, write_atomic
from curation.errors import InputError, nearest
from curation.supervisor import SECRETS

Status = Literal["running", "done", "failed", "stopped", "killed"]
KILLED = "the system ended its process at once, most often because memory ran out"
ANSWER = 16_000_000
"""Bytes at the end of a log in which a command's answer is looked for."""


@dataclass(frozen=True)
class Job:
    """One job as its folder tells it; ``code`` is null while it runs, and when its supervisor was killed with it."""

    folder: Path
    arguments: list[str]
    title: str
    started: float
    status: Status
    code: int | None
    ended: float | None

    @property
    def id(self) -> str:
        """The folder's name: when it started, and six digits."""
        return self.folder.name

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop and hasn't ended yet."""
        return self.status == "running" and (self.folder / "stop").exists()

    @property
    def waiting(self) -> bool:
        """Whether it waits for another job that writes to the same store."""
        return (
            self.status == "running" and self.events()[-1:] != [] and self.events()[-1]["event"] == "waiting"
        )

    @property
    def command(self) -> str:
        """The command as a person would type it."""
        import shlex

        return "tome " + shlex.join(self.arguments)

    def events(self) -> list[dict[str, Any]]:
        """What it reported, oldest first."""
        return read_events(self.folder / "events.jsonl")

    def progress(self) -> dict[str, Any] | None:
        """The newest event that has a count, or null."""
        return next((event for event in reversed(self.events()) if event["event"] == "progress"), None)

    def log(self, most: int = 20_000) -> str:
        """The last characters that it printed; control characters other than line breaks are left out."""
        path = self.folder / "log.txt"
        if not path.is_file():
            return ""
        with path.open("rb") as handle:
            handle.seek(max(0, path.stat().st_size - most))
            text = handle.read().decode("utf-8", errors="replace").replace("\r", "\n")
        return "".join(c for c in text if c in "\n\t" or c.isprintable())

    def answer(self) -> dict[str, Any] | None:
        """The JSON object that the command printed last, when it ran with ``--json``."""
        path = self.folder / "log.txt"
        if not path.is_file():
            return None
        with path.open("rb") as handle:
            handle.seek(max(0, path.stat().st_size - ANSWER))
            lines = handle.read().decode("utf-8", errors="replace").splitlines()
        for line in reversed(lines):
            if line.startswith("{"):
                with contextlib.suppress(ValueError):
                    found = json.loads(line)
                    return found if isinstance(found, dict) else None
        return None

    def complaint(self) -> str | None:
        """The line that says why it failed or was killed, or null."""
        if self.status == "killed":
            return KILLED if self.code is not None else None
        if self.code is not None and self.code < 0:
            return f"its process was ended by the signal {signal.Signals(-self.code).name}"
        lines = [line.strip() for line in self.log().splitlines() if line.strip()]
        said = next((line for line in reversed(lines) if line.startswith("tome: ")), None)
        return said.removeprefix("tome: ") if said else (lines[-1] if lines and self.code else None)


def start(
    home: Home,
    arguments: Sequence[str],
    *,
    title: str,
    secret_env: Mapping[str, str] | None = None,
    program: Sequence[str] = (),
    cwd: Path | None = None,
    files: Mapping[str, str] | None = None,
) -> Job:
    """Start ``tome ARGUMENTS`` as a job and return at once.

    ``files`` are texts by name that are written into the job's folder, for it alone; an argument that is such a name
    becomes the file's path.

    ``secret_env`` (a Hub token) is passed on to the process and written nowhere; where the process prints it, the log has
    ``[secret]``. ``program`` stands in for
    ``python -m tome`` in tests; ``cwd`` is where relative paths start. Raises OSError when the folder can't be written.
    """
    folder = home.jobs / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    own = {name: folder.resolve() / name for name in files or {}}
    for name, path in own.items():
        write_atomic(path, (files or {})[name])
    said = {
        "arguments": [str(own.get(word, word)) for word in arguments],
        "title": title,
        "started": round(time.time(), 3),
        "program": list(program) or [sys.executable, "-m", "tome"],
        "home": str(home.root.resolve()),
        "cwd": str((cwd or Path.cwd()).resolve()),
    }
    env = os.environ | dict(secret_env or {}) | {SECRETS: ",".join(secret_env or {})}
    # locked before it says that it runs, and handed on locked: nobody ever sees a job that begins as one that was killed
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_atomic(folder / "command.json", json.dumps(said, ensure_ascii=False, indent=1) + "\n")
        write_atomic(folder / "status", "running\n")
        command = [sys.executable, "-m", "curation.supervisor", str(folder.resolve()), str(lock.fileno())]
        subprocess.run(command, env=env, check=True, pass_fds=[lock.fileno()])
    return read(folder)


def read(folder: Path) -> Job:
    """The job of a folder. Raises InputError when there is none."""
    try:
        said = json.loads((folder / "command.json").read_text(encoding="utf-8"))
        word, _, code = (folder / "status").read_text(encoding="utf-8").strip().partition(" ")
        ended = None if word == "running" else (folder / "status").stat().st_mtime
        if word == "running" and not _alive(folder):
            # it may have ended between the two looks
            word, _, code = (folder / "status").read_text(encoding="utf-8").strip().partition(" ")
            word = "killed" if word == "running" else word
            ended = (folder / "status").stat().st_mtime
        return Job(folder, said["arguments"], said["title"], said["started"], word, int(code) if code else None, ended)  # type: ignore[arg-type]  # fmt: skip
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"not a job: {error}", where=str(folder)) from None


def jobs(home: Home) -> list[Job]:
    """All jobs, newest first; folders that aren't jobs are left out."""
    found = []
    for path in home.jobs.glob("*/command.json"):
        with contextlib.suppress(InputError):
            found.append(read(path.parent))
    return sorted(found, key=lambda job: (-job.started, job.id))


def get(home: Home, name: str) -> Job:
    """The job of an id, or of the end of one. Raises InputError."""
    ids = [job.id for job in jobs(home)]
    fits = [one for one in ids if one == name or (len(name) >= 4 and one.endswith(name))]
    if len(fits) != 1:
        raise InputError(f"there is no job {name!r}", where=str(home.jobs), mend=nearest(name, ids))
    return read(home.jobs / fits[0])


def stop(job: Job, *, at_once: bool = False, wait: float = 0.0) -> Job:
    """Ask a job to stop, as Ctrl-C would, so that it keeps what is finished; ``at_once`` ends it instead.

    Returns the job as it is ``wait`` seconds later at most. Raises InputError when it isn't running.
    """
    if job.status != "running":
        raise InputError(f"job {job.id} is {job.status}, not running")
    (job.folder / "stop").touch()
    group = job.folder / "group"
    while not group.exists() and _alive(job.folder):
        time.sleep(0.02)  # it begins: its process isn't there yet
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        os.killpg(int(group.read_text(encoding="utf-8")), signal.SIGKILL if at_once else signal.SIGINT)
    patience = time.monotonic() + wait
    while time.monotonic() < patience and read(job.folder).status == "running":
        time.sleep(0.05)
    return read(job.folder)


def resume(home: Home, job: Job, *, secret_env: Mapping[str, str] | None = None) -> Job:
    """Start a job's command again; it goes on from what was finished. Raises InputError while it runs.

    A training run goes on from its last checkpoint; other commands find their finished steps by themselves.
    """
    if job.status == "running":
        raise InputError(f"job {job.id} is still running")
    said = json.loads((job.folder / "command.json").read_text(encoding="utf-8"))
    arguments = job.arguments
    if (
        arguments[:1] == ["train"]
        and arguments[1:2] != ["plan"]
        and "--name" in arguments
        and "--resume" not in arguments
    ):
        name = arguments[arguments.index("--name") + 1]
        if (home.runs / name / "run.json").is_file():
            arguments = ["train", "--resume", "--name", name, "--json"]
    return start(
        home,
        arguments,
        title=job.title,
        secret_env=secret_env,
        program=said["program"],
        cwd=Path(said["cwd"]),
    )


def _alive(folder: Path) -> bool:
    """Whether the supervisor holds its lock; the system frees it however the process ends."""
    try:
        with (folder / "lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
