"""The process that stands over a job: it leaves whoever started it, runs the job's command, and writes down how it ended.

    python -m curation.supervisor FOLDER LOCK

It holds the folder's lock, a file that it was handed open and locked, for as long as it lives, so that a job whose process was killed is
told from one that runs.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from curation.contract import append_event, write_atomic

EVENTS = "TOME_EVENTS"
"""The environment variable that tells a command where to write its events."""
SECRETS = "TOME_SECRETS"
"""The one that names the variables whose values no log may hold, with commas between."""


def supervise(folder: Path, lock: int) -> None:
    """Leave the caller, run the command of a folder, and write down how it ended. ``lock`` is the descriptor of the locked file."""
    ready, tell = os.pipe()
    if os.fork():
        os.close(tell)
        os.read(ready, 1)  # the command runs from here on
        return
    os.close(ready)
    os.setsid()
    os.set_inheritable(lock, False)  # the lock is this process's, not the command's
    said = json.loads((folder / "command.json").read_text(encoding="utf-8"))
    with (folder / "log.txt").open("ab") as log, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        hidden = [
            os.environ[name].encode()
            for name in os.environ.get(SECRETS, "").split(",")
            if os.environ.get(name)
        ]
        env = os.environ | {
            "TOME_HOME": said["home"], EVENTS: str(folder / "events.jsonl"), "PYTHONUNBUFFERED": "1", "COLUMNS": "120",
        }  # fmt: skip
        child = subprocess.Popen(
            [*said["program"], *said["arguments"]], cwd=said["cwd"], env=env, start_new_session=True,
            stdout=subprocess.PIPE if hidden else None, stderr=subprocess.STDOUT if hidden else None,
        )  # fmt: skip
        write_atomic(folder / "group", f"{child.pid}\n")
        append_event(folder / "events.jsonl", "job", state="running", pid=child.pid)
        os.close(tell)
        if child.stdout is not None:
            _copy(child.stdout.fileno(), log.fileno(), hidden)
        code = child.wait()
        cut = "killed" if code == -signal.SIGKILL else "failed"
        word = "done" if code == 0 else "stopped" if (folder / "stop").exists() else cut
        append_event(folder / "events.jsonl", "job", state=word, code=code)
        write_atomic(folder / "status", f"{word} {code}\n")
    os._exit(0)


def _copy(source: int, target: int, hidden: list[bytes]) -> None:
    """Copy what comes, as it comes, with ``[secret]`` for each of ``hidden``, also where one comes in two pieces."""
    held = b""
    while piece := os.read(source, 1 << 16):
        held += piece
        for one in hidden:
            held = held.replace(one, b"[secret]")
        begun = max((n for one in hidden for n in range(len(one)) if held.endswith(one[:n])), default=0)
        os.write(target, held[: len(held) - begun])
        held = held[len(held) - begun :]
    os.write(target, held)


if __name__ == "__main__":
    supervise(Path(sys.argv[1]), int(sys.argv[2]))
