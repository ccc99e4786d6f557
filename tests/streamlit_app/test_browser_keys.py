"""The workbench without a mouse: what the Tab key reaches, what opens by Enter, and that nothing that opens has a serious finding of axe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.streamlit_app import test_browser
from tests.streamlit_app.conftest import make_version
from tests.streamlit_app.runfolders import write_rating, write_run, write_sweep
from tests.streamlit_app.test_browser import ARGUMENTS, CHROMIUM, PATIENCE, playwright, served, settle

pytestmark = test_browser.pytestmark
MOST = 150
"""Presses of Tab within which a control must be reached; a page has fewer controls than that."""


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("keys") / "home"
    version = make_version(home)
    run = write_run(home, "alpha", version)
    write_sweep(home, "rates", version)
    write_rating(run, 1, "up", "Where can I leave the bicycle on a Sunday?", "By the gate.")
    with served(home) as address:
        yield address


@pytest.fixture(params=["light", "dark"])
def page(browser, request: pytest.FixtureRequest) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=request.param)
    one = context.new_page()
    one.set_default_timeout(PATIENCE)
    yield one
    context.close()


def reach(page: Any, target: Any) -> None:
    """Press Tab until the target, or something in it, has the focus; fails where it never gets it."""
    page.wait_for_timeout(0)
    handle = target.first.element_handle()
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if page.evaluate("e => e.contains(document.activeElement)", handle):
            shown = page.evaluate("() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow + s.borderColor }")  # fmt: skip
            assert shown, "what has the focus doesn't show it"
            return
    raise AssertionError(f"{MOST} presses of Tab don't reach {target}")


def findings(page: Any) -> dict[str, list[str]]:
    """The serious and critical findings of axe on what is shown now."""
    module = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python isn't installed"
    )
    # Streamlit's own side navigation nests its list items in sections, which axe marks; it isn't ours to change
    found = (
        module.Axe().run(page, context={"exclude": [["[data-testid=stSidebarNav]"]]}).response["violations"]
    )
    return {f"{one['id']}: {one['help']}": [n["html"][:200] for n in one["nodes"][:3]] for one in found if one["impact"] in ("serious", "critical")}  # fmt: skip


def checked(page: Any) -> None:
    settle(page)
    found = findings(page)
    assert found == {}, json.dumps(found, indent=1)


@pytest.mark.parametrize("name", ["Drop", "Category", "Flag", "Columns"])
def test_the_popovers_of_explore_open_and_close_by_keys(page, address: str, name: str) -> None:
    page.goto(f"{address}/explore?version=first")
    settle(page)
    button = page.locator("[data-testid=stPopover] button", has_text=name)
    reach(page, button)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid=stPopoverBody]")
    checked(page)
    body = page.locator("[data-testid=stPopoverBody]")
    page.keyboard.press("Tab")
    assert page.evaluate("e => e.contains(document.activeElement)", body.element_handle())
    page.keyboard.press("Escape")
    body.wait_for(state="detached")


def test_the_tray_and_the_form_that_edits(browser, address: str, page) -> None:
    page.goto(f"{address}/explore?version=first")
    settle(page)
    reach(page, page.get_by_role("button", name="Edit", exact=True))
    page.keyboard.press("Enter")
    page.get_by_label("Assistant, turn 2").wait_for()
    checked(page)
    reach(page, page.get_by_label("Assistant, turn 2"))
    page.keyboard.type("Said better, ")
    reach(page, page.get_by_role("button", name="Keep this edit"))
    page.keyboard.press("Enter")
    page.wait_for_selector(".tw-tray")
    checked(page)
    reach(page, page.locator("[data-testid=stPopover] button", has_text="All of them"))
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid=stPopoverBody]")
    checked(page)
    page.keyboard.press("Escape")
    page.locator("[data-testid=stPopoverBody]").wait_for(state="detached")
    reach(page, page.get_by_role("button", name="Undo the last"))
    page.keyboard.press("Enter")
    page.wait_for_selector(".tw-tray", state="detached")


def test_the_weights_of_a_mix(page, address: str) -> None:
    page.goto(f"{address}/balance?version=first&target=By+hand")
    settle(page)
    slider = page.get_by_role("slider", name="legal")
    reach(page, slider)
    before = slider.get_attribute("aria-valuenow") or slider.input_value()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("([e, was]) => (e.getAttribute('aria-valuenow') || e.value) !== was", arg=[slider.element_handle(), before])  # fmt: skip
    settle(page)
    checked(page)
    page.get_by_text("a table", exact=True).click()
    checked(page)


def test_the_expanders_of_augment(page, address: str) -> None:
    page.goto(f"{address}/augment?version=first")
    settle(page)
    for name in ("synonym: its parameters", "Gates: what a candidate must keep"):
        summary = page.locator("summary", has_text=name)
        reach(page, summary)
        page.keyboard.press("Enter")
        page.wait_for_function("name => [...document.querySelectorAll('details[open] summary')].some(e => e.innerText.includes(name))", arg=name)  # fmt: skip
    checked(page)
    reach(page, page.get_by_role("button", name=re.compile("^Add to the recipe")))


@pytest.mark.parametrize(
    ("where", "target"),
    [
        ("clean?topic=Length", "button:has-text('Add to the recipe')"),
        ("clean?topic=Length", ".tw-picker tbody tr"),
        ("ingest?from=Path&path=data/samples/larkfield.csv", "button:has-text('as larkfield')"),
        ("recipe", "[class*=st-key-step_steps_0] button"),
        ("versions?tab=Names", "[role=tab][aria-selected=true]"),
        ("train", "button:has-text('Estimate'), a:has-text('Write an export')"),
        ("chat", "button:has-text('Accept as a row')"),
        ("map", "button:has-text('Add map2d')"),
    ],
)
def test_the_main_act_of_each_page_is_reached(page, address: str, where: str, target: str) -> None:
    page.goto(f"{address}/{where}{'&' if '?' in where else '?'}version=first")
    settle(page)
    reach(page, page.locator(target))
    checked(page)
