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
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from typing import Any

from curation.augment.garbage import lasting, paused

AHEAD = 3
"""Pieces that a worker has at a time: one that it does, and two so that it needn't wait while this process is busy."""
SLICE, LAST = 512, 128
"""Candidates that a process makes and measures at a time: enough that beginning costs little; fewer towards the end, so that all processes are done at once."""
SWITCH = 0.0003
"""Seconds after which a worker's threads take turns: while its pipe isn't read, the process at the other end waits."""
BROKEN = (EOFError, OSError)
Pieces = deque[tuple[int, Any]]
"""Pieces with their numbers."""


class Worker:
    """One process at the other end of a pipe, and the numbers of the pieces that it has."""

    def __init__(self, build: Callable[..., Any], given: tuple[Any, ...]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=_serve, args=(theirs, build, given), daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False
        self.has: Pieces = deque()


class Crew:
    """Each of the workers does ``build(*given)``."""

    def __init__(self, build: Callable[..., Any], given: tuple[Any, ...], workers: int) -> None:
        self.workers = [Worker(build, given) for _ in range(workers)]
        self.first = self.end = 0
        """The numbers of the pieces that are asked for now; nobody waits any more for what a worker still has of earlier ones."""

    def close(self) -> None:
        """Let the workers go, whatever they are at."""
        for worker in self.workers:
            worker.pipe.close()
            worker.process.terminate()
            worker.process.join()
        self.workers = []

    def map(self, do: Callable[[Any], Any], pieces: Sequence[Any]) -> Iterator[Any]:
        """What came of each piece, in order; ``do`` does one here, and must do the same as the workers do."""
        self.first, self.end = self.end, self.end + len(pieces)
        left, done = deque(enumerate(pieces, self.first)), dict[int, Any]()
        for number in range(self.first, self.end):
            while True:
                self._collect(left, done, patient=not left and number not in done)
                self._hand_out(left)
                if number in done:
                    break
                if left:
                    mine, piece = left.popleft()
                    done[mine] = do(piece)
            yield done.pop(number)

    def _hand_out(self, left: Pieces) -> None:
        for worker in list(self.workers):
            # towards the end one piece at a time, so that both sides are done at once
            while worker.ready and len(worker.has) < AHEAD and len(left) > len(worker.has) + 1:
                worker.has.append(left.popleft())
                try:
                    worker.pipe.send(worker.has[-1][1])
                except BROKEN:
                    self._lost(worker, left)
                    break

    def _collect(self, left: Pieces, done: dict[int, Any], *, patient: bool) -> None:
        """Take what the workers have sent; a ``patient`` one waits for something, if there is anything to wait for."""
        busy = any(worker.has for worker in self.workers)
        heard = wait([worker.pipe for worker in self.workers], None if patient and busy else 0)
        for worker in [one for one in self.workers if one.pipe in heard]:
            try:
                with paused():
                    said = worker.pipe.recv()
            except BROKEN:
                self._lost(worker, left)
                continue
            if worker.ready:
                done[worker.has.popleft()[0]] = said
            worker.ready = True

    def _lost(self, worker: Worker, left: Pieces) -> None:
        """A worker is gone: what it had is to be done anew."""
        self.workers.remove(worker)
        left.extendleft(one for one in reversed(worker.has) if one[0] >= self.first)
        worker.pipe.close()
        worker.process.terminate()


def cut(work: Sequence[Any], workers: int) -> list[Sequence[Any]]:
    """Work in pieces: an equal share of half of what is left for each process, within the limits."""
    cuts = [0]
    while cuts[-1] < len(work):
        fair = (len(work) - cuts[-1]) // (2 * workers)
        cuts.append(min(len(work), cuts[-1] + min(SLICE, max(LAST, fair))))
    return [work[start:end] for start, end in pairwise(cuts)]


def _serve(pipe: Connection, build: Callable[..., Any], given: tuple[Any, ...]) -> None:
    """The life of a worker. An error ends it: the same one then comes up where the piece is done again."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setswitchinterval(SWITCH)
    os.environ["POLARS_MAX_THREADS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    asked: queue.SimpleQueue[Any] = queue.SimpleQueue()
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with suppress(*BROKEN):
        with lasting():
            do = build(*given)
        gc.disable()  # pieces leave no garbage that only a search would find, and the process ends with the step
        pipe.send("ready")
        # threads take in and give out: the next piece doesn't wait until the other side has time for what came of the last
        threading.Thread(target=_take_in, args=(pipe, asked), daemon=True).start()
        giving = threading.Thread(target=_give_out, args=(pipe, answers), daemon=True)
        giving.start()
        try:
            while (piece := asked.get()) is not None:
                answers.put(do(piece))
        finally:
            answers.put(None)
            giving.join()


def _take_in(pipe: Connection, asked: queue.SimpleQueue[Any]) -> None:
    with suppress(*BROKEN):
        while True:
            asked.put(pipe.recv())
    asked.put(None)


def _give_out(pipe: Connection, answers: queue.SimpleQueue[Any]) -> None:
    with suppress(*BROKEN):
        while (answer := answers.get()) is not None:
            pipe.send(answer)
