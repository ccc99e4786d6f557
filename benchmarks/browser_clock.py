"""A workbench that was just started, and the times of a page in chromium: of a person's acts, and of the messages they cause."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


WATCH = """
const awaited = sessionStorage.getItem("awaited");
const look = () => {
  const found = document.querySelector(awaited);
  if (found && found.getClientRects().length) window.seenAfter = performance.now();
  else requestAnimationFrame(look);
};
if (awaited) requestAnimationFrame(look);
"""
"""Notes the frame in which what is awaited is first drawn, by the browser's own clock, which starts with the navigation."""


@contextlib.contextmanager
def served(home: Path) -> Iterator[tuple[str, int]]:
    """A workbench that was just started: its address and process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tome", "ui", "--port", str(port), "--headless"]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, env=os.environ | {"TOME_HOME": str(home)}, stdout=quiet, stderr=quiet)
    try:
        for _ in range(1500):
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1),
            ):
                break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.kill()
        server.wait(timeout=60)


def opened(browser: Browser) -> Page:
    """A page of a browser of its own, 1440 wide, patient."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(WATCH)
    page.set_default_timeout(120_000)
    return page


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [
        int(one)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for one in (task / "children").read_text().split()
    ]


def memory(pid: int) -> int:
    """Anonymous memory of a process, MB; mapped files are the file system's."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) // 1024


class Peak:
    """The most anonymous memory (MB) that a server, and the processes that it started, held while this was open."""

    def __init__(self, pid: int) -> None:
        self.pid, self.server, self.others = pid, 0, 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            with contextlib.suppress(OSError, IndexError):
                self.server = max(self.server, memory(self.pid))
                self.others = max(self.others, sum(map(memory, children(self.pid))))


class Clock:
    """Times of one page: of acts, and of the messages between browser and server."""

    def __init__(self, page: Page) -> None:
        self.page, self.sent, self.got = page, 0.0, 0.0
        page.on("websocket", self._listen)

    def _listen(self, socket: object) -> None:
        def sent(_: object) -> None:
            self.sent = self.sent or time.perf_counter()

        def got(_: object) -> None:
            self.got = time.perf_counter()

        socket.on("framesent", sent)  # type: ignore[attr-defined]
        socket.on("framereceived", got)  # type: ignore[attr-defined]

    def act(self, what: Callable[[], object], watched: str) -> tuple[float, float]:
        """Do something and wait until what is watched (a JavaScript expression) has another value: server and eye, in s."""
        before = self.page.evaluate(watched)
        self.sent = self.got = 0.0
        started = time.perf_counter()
        what()
        self.page.wait_for_function(
            f"(before) => {{ const now = {watched}; return now && now !== before }}", arg=before, polling=20
        )
        seen = time.perf_counter() - started
        self.rest()
        return max(0.0, self.got - self.sent), seen

    def load(self, address: str, awaited: str) -> tuple[float, float]:
        """A second later type an address, and wait for what matches a selector: server and eye, in s.

        The eye's time is the browser's own, from the start of the navigation to the frame in which the first match is drawn: the way of
        messages between this program and the browser is no part of it. The page before must be of the same server.
        """
        self.page.wait_for_timeout(1000)
        self.page.evaluate("(awaited) => sessionStorage.setItem('awaited', awaited)", awaited)
        self.sent = self.got = 0.0
        self.page.goto(address, wait_until="commit")
        self.page.wait_for_selector(awaited)
        self.page.wait_for_function("() => window.seenAfter")
        seen = self.page.evaluate("() => window.seenAfter") / 1000
        self.rest()
        return max(0.0, self.got - self.sent), seen

    def rest(self) -> None:
        """Wait until nothing comes any more."""
        while time.perf_counter() - self.got < 0.4:
            self.page.wait_for_timeout(50)
