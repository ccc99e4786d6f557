"""The workbench in a real browser: from a person's act to what the eye sees, and how long the server took of it.

    python benchmarks/bench_workbench.py --home HOME --version bench --word photosynthesis [--rounds 3]

The home folder holds the version to look at (`tome run`). *Eye*: from the act (a key, a click) to the change on the screen,
a debounce of typing included. *Server*: from the message that asks to the last message of the answer, as the
browser sees them. The first paint is measured on a server that was just started, once without the index of texts and
once with it. Memory is the server's own (anonymous pages; the mapped index is the file system's). Needs chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
FINDING = "document.querySelector('.tw-finding')?.innerText"
FIRST = "document.querySelector('.tw-picker tbody tr td.text')?.innerText"
OPEN = "document.querySelector('.tw-id')?.innerText"
LATER = "[...document.querySelectorAll('.tw-h2')].map(e => e.innerText).join()"


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
        for _ in range(150):
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1),
            ):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.kill()
        server.wait(timeout=60)


def memory(pid: int) -> int:
    """Anonymous memory of a process, MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) // 1024


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

    def rest(self) -> None:
        """Wait until nothing comes any more."""
        while time.perf_counter() - self.got < 0.4:
            self.page.wait_for_timeout(50)


def first_paint(browser: object, home: Path, version: str) -> tuple[float, int]:
    """Seconds from opening Explore on a fresh server to its first rows, and the server's memory after it."""
    with served(home) as (address, pid):
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()  # type: ignore[attr-defined]
        page.set_default_timeout(120_000)
        page.goto(f"{address}/ingest")  # the browser has the program's files, as on any day but the first
        page.wait_for_selector(".tw-finding")
        started = time.perf_counter()
        page.goto(f"{address}/explore?version={version}")
        page.wait_for_selector(".tw-picker tbody tr")
        seen = time.perf_counter() - started
        page.wait_for_selector(".tw-conversation")
        found = seen, memory(pid)
        page.context.close()
        return found


def measure(page: Page, clock: Clock, address: str, version: str, word: str) -> dict[str, tuple[float, float]]:  # fmt: skip
    """Each act once."""
    times: dict[str, tuple[float, float]] = {}
    page.goto(f"{address}/explore?version={version}")
    page.wait_for_selector(".tw-story")
    clock.rest()
    rows = page.locator(".tw-picker tbody tr")
    times["open a row"] = clock.act(lambda: rows.nth(7).click(), OPEN)
    times["next page"] = clock.act(lambda: page.get_by_label("Next page").or_(page.get_by_role("button", name="2", exact=True)).first.click(), FIRST)  # fmt: skip
    search = page.get_by_label("Search the text")
    times[f"search text: {word}"] = clock.act(lambda: search.fill(word), FINDING)
    times["take the search away"] = clock.act(lambda: search.fill(""), FINDING)
    page.get_by_label("Category", exact=True).click()
    options = page.get_by_role("option")
    times["filter by category"] = clock.act(lambda: options.nth(3).click(), FINDING)
    page.keyboard.press("Escape")
    page.get_by_label("Sort by").click()
    page.keyboard.type("words")
    times["sort by words"] = clock.act(lambda: page.keyboard.press("Enter"), FIRST)
    page.goto(f"{address}/balance?version={version}")
    slider = page.get_by_role("slider", name="Temperature")
    slider.wait_for()
    page.wait_for_selector(".tw-h2")
    clock.rest()
    slider.focus()
    times["move a balance slider"] = clock.act(lambda: page.keyboard.press("ArrowRight"), LATER)
    return times


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--version", default="bench")
    parser.add_argument("--word", default="photosynthesis")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--without-index", action="store_true", help="also the first paint before texts are indexed"
    )
    asked = parser.parse_args()
    texts = asked.home / "store" / "cache" / "texts"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        if asked.without_index:
            shutil.rmtree(texts, ignore_errors=True)
            seen, held = first_paint(browser, asked.home, asked.version)
            print(
                f"first paint, no index yet: {seen * 1000:,.0f} ms to the eye, server {held:,} MB", flush=True
            )
        found: dict[str, list[tuple[float, float]]] = {}
        with served(asked.home) as (address, pid):  # makes the index where it's missing
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            page.set_default_timeout(120_000)
            clock = Clock(page)
            page.goto(f"{address}/explore?version={asked.version}")
            page.wait_for_selector(".tw-story")
            page.wait_for_selector("[aria-label='Search the text']:not([disabled])")
            for round_ in range(asked.rounds + 1):
                for name, times in measure(page, clock, address, asked.version, asked.word + " " * (round_ % 2)).items():  # fmt: skip
                    found.setdefault(name.strip(), []).append(times)
            held = memory(pid)
        seen, first = first_paint(browser, asked.home, asked.version)
        browser.close()
    print(f"first paint, fresh server: {seen * 1000:,.0f} ms to the eye, server {first:,} MB")
    print(f"server after all: {held:,} MB\n")
    print("| act | server ms, first | eye ms, first | server ms | eye ms |\n|---|---|---|---|---|")
    for name, times in found.items():
        again = times[1:] or times
        cells = [
            times[0][0],
            times[0][1],
            *(statistics.median(one[part] for one in again) for part in (0, 1)),
        ]
        print(f"| {name} | " + " | ".join(f"{1000 * cell:,.0f}" for cell in cells) + " |")


if __name__ == "__main__":
    main()
