"""A workbench on a home folder and a real browser to look at it with: what the browser tests have in common.

Importing it skips a test module, with the reason, where Playwright isn't installed; ``NEEDS`` where chromium isn't. CI installs both.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.streamlit_app.conftest import ROOT

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright isn't installed: pip install 'tomewright[dev]'"
)
CHROMIUM = next(
    (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
)
NEEDS = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium isn't installed: apt-get install chromium"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE = 180_000
"""Milliseconds after which a test gives up waiting for something; far more than a busy machine needs."""
SCREENS = sorted(path.stem for path in (ROOT / "streamlit_app" / "screens").glob("*.py"))


@contextlib.contextmanager
def served(home: Path, endpoint: str = "http://127.0.0.1:9", log: Path = Path(os.devnull)) -> Iterator[str]:
    """``tome ui`` on a home folder, printing into ``log``; the Hub is out of reach, or a stand-in."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {
        "TOME_HOME": str(home),
        "HF_ENDPOINT": endpoint,
        "HF_HUB_DOWNLOAD_TIMEOUT": "2",
    }
    command = [sys.executable, "-m", "tome", "ui", "--port", str(port), "--headless"]
    with (
        log.open("ab") as out,
        subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out) as server,
    ):
        try:
            wait_for_health(server, f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(PATIENCE / 1000)
            except subprocess.TimeoutExpired:
                server.kill()


def wait_for_health(server: subprocess.Popen[bytes], address: str) -> None:
    """Wait until the workbench answers; fails when its process ended or nothing came for ``PATIENCE``."""
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end:
        assert server.poll() is None, "the workbench ended before it answered"
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.1)
    raise AssertionError(f"the workbench didn't answer at {address}")


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A headless chromium."""
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def opened(browser: Any, address: str, **options: Any) -> Any:
    """A page of a browser of its own, 1440 wide, at an address and at rest."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, **options).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    settle(page)
    return page


QUIET = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  const busy = !app || app.dataset.testScriptState !== 'notRunning'
    || document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-stale=true], [aria-busy=true]');
  if (busy) window.quietSince = undefined; else window.quietSince ??= performance.now();
  return !busy && performance.now() - window.quietSince > 400;
}"""
"""Whether the page has been at rest for a while: a rerun that a click asks for begins within that."""


def settle(page: Any) -> None:
    """Wait until the page has run and rests; what a test expects it still waits for by itself."""
    page.wait_for_selector(".tw-finding")
    page.evaluate("window.quietSince = undefined")
    page.wait_for_function(QUIET, polling=50)


def serious(page: Any) -> dict[str, list[str]]:
    """The serious and critical findings of axe on what is shown now: the rule, and where it is broken."""
    module = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python isn't installed"
    )
    # Streamlit's own side navigation nests its list items in sections, which axe marks; it isn't ours to change
    looked = module.Axe().run(page, context={"exclude": [["[data-testid=stSidebarNav]"]]})
    return {
        f"{one['id']}: {one['help']}": [node["html"][:200] for node in one["nodes"][:3]]
        for one in looked.response["violations"]
        if one["impact"] in ("serious", "critical")
    }
