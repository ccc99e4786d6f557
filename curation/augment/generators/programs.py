"""Programs of which each reads what the one before it writes: started together, and none outlives the others."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from threading import Event, Timer
from typing import IO, NamedTuple


class Ended(NamedTuple):
    """What the last program wrote, what all of them said beside it, and whether all ended well, or too late."""

    out: str
    said: str
    well: bool
    late: bool


class Stopped(Exception):
    """Nobody waits any more for what programs would write."""


class Programs:
    """Runs programs, in any number of threads, until it is stopped."""

    def __init__(self) -> None:
        self.running: set[subprocess.Popen[bytes]] = set()
        self.stopped = False

    def stop(self) -> None:
        """End all that run, and run nothing more."""
        self.stopped = True
        _kill(tuple(self.running))

    def run(self, commands: Sequence[str], given: str, seconds: float, words: Mapping[str, str]) -> Ended:
        """Run programs over a text. Raises OSError where one can't be started, and Stopped.

        ``commands`` are split as a shell does; in the place of a variable (``$1``) comes what ``words`` has for it, or nothing.
        """
        late = Event()
        row: list[subprocess.Popen[bytes]] = []

        def end() -> None:
            late.set()
            _kill(row)

        timer = Timer(seconds, end)
        timer.daemon = True
        # what goes in and out lies in files, so that nobody has to read and write at once
        with (
            tempfile.TemporaryFile() as source,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as said,
        ):
            source.write(given.encode("utf-8", "replace"))
            source.seek(0)
            try:
                for place, command in enumerate(commands, 1):
                    last = row[-1].stdout if row else source
                    row.append(
                        subprocess.Popen(
                            _argv(command, words), stdin=last, stdout=subprocess.PIPE if place < len(commands) else out,
                            stderr=said, env={**os.environ, "LC_ALL": "C.UTF-8"},
                        )
                    )  # fmt: skip
                    if place > 1 and last is not None:
                        last.close()  # it is the next one's alone, so that each hears when that one ends
                    self.running.add(row[-1])
                    if self.stopped:
                        raise Stopped
                timer.start()
                codes = [one.wait() for one in row]
            finally:
                timer.cancel()
                _kill(row)
                for one in row:
                    one.wait()
                    if one.stdout is not None:
                        one.stdout.close()
                self.running.difference_update(row)
            if self.stopped:
                raise Stopped
            return Ended(_text(out), _text(said), not any(codes), late.is_set())


def _kill(some: Iterable[subprocess.Popen[bytes]]) -> None:
    for one in some:
        one.kill()


def _argv(command: str, words: Mapping[str, str]) -> list[str]:
    given = [words.get(word, "") if word.startswith("$") else word for word in shlex.split(command)]
    return [word for word in given if word]


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
