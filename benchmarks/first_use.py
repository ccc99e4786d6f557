"""How long a new user needs from an empty workbench to a balanced, cleaned, exported version of the sample: clicks and seconds.

    python benchmarks/first_use.py [--pause 2]

Starts ``tome ui`` on an empty home, clicks through it in headless chromium, and prints each click with the seconds since the
first one. ``--pause`` waits that long before every click, as a person who reads first. Needs the extras app and dev.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
PATIENCE = 120_000


class Visitor:
    """Clicks, counts and times; ``pause`` is in seconds."""

    def __init__(self, page: Any, pause: float = 0.0) -> None:
        self.page, self.pause = page, pause
        self.clicks: list[tuple[str, float]] = []
        self.began = time.monotonic()

    def click(self, role: str, name: str | re.Pattern[str]) -> None:
        """Click the first control of a role and name, once the page has settled."""
        self.settle()
        time.sleep(self.pause)
        target = self.page.get_by_role(role, name=name).first
        said = str(target.inner_text().split("\n")[-1]).strip()
        target.click()
        self.clicks.append((said, time.monotonic() - self.began))

    def settle(self) -> None:
        """Wait until the page has run and nothing on it is stale."""
        self.page.wait_for_selector(".tw-finding")
        self.page.wait_for_function(
            "() => !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-stale=true]')"
        )


def walk(visitor: Visitor) -> None:
    """From the empty store to the export: load, clean, balance, run, export."""
    page = visitor.page
    visitor.click("button", "Load the sample")
    page.wait_for_selector(".tw-card:has-text('demo')")
    visitor.click("link", "Clean")
    visitor.click("button", re.compile("^Add to the recipe: drop"))
    page.wait_for_selector(".tw-finding:has-text('steps.')")
    visitor.click("link", "Balance")
    visitor.click("button", "Add to the recipe")
    page.wait_for_selector(".tw-finding:has-text('steps.')")
    visitor.click("button", re.compile("^Run [0-9]+ steps"))
    page.wait_for_selector(".st-key-run_outcome")
    visitor.click("link", "Compare it, export it")
    page.wait_for_selector("[aria-label='What each step did']")  # the last thing that page draws
    visitor.click("tab", "Check, export, download")
    visitor.click("button", re.compile("^Write [0-9,]+ rows to exports"))
    page.wait_for_selector(".tw-job-done:has-text('Export demo')")


def main() -> None:
    """Walk and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before every click")
    asked = parser.parse_args()
    from playwright.sync_api import sync_playwright

    from docs.screenshots import ARGUMENTS, CHROMIUM, workbench

    with (
        tempfile.TemporaryDirectory() as folder,
        workbench(Path(folder)) as address,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        visitor = Visitor(page, asked.pause)
        walk(visitor)
        total = time.monotonic() - visitor.began
        for place, (said, at) in enumerate(visitor.clicks, 1):
            print(f"{place:>2}  {at:5.1f} s  {said}")
        print(
            f"{len(visitor.clicks)} clicks, {total:.1f} s to the export, with {asked.pause:g} s before every click"
        )
        browser.close()


if __name__ == "__main__":
    main()
