"""The workbench in a real browser: the paths that people take, and accessibility.

Skipped with its reason where Playwright or chromium is missing; CI installs both.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.streamlit_app.conftest import ROOT, make_version

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright isn't installed: pip install 'tomewright[dev]'"
)
CHROMIUM = next(
    (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
)
pytestmark = [
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


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    home = tmp_path_factory.mktemp("first") / "home"
    with served(home) as address:
        yield address, home


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    home = tmp_path_factory.mktemp("filled") / "home"
    make_version(home)
    make_version(home, "second", least=1)
    with served(home) as address:
        yield address, home


def opened(browser, address: str, **options):
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


def settle(page) -> None:
    """Wait until the page has run and rests; what a test expects it still waits for by itself."""
    page.wait_for_selector(".tw-finding")
    page.evaluate("window.quietSince = undefined")
    page.wait_for_function(QUIET, polling=50)


def test_first_use_loads_the_sample_and_shows_it(browser, empty: tuple[str, Path]) -> None:
    address, home = empty
    page = opened(browser, address)
    assert "See what your data is made of" in page.inner_text(".tw-finding")
    page.get_by_role("button", name="Load the sample").click()
    page.wait_for_selector(".tw-card:has-text('demo')")
    assert (home / "store" / "refs" / "demo").is_file()
    page.get_by_role("link", name="Plan a mix").click()
    page.wait_for_selector(".tw-finding:has-text('times as large')")
    page.context.close()


def test_a_hub_dataset_that_fails_says_why_and_keeps_no_token(browser, empty: tuple[str, Path]) -> None:
    address, home = empty
    page = opened(browser, f"{address}/ingest?from=Hub")
    page.get_by_label("Dataset on the Hub").fill("nobody/nothing")
    page.get_by_label("Dataset on the Hub").press("Enter")
    page.get_by_role("textbox", name="Token, for a private dataset").fill("hf_sesameopen")
    page.get_by_role("textbox", name="Token, for a private dataset").press("Enter")
    settle(page)
    page.get_by_role("button", name="Read it as nothing").click()
    page.wait_for_selector(".tw-job-failed")
    assert "failed:" in page.inner_text(".tw-job-failed >> nth=0")
    assert "sesame" not in page.content().replace(
        page.get_by_role("textbox", name="Token, for a private dataset").input_value(), ""
    )
    held = [path for path in home.rglob("*") if path.is_file() and b"sesameopen" in path.read_bytes()]
    assert held == []
    page.context.close()


def test_an_upload_is_mapped_and_read(browser, empty: tuple[str, Path], tmp_path: Path) -> None:
    address, _ = empty
    path = tmp_path / "tickets.csv"
    path.write_text("ask,reply,area\nWhere is it?,Over there.,help\nAnd now?,Still there.,help\n")
    page = opened(browser, f"{address}/ingest")
    page.set_input_files("input[type=file]", str(path))
    page.wait_for_selector(".tw-finding:has-text('tickets.csv: say which column asks and which answers.')")
    settle(page)
    for name, column in (("User", "ask"), ("Assistant", "reply"), ("Category", "area")):
        page.get_by_label(name, exact=True).click()
        page.get_by_role("option", name=column, exact=True).click()
        settle(page)
    page.wait_for_selector(".tw-conversation:has-text('Over there.')")
    page.get_by_role("button", name="Read 2 rows as tickets").click()
    page.wait_for_selector(".tw-notice:has-text('2 rows and 0 rejects make 2 read')")
    page.context.close()


def test_a_filter_is_in_the_address_and_a_row_opens(browser, filled: tuple[str, Path]) -> None:
    address, _ = filled
    page = opened(browser, f"{address}/explore")
    page.get_by_label("Search the text").fill("where the sign")
    page.wait_for_selector(".tw-finding:has-text('2 of ')")
    assert "text=where+the+sign" in page.url
    page.locator(".tw-picker tbody tr").nth(1).click()
    page.wait_for_function("() => new URL(location).searchParams.get('row')")
    page.wait_for_selector(".tw-story:has-text('made')")
    deep = page.url
    page.context.close()
    again = opened(browser, f"{deep}&columns=stats.turns")
    again.wait_for_selector(".tw-finding:has-text('2 of ')")
    assert again.locator(".tw-picker th").last.inner_text() == "stats.turns"
    assert again.locator(".tw-picker tr.on").count() == 1
    again.context.close()


def test_the_list_is_walked_with_the_arrow_keys(browser, filled: tuple[str, Path]) -> None:
    address, _ = filled
    page = opened(browser, f"{address}/explore")
    page.locator(".tw-picker tr.on").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => new URL(location).searchParams.get('row')")
    picked = re.search(r"row=([0-9a-f]+)", page.url)
    assert picked
    page.wait_for_selector(f".tw-id:has-text('{picked[1]}')")
    page.context.close()


def test_rows_are_dropped_and_edited_by_hand_into_a_new_version(browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    old = make_version(home)
    with served(home) as address:
        page = opened(browser, f"{address}/explore?version={old.id}&sort=words&down=false")
        page.locator(".tw-picker tbody tr").first.focus()
        gone = page.locator(".tw-picker tbody tr").first.get_attribute("data-id")
        page.keyboard.press("d")
        page.wait_for_selector(".tw-tray:has-text('1 drop')")
        assert page.locator(".tw-picker tr.goes").get_attribute("data-id") == gone
        page.wait_for_function(f"() => new URL(location).searchParams.get('row') !== '{gone}'")
        page.reload()  # what waits outlives the page
        page.wait_for_selector(".tw-tray:has-text('1 drop')")
        settle(page)
        page.get_by_role("button", name="Edit", exact=True).click()
        page.get_by_label("Assistant, turn 2").fill("Better said so.")
        page.get_by_role("button", name="Keep this edit").click()
        page.wait_for_selector(".tw-tray:has-text('edit')")
        page.wait_for_selector(".tw-conversation ins:has-text('Better')")
        page.get_by_placeholder("name of the new version").fill("by-hand")
        page.get_by_placeholder("name of the new version").press("Enter")
        settle(page)
        page.get_by_role("button", name="Make a version").click()
        page.wait_for_selector(".tw-notice.tw-good:has-text('by-hand')")
        page.get_by_role("button", name="Open it").click()
        made = (home / "store" / "refs" / "by-hand").read_text().strip()
        page.wait_for_function(f"() => new URL(location).searchParams.get('version') === '{made}'")
        page.context.close()
    from curation.contract import Home
    from curation.store import Store

    new = Store(Home(home)).get(made)
    assert new.manifest.parents == [old.id]
    assert gone in new.dropped()["id"].to_list()
    assert "Better said so." in str(new.rows()["messages"].to_list())
    assert "Better said so." not in str(old.rows()["messages"].to_list())


def test_kin_and_what_is_alike_open_side_by_side(browser, filled: tuple[str, Path]) -> None:
    pytest.importorskip("scipy", reason="what is alike needs the extra embed")
    address, _ = filled
    page = opened(browser, f"{address}/explore?version=first&origin=repeat&view=Kin")
    page.locator("[aria-label='Its family'] tbody tr:has-text('parent')").click()
    page.wait_for_selector(".tw-finding:has-text('Parent and child, made by balance: 100%')")
    page.get_by_role("button", name="Back to the list").click()
    page.wait_for_selector(".tw-picker")
    settle(page)
    page.get_by_text("Alike", exact=True).click()
    page.locator("[aria-label='Rows most like it'] tbody tr").first.click()
    page.wait_for_selector(".tw-pairs .tw-turn")
    assert "beside=" in page.url
    page.context.close()


def test_from_balance_to_recipe_to_a_version_compared_and_exported(browser, filled: tuple[str, Path]) -> None:
    address, home = filled
    page = opened(browser, f"{address}/balance?version=second")
    page.get_by_role("slider", name="Temperature").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector(".tw-h2:has-text('changes nothing')")
    page.get_by_role("button", name="Add to the recipe").click()
    page.wait_for_selector(".tw-notice.tw-good")
    text = page.get_by_label("The recipe in YAML")
    assert "temperature: 1.0" in text.input_value()
    text.fill(text.input_value().replace("name: second", "name: third"))
    text.press("Control+Enter")
    page.wait_for_selector(".tw-finding:has-text('third')")
    page.get_by_role("button", name=re.compile("^Run [0-9]+ steps")).click()
    page.wait_for_selector(".tw-job-done:has-text('Run third')")
    assert (home / "store" / "refs" / "third").is_file()
    page.goto(f"{address}/versions?version=third&tab=Compare")
    settle(page)
    page.wait_for_selector("[aria-label='Rows by category, before and after'] td >> nth=1")
    page.get_by_role("tab", name="Check, export, download").click()
    page.wait_for_selector(".tw-notice.tw-good:has-text('every hash')")
    page.get_by_role("button", name=re.compile("^Write ")).click()
    page.wait_for_selector(".tw-job-done:has-text('Export third')")
    assert (home / "exports" / "third" / "export.json").is_file()
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_serious_finding_of_axe_on_any_page(browser, filled: tuple[str, Path], theme: str) -> None:
    axe_module = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python isn't installed"
    )
    axe = axe_module.Axe()
    address, _ = filled
    found = {}
    page = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme).new_page()
    page.set_default_timeout(PATIENCE)
    for screen in SCREENS:
        page.goto(f"{address}/{screen if screen != 'home' else ''}")
        settle(page)
        # Streamlit's own side navigation nests its list items in sections, which axe marks; it isn't ours to change
        for one in axe.run(page, context={"exclude": [["[data-testid=stSidebarNav]"]]}).response[
            "violations"
        ]:
            if one["impact"] in ("serious", "critical"):
                found.setdefault(f"{one['id']}: {one['help']}", []).append(
                    (screen, [n["html"][:160] for n in one["nodes"][:3]])
                )
    page.context.close()
    assert found == {}, json.dumps(found, indent=1)


@pytest.mark.parametrize("width", [1440, 1024])
def test_nothing_is_cut_at_either_width(browser, filled: tuple[str, Path], width: int) -> None:
    address, _ = filled
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE)
    for screen in SCREENS:
        page.goto(f"{address}/{screen if screen != 'home' else ''}")
        settle(page)
        over = page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }"
        )
        assert (screen, over) == (screen, 0)
    page.context.close()
