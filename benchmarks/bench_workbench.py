"""The workbench in a real browser: from a person's act to what the eye sees, and how long the server took of it.

    python benchmarks/bench_workbench.py --home HOME --version bench --word photosynthesis [--rounds 3] [--only acts] [--cold]

The home folder holds the version to look at (`tome run`). *Eye*: from the act (a key, a click) to the change on the screen,
a debounce of typing included. *Server*: from the message that asks to the last message of the answer, as the
browser sees them. Memory is anonymous memory (the mapped index of texts is the file system's). Needs chromium.

    opening   the first rows by a typed address, on a server that was just started and on one that runs; the first search
    acts      opening a row, paging, searching, filtering, sorting, a balance slider: the first time and again
    clean     opening Clean, moving the cut along lengths (the live count), every other topic
    map       the first points, a line drawn around some, another colour (needs map2d)
    indexing  the first rows of a version whose texts aren't indexed yet, memory meanwhile, and when search is there
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

from browser_clock import ARGUMENTS, CHROMIUM, Clock, Peak, memory, opened, served
from playwright.sync_api import Browser, Page, sync_playwright

from curation import browse, flat_texts
from curation.contract import Home
from curation.store import Store, Version

FINDING = "document.querySelector('.tw-finding')?.innerText"
FIRST = "document.querySelector('.tw-picker tbody tr td.text')?.innerText"
OPEN = "document.querySelector('.tw-id')?.innerText"
LATER = "[...document.querySelectorAll('.tw-h2')].map(e => e.innerText).join()"
ROWS = ".tw-picker tbody tr"
SEARCH = "[aria-label='Search the text']:not([disabled])"
PARTS = ("opening", "acts", "clean", "map", "indexing")
Times = dict[str, list[tuple[float, float]]]


def table(title: str, found: Times) -> None:
    """Print the first time and the median of the rest."""
    print(f"| {title} | server ms | eye ms | server ms, again | eye ms, again |\n|---|---|---|---|---|")
    for name, times in found.items():
        first = [f"{1000 * part:,.0f}" for part in times[0]]
        again = [
            f"{1000 * statistics.median(one[part] for one in times[1:]):,.0f}" if times[1:] else ""
            for part in (0, 1)
        ]
        print(f"| {name} | " + " | ".join(first + again) + " |")
    print(flush=True)


def let_go(path: Path) -> None:
    """Ask the system to hold nothing of a file in memory, so that it must come from the disk."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def opening(browser: Browser, home: Path, version: Version, word: str, rounds: int, *, cold: bool) -> None:
    """First rows on a fresh and on a running server, and the first search on a fresh one. The browser has the program's files."""
    found: Times = {}
    for _ in range(rounds):
        if cold:
            let_go(flat_texts.path_of(version, "kept"))
        with served(home) as (address, _pid):
            page = opened(browser)
            clock = Clock(page)
            page.goto(f"{address}/ingest")
            page.wait_for_selector(".tw-finding")
            found.setdefault("first rows, server just started", []).append(
                clock.load(f"{address}/explore?version={version.id}", ROWS)
            )
            search = page.get_by_label("Search the text")
            found.setdefault("first search, server just started", []).append(
                clock.act(lambda field=search: field.fill(word), FINDING)
            )
            for _ in range(3):
                times = clock.load(f"{address}/explore?version={version.id}", ROWS)
                found.setdefault("first rows, server running", []).append(times)
            page.context.close()
    table(f"opening Explore by a typed address{', texts on the disk alone' if cold else ''}", found)


def once(page: Page, clock: Clock, address: str, version: str, word: str) -> dict[str, tuple[float, float]]:
    """Each act once."""
    times: dict[str, tuple[float, float]] = {}
    page.goto(f"{address}/explore?version={version}")
    page.wait_for_selector(".tw-story")
    clock.rest()
    rows = page.locator(ROWS)
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


def acts(browser: Browser, home: Path, version: Version, word: str, rounds: int) -> None:
    """Each act on a server that runs: the work itself the first time, answers that were kept after it."""
    found: Times = {}
    with served(home) as (address, pid):
        page = opened(browser)
        clock = Clock(page)
        page.goto(f"{address}/explore?version={version.id}")
        page.wait_for_selector(SEARCH)
        clock.rest()
        for _ in range(rounds + 1):
            for name, times in once(page, clock, address, version.id, word).items():
                found.setdefault(name, []).append(times)
        held, frames = memory(pid), browse.open_narrow(version).narrow.estimated_size("mb")
        page.context.close()
    table("act", found)
    print(f"server at the end: {held:,} MB, of which the version's frame {frames:,.0f} MB\n", flush=True)


def cleaning(browser: Browser, home: Path, version: Version, rounds: int) -> None:
    """Clean on a server that runs: opening it, a cut moved to where it never was and the count that follows, the other topics."""
    found: Times = {}
    with served(home) as (address, pid):
        page = opened(browser)
        clock = Clock(page)
        page.goto(f"{address}/explore?version={version.id}")
        page.wait_for_selector(SEARCH)
        clock.rest()
        for done in range(rounds + 1):
            times = clock.load(f"{address}/clean?version={version.id}&topic=Length", ".tw-finding")
            found.setdefault("open Clean", []).append(times)
            cut = page.get_by_role("slider", name="The cut")
            for _ in range(done + 1):  # farther in each round
                cut.focus()
                times = clock.act(lambda: page.keyboard.press("ArrowRight"), FINDING)
            found.setdefault("move the cut", []).append(times)
            for topic in ("Duplicates", "Contamination", "Quality", "Personal data", "Language"):
                choice = page.get_by_role("radiogroup").get_by_text(topic, exact=True)
                found.setdefault(topic, []).append(clock.act(choice.click, FINDING))
        held = memory(pid)
        page.context.close()
    table("Clean", found)
    print(f"server at the end: {held:,} MB\n", flush=True)


def the_map(browser: Browser, home: Path, version: Version, rounds: int) -> None:
    """The map: its first points, a line around some of them, another colour."""
    found: Times = {}
    with served(home) as (address, pid):
        page = opened(browser)
        clock = Clock(page)
        page.goto(f"{address}/ingest")  # the browser has the program's files
        page.wait_for_selector(".tw-finding")
        for _ in range(rounds + 1):
            found.setdefault("first points", []).append(
                clock.load(f"{address}/map?version={version.id}", "canvas.tw-map[data-drawn]")
            )
            box = page.locator("canvas.tw-map").bounding_box()
            assert box is not None

            def lasso(box: dict[str, float] = box) -> None:  # type: ignore[assignment]
                x, y, far = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["height"] / 5
                page.mouse.move(x - far, y - far)
                page.mouse.down()
                for across, down in ((1, -1), (1, 1), (-1, 1)):
                    page.mouse.move(x + across * far, y + down * far, steps=5)
                page.mouse.up()

            found.setdefault("a line around some", []).append(clock.act(lasso, FINDING))
            page.get_by_label("Colour by").click()
            page.keyboard.type("source")
            found.setdefault("another colour", []).append(
                clock.act(lambda: page.keyboard.press("Enter"), FINDING)
            )
        held = memory(pid)
        page.context.close()
    table("map", found)
    print(f"server at the end: {held:,} MB\n", flush=True)


def indexing(browser: Browser, home: Path, version: Version) -> None:
    """The first opening of a version whose texts aren't indexed: its file is taken away."""
    flat_texts.path_of(version, "kept").unlink(missing_ok=True)
    with served(home) as (address, pid):
        page = opened(browser)
        clock = Clock(page)
        page.goto(f"{address}/ingest")
        page.wait_for_selector(".tw-finding")
        with Peak(pid) as peak:
            started = time.perf_counter()
            page.goto(f"{address}/explore?version={version.id}", wait_until="commit")
            page.wait_for_selector(ROWS)
            seen = time.perf_counter() - started
            page.wait_for_timeout(3000)
            found = {
                "open a row while texts are indexed": [
                    clock.act(lambda: page.locator(ROWS).nth(7).click(), OPEN)
                ]
            }
            page.wait_for_selector(SEARCH)
            ready = time.perf_counter() - started
        page.context.close()
    print(
        f"first rows without an index: {1000 * seen:,.0f} ms to the eye; search is there after {ready:,.1f} s;"
    )
    print(f"at most {peak.server:,} MB in the server, {peak.others:,} MB in the indexing process\n")
    table("act", found)


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--version", default="bench")
    parser.add_argument("--word", default="photosynthesis")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cold", action="store_true", help="opening: the texts must come from the disk")
    parser.add_argument("--only", choices=PARTS, help="one part instead of all")
    asked = parser.parse_args()
    version = Store(Home(asked.home)).get(asked.version)
    parts = [asked.only] if asked.only else list(PARTS)
    if "map2d.x" not in version.manifest.columns and "map" in parts:
        parts.remove("map")
    print(f"{version.manifest.rows:,} rows of {len(version.manifest.columns)} columns\n", flush=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        if "opening" in parts:
            opening(browser, asked.home, version, asked.word, asked.rounds, cold=asked.cold)
        if "acts" in parts:
            acts(browser, asked.home, version, asked.word, asked.rounds)
        if "clean" in parts:
            cleaning(browser, asked.home, version, asked.rounds)
        if "map" in parts:
            the_map(browser, asked.home, version, asked.rounds)
        if "indexing" in parts:
            indexing(browser, asked.home, version)
        browser.close()


if __name__ == "__main__":
    main()
