"""The map in a real browser, by mouse and by keys: what a point says, which row a click opens, and what lies inside a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation.contract import Home
from curation.step import LEDGER
from curation.store import Store, Version
from tests.streamlit_app.browsing import NEEDS, opened, served, settle
from tests.streamlit_app.conftest import make_version

pytestmark = NEEDS


def write_map(home: Path, version: Version) -> None:
    """The version once more, under the name ``mapped``: three rows in corners of a map, three in its middle."""
    xs, ys = [0.0, 4.0, 0.0, 2.0, 2.0, 2.0], [0.0, 4.0, 4.0, 2.0, 2.0, 2.0]
    rows = version.rows().with_columns(pl.Series("map2d.x", xs), pl.Series("map2d.y", ys))
    store = Store(Home(home))
    with store.lock():
        store.put(rows, pl.DataFrame(schema=LEDGER), kind="ingest", name="mapped")


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    home = tmp_path_factory.mktemp("map") / "home"
    write_map(home, make_version(home))
    with served(home) as address:
        one = opened(browser, f"{address}/map?version=mapped")
        one.wait_for_selector("canvas.tw-map[data-drawn]")
        yield one
        one.context.close()


def test_points_are_read_and_circled_with_the_mouse(page: Any) -> None:
    box = page.locator("canvas.tw-map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.wait_for_function("document.querySelector('canvas.tw-map').parentElement._words?.length === 6")
    page.mouse.move(x, y)
    page.wait_for_selector(".tw-tip:has-text(': ')")
    category, _, words = page.locator(".tw-tip").inner_text().partition(": ")
    page.mouse.click(x, y)
    page.wait_for_selector(f".tw-conversation:has-text('{words}')")
    assert category in page.inner_text(".tw-provenance")
    settle(page)
    page.mouse.move(x - 60, y - 60)
    page.mouse.down()
    for across, down in ((60, -60), (60, 60), (-60, 60)):
        page.mouse.move(x + across, y + down, steps=4)
    page.mouse.up()
    page.wait_for_selector(".tw-finding:has-text('3 of 6 rows lie inside the line')")
    settle(page)
    assert page.locator(".tw-picker tbody tr").count() == 3
    page.locator("canvas.tw-map").dblclick(position={"x": 5, "y": 5})
    page.wait_for_selector(".tw-finding:has-text('6 conversations on the map')")
    settle(page)


def test_the_map_is_moved_and_listed_by_keys(page: Any) -> None:
    assert page.locator(".tw-picker tbody tr").count() == 6
    page.locator("canvas.tw-map").focus()
    for key in ("+", "+", "+", "Enter"):  # 2.7 times as near: only the middle is in view
        page.keyboard.press(key)
    page.wait_for_selector(".tw-finding:has-text('3 of 6 rows lie inside the line')")
    settle(page)
    assert page.locator(".tw-picker tbody tr").count() == 3
    page.keyboard.press("Escape")
    page.wait_for_selector(".tw-finding:has-text('6 conversations on the map')")
    for key in ("+", "+", "+", "ArrowRight", *["ArrowDown"] * 30, "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector(".tw-finding:has-text('Nothing lies inside the line.')")
