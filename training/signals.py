"""SIGTERM and Ctrl-C as a wish: finish the step, write a checkpoint, stop. A second one stops at once.

One wish may come twice to a process of several: from the scheduler, which signals them all, and from torchrun, which
hands on what it got itself. What comes within ``ECHO`` seconds of the first is then the same wish.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from training.walk import Stop

EXIT = {"SIGINT": 130, "SIGTERM": 143}
"""The exit code of a run that a signal stopped, as shells have it: 128 and the signal's number."""


ECHO = 5.0


@contextmanager
def listening(stop: Stop, *, alone: bool = True) -> Iterator[None]:
    """Note the first SIGTERM or SIGINT in ``stop``; the second raises KeyboardInterrupt.

    ``alone`` is false for a process of several. Outside the main thread signals can't be caught; the block then runs
    without.
    """
    first = 0.0

    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal first
        if stop.asked and not alone and time.monotonic() - first < ECHO:
            return
        first = time.monotonic()
        if stop.asked or not stop.steps_run:
            stop.asked = stop.asked or signal.Signals(number).name
            raise KeyboardInterrupt
        stop.asked = signal.Signals(number).name

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
