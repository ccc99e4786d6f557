"""The workbench in a real browser: the paths that people take, and accessibility.

Skipped with its reason where Playwright or chromium is missing; CI installs both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamlit_app import front_page
from tests.streamlit_app.browsing import NEEDS, PATIENCE, SCREENS, opened, serious, served, settle
from tests.streamlit_app.conftest import make_version

pytestmark = NEEDS


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


def test_first_use_loads_the_sample_and_shows_it(browser, empty: tuple[str, Path]) -> None:
    address, home = empty
    page = opened(browser, address)
    assert "See what your data is made of" in page.inner_text(".tw-finding")
    page.get_by_role("button", name="Load the sample").click()
    page.wait_for_selector(".tw-card:has-text('demo')")
    assert (home / "store" / "refs" / "demo").is_file()
    page.locator(".tw-card:has-text('demo')").click()
    page.wait_for_selector(".tw-finding:has-text('141 rows')")
    page.get_by_role("link", name="Home").click()
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


def test_a_click_on_a_columns_head_sorts_by_it(browser, filled: tuple[str, Path]) -> None:
    page = opened(browser, f"{filled[0]}/explore?version=first")
    stand = page.locator(".tw-picker tbody td.figure").all_inner_texts()
    orders = {"descending": sorted(stand, key=int, reverse=True), "ascending": sorted(stand, key=int), "none": stand}  # fmt: skip
    for way, words in orders.items():
        page.locator(".tw-picker th button:text('Words')").click()
        page.wait_for_selector(f".tw-picker th[aria-sort={way}]:has-text('Words')")
        assert page.locator(".tw-picker tbody td.figure").all_inner_texts() == words
    assert orders["descending"] != orders["ascending"] != stand
    page.context.close()


@pytest.mark.parametrize("screen", ["explore", "balance", "clean"])
def test_the_front_page_names_every_script_that_the_page_asks_for(browser, filled: tuple[str, Path], screen: str) -> None:  # fmt: skip
    page = opened(browser, f"{filled[0]}/{screen}?version=first")
    asked = page.evaluate("performance.getEntriesByType('resource').map(one => one.name.split('/').pop()).filter(name => name.endsWith('.js'))")  # fmt: skip
    named = front_page.read(screen)
    assert len(asked) > 50
    assert [name for name in asked if name not in named] == []
    page.context.close()


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
    address, _ = filled
    page = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme).new_page()
    page.set_default_timeout(PATIENCE)
    found = {}
    for screen in SCREENS:
        page.goto(f"{address}/{screen if screen != 'home' else ''}")
        settle(page)
        found[screen] = serious(page)
    page.context.close()
    assert {screen: one for screen, one in found.items() if one} == {}


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
