"""Worker processes beside this one, which works too: pieces of work out, what came of them in their order.

A worker takes seconds to load its libraries. Until it is ready this process does the pieces alone, so a crew never makes
anything wait; a worker that dies costs nothing but its pieces done again.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import queue
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

AHEAD = 2
"""Pieces that a worker has at a time: one that it does, and one so that it needn't wait for the next."""
BROKEN = (EOFError, OSError)


class Worker:
    """One process at the other end of a pipe, and the numbers of the pieces that it has."""

    def __init__(self, build: Callable[..., Any], given: tuple[Any, ...]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=_serve, args=(theirs, build, given), daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False
        self.has: deque[int] = deque()


class Crew:
    """``do`` does a piece here; each of the workers does ``build(*given)``, which must do the same."""

    def __init__(
        self, do: Callable[[Any], Any], build: Callable[..., Any], given: tuple[Any, ...], workers: int
    ) -> None:
        self.do = do
        self.workers = [Worker(build, given) for _ in range(workers)]

    def close(self) -> None:
        """Let the workers go, whatever they are at."""
        for worker in self.workers:
            worker.pipe.close()
            worker.process.terminate()
            worker.process.join()
        self.workers = []

    def map(self, pieces: Sequence[Any]) -> Iterator[Any]:
        """What came of each piece, in order."""
        left, done = deque(range(len(pieces))), dict[int, Any]()
        for number in range(len(pieces)):
            while number not in done:
                self._hand_out(pieces, left)
                self._collect(left, done, patient=not left)
                if number not in done and left:
                    mine = left.popleft()
                    done[mine] = self.do(pieces[mine])
            yield done.pop(number)

    def _hand_out(self, pieces: Sequence[Any], left: deque[int]) -> None:
        for worker in list(self.workers):
            # towards the end one piece at a time, so that both sides are done at once
            while worker.ready and len(worker.has) < AHEAD and len(left) > len(worker.has) + 1:
                number = left.popleft()
                worker.has.append(number)
                try:
                    worker.pipe.send(pieces[number])
                except BROKEN:
                    self._lost(worker, left)
                    break

    def _collect(self, left: deque[int], done: dict[int, Any], *, patient: bool) -> None:
        """Take what the workers have sent; a ``patient`` one waits for something, if there is anything to wait for."""
        busy = any(worker.has for worker in self.workers)
        heard = wait([worker.pipe for worker in self.workers], None if patient and busy else 0)
        for worker in [one for one in self.workers if one.pipe in heard]:
            try:
                said = worker.pipe.recv()
            except BROKEN:
                self._lost(worker, left)
                continue
            if worker.ready:
                done[worker.has.popleft()] = said
            worker.ready = True

    def _lost(self, worker: Worker, left: deque[int]) -> None:
        """A worker is gone: what it had is to be done anew."""
        self.workers.remove(worker)
        left.extendleft(reversed(worker.has))
        worker.pipe.close()
        worker.process.terminate()


def _serve(pipe: Connection, build: Callable[..., Any], given: tuple[Any, ...]) -> None:
    """The life of a worker. An error ends it: the same one then comes up where the piece is done again."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["POLARS_MAX_THREADS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    asked: queue.SimpleQueue[Any] = queue.SimpleQueue()
    # what is loaded stays: neither while it is loaded nor later is it looked through for garbage
    gc.disable()
    with suppress(*BROKEN):
        do = build(*given)
        gc.freeze()
        gc.enable()
        pipe.send("ready")
        # taken in by a thread, so that the sender never waits while this process itself wants to send
        threading.Thread(target=_take_in, args=(pipe, asked), daemon=True).start()
        while (piece := asked.get()) is not None:
            pipe.send(do(piece))


def _take_in(pipe: Connection, asked: queue.SimpleQueue[Any]) -> None:
    with suppress(*BROKEN):
        while True:
            asked.put(pipe.recv())
    asked.put(None)
