"""The workbench without a mouse: every control is reached by Tab, in the order of the page, and shows that it has the focus; what opens
does so by Enter, is reached inside, has no serious finding of axe, and gives the focus back on Escape.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from curation import jobs
from curation.contract import Home
from tests.streamlit_app.browsing import NEEDS, PATIENCE, serious, served, settle
from tests.streamlit_app.conftest import make_version
from tests.streamlit_app.runfolders import write_rating, write_run, write_sweep
from tests.streamlit_app.test_browser_map import write_map

pytestmark = NEEDS
MOST = 250
"""Presses of Tab after which a walk ends; no page has so many controls."""
BEGIN = """(root) => {
  const all = "button, a[href], input, textarea, select, summary, [role=slider], [role=tab], [tabindex]:not(iframe)";
  const seen = e => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length && !e.closest("[inert], [aria-hidden=true]");
  // of radio buttons, tabs, options and the rows of a list Tab stops at one, and the arrows reach the others
  const group = e => e.closest("[role=radiogroup], [role=tablist], [role=listbox], [role=toolbar], tbody");
  const look = e => { const s = getComputedStyle(e); return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor, s.color].join(); };
  const near = e => { const found = [e, ...e.querySelectorAll("*"), ...(e.parentElement?.children || [])];
    for (let up = e.parentElement, n = 0; up && n < 5; up = up.parentElement, n++) found.push(up); return found.slice(0, 60); };
  const told = e => `${e.tagName.toLowerCase()} ${e.getAttribute("aria-label") || e.innerText || e.placeholder || e.className}`.replace(/\\s+/g, " ").slice(0, 80);
  const box = document.querySelector(root), wanted = [...box.querySelectorAll(all)].filter(e => seen(e) && !e.disabled && (e.tabIndex >= 0 || group(e)));
  const rest = new Map(wanted.map(e => [e, near(e).map(one => [one, look(one)])])), stops = new Set();
  window.walk = {
    async step() { const e = document.activeElement; if (!e || e === document.body) return "elsewhere";
      if (stops.has(e)) return "end";
      stops.add(e); if (!rest.has(e)) return "elsewhere";
      for (let n = 0; n < 60; n++) { if (rest.get(e).some(([one, was]) => look(one) !== was)) return "shows"; await new Promise(requestAnimationFrame); }
      return "hidden: " + told(e); },
    end() { const groups = new Set([...stops].map(group).filter(Boolean));
      const lost = wanted.filter(e => e.isConnected && seen(e) && !stops.has(e) && !groups.has(group(e) ?? e));
      const places = [...stops].filter(e => rest.has(e)).map(e => wanted.indexOf(e));
      const back = places.slice(1).flatMap((p, n) => p < places[n] ? [told(wanted[p])] : []);
      const around = back.length === 1 && places.at(-1) < places[0];  // begun in the middle, it comes to the top once
      return { lost: lost.map(told), back: around ? [] : back, number: places.length }; },
  };
}"""


def walk(page: Any, root: str) -> int:
    """Press Tab until the focus has gone around; every control under ``root`` must have had it, in order, and shown it. How many."""
    page.evaluate(BEGIN, root)
    hidden = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        said = page.evaluate("walk.step()")
        if said == "end":
            break
        if said.startswith("hidden"):
            hidden.append(said)
    found = page.evaluate("walk.end()")
    assert {"not reached": found["lost"], "out of order": found["back"], "focus not shown": hidden} == {
        "not reached": [], "out of order": [], "focus not shown": [],
    }  # fmt: skip
    return int(found["number"])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A workbench with a version, runs, a sweep, a rating, and a job that failed."""
    home = tmp_path_factory.mktemp("keys") / "home"
    version = make_version(home)
    run = write_run(home, "alpha", version)
    write_run(home, "beta", version, losses=(3.0, 2.0))
    write_sweep(home, "rates", version)
    write_rating(run, 1, "up", "Where can I leave the bicycle on a Sunday?", "By the gate.")
    write_map(home, version)
    failed = jobs.start(
        Home(home),
        ["x"],
        title="Work",
        program=[sys.executable, "-c", "print('so it was'); raise SystemExit(2)"],
    )
    while jobs.read(failed.folder).status == "running":
        time.sleep(0.05)
    with served(home) as address:
        yield address


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=f"{address}/")
    one = context.new_page()
    one.set_default_timeout(PATIENCE)
    yield one
    context.close()


def go(page: Any, where: str) -> None:
    """Open a view, of the version ``first`` where it names none, and wait until it rests."""
    page.goto(where if "version=" in where else f"{where}{'&' if '?' in where else '?'}version=first")
    settle(page)


def focused(page: Any, target: Any) -> None:
    """Wait until something in the target has the focus."""
    page.wait_for_function("e => e.contains(document.activeElement)", arg=target.element_handle())


def press(page: Any, role: str, name: str | re.Pattern[str]) -> None:
    """Focus a control and press Enter on it."""
    page.get_by_role(role, name=name, exact=isinstance(name, str)).first.focus()
    page.keyboard.press("Enter")


@pytest.mark.parametrize("where", [
    "", "ingest?from=Path&path=data/samples/larkfield.csv", "ingest?from=Hub", "explore", "explore?view=Kin&columns=stats.turns", "balance?target=By+hand", "map", "map?version=mapped",
    "clean?topic=Length", "clean?topic=Duplicates", "augment", "recipe", "versions?tab=History", "versions?tab=Names", "versions?tab=Compare",
    "versions?tab=Check,+export,+download", "versions?tab=Card", "train", "train?tab=Sweeps", "compare", "chat",
])  # fmt: skip
def test_tab_reaches_every_control_in_order(page: Any, where: str) -> None:
    go(page, where)
    assert walk(page, "[data-testid=stApp]") > 15


POPOVER, LIST = "[data-testid=stPopoverBody]", "[role=listbox]"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_popover_opens_by_enter_and_escape_gives_the_focus_back(page: Any, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    go(page, "explore")
    for name in ("Drop", "Category", "Flag", "Decide about many", "Columns"):
        opener = page.locator("[data-testid=stPopover] button", has_text=name)
        opener.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(POPOVER)
        settle(page)
        assert (name, serious(page)) == (name, {})
        if theme == "light":
            assert walk(page, POPOVER) >= 1
        page.keyboard.press("Escape")
        page.wait_for_selector(POPOVER, state="detached")
        focused(page, opener)
        settle(page)


@pytest.mark.parametrize(
    ("where", "names", "theme"),
    [("explore", ["Version", "Category", "Sort by"], "light"), ("explore", ["Version", "Category", "Sort by"], "dark"), ("balance", ["Target"], "light"),
     ("clean?topic=Length", ["Signal"], "dark"), ("augment", ["Generators, in turn"], "light"), ("recipe", ["Add a step"], "dark"),
     ("versions?tab=Names", ["The name"], "light"), ("chat", ["Run"], "dark")],
)  # fmt: skip
def test_a_list_opens_by_an_arrow_and_escape_closes_it(page: Any, where: str, names: list[str], theme: str) -> None:  # fmt: skip
    page.emulate_media(color_scheme=theme)
    go(page, where)
    for name in names:
        field = page.get_by_role("combobox", name=name, exact=True).first
        field.focus()
        page.keyboard.press("ArrowDown")
        page.wait_for_selector(LIST)
        assert (name, serious(page)) == (name, {})
        page.keyboard.press("Escape")
        page.wait_for_selector(LIST, state="detached")
        focused(page, field)


@pytest.mark.parametrize(
    ("where", "title", "theme"),
    [("explore", "More filters", "light"), ("explore", "More filters", "dark"), ("augment", "synonym: its parameters", "light"),
     ("augment", "Gates: what a candidate must keep", "dark"), ("ingest?from=Path&path=data/samples/larkfield.csv", "Which column is what", "light")],
)  # fmt: skip
def test_what_is_folded_opens_and_closes_by_enter(page: Any, where: str, title: str, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    go(page, where)
    summary = page.locator("summary", has_text=title)
    box = page.locator("details", has=summary)
    summary.focus()
    page.keyboard.press("Enter")
    box.locator("[data-testid=stVerticalBlock] input").first.wait_for()
    settle(page)
    assert serious(page) == {}
    box.evaluate("box => box.id = 'unfolded'")
    assert walk(page, "#unfolded") > 1
    summary.focus()
    page.keyboard.press("Enter")
    box.locator("[data-testid=stVerticalBlock] input").first.wait_for(state="hidden")
    focused(page, summary)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_row_is_edited_dropped_and_taken_back_by_keys_alone(page: Any, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    go(page, "explore")
    press(page, "button", "Edit")
    page.get_by_label("Assistant, turn 2").wait_for()
    settle(page)
    assert serious(page) == {}
    walk(page, "[data-testid=stForm]")
    page.get_by_label("Assistant, turn 2").focus()
    page.keyboard.type("Said better. ")
    press(page, "button", "Keep this edit")
    page.wait_for_selector(".tw-tray:has-text('edit')")
    settle(page)
    page.locator("[data-testid=stPopover] button", has_text="Drop").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(POPOVER)
    settle(page)
    press(page, "button", re.compile("^Drop [12] row"))
    page.wait_for_selector(".tw-tray:has-text('drop')")
    page.wait_for_selector(POPOVER, state="detached")  # what was decided closes it
    settle(page)
    assert serious(page) == {}
    press(page, "button", "All of them")
    page.wait_for_selector(POPOVER)
    settle(page)
    assert serious(page) == {}
    assert walk(page, POPOVER) == 3  # one's name, and an undo for each of the two acts
    page.keyboard.press("Escape")
    page.wait_for_selector(POPOVER, state="detached")
    press(page, "button", "Undo the last")
    page.wait_for_selector(".tw-tray:not(:has-text('drop'))")
    settle(page)
    press(page, "button", "Undo the last")
    page.wait_for_selector(".tw-tray", state="detached")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_card_of_the_recipe_opens_its_fields(page: Any, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    go(page, "recipe")
    for card in ("step_head", "step_sources_0", "step_steps_1", "step_steps_3"):
        page.locator(f".st-key-{card}").get_by_role("button", name="Edit").focus()
        page.keyboard.press("Enter")
        fields = f".st-key-{card.replace('step_', 'fields_', 1)}"
        page.wait_for_selector(f"{fields} input")
        settle(page)
        assert (card, serious(page)) == (card, {})
        if theme == "light":
            assert walk(page, fields) >= 1


def test_tabs_and_topics_go_by_arrows(page: Any) -> None:
    go(page, "versions?tab=History")
    page.get_by_role("tab", name="History").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tw-h2:has-text('Roll back')")
    go(page, "clean?topic=Length")
    page.get_by_role("radio", name="Length").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => new URL(location).searchParams.get('topic') === 'Duplicates'")
    settle(page)
    assert page.evaluate("document.activeElement.closest('[role=radiogroup]') !== null")
