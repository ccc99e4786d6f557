"""Shaping data and training in a real browser: from the sample to an export, rows of a cell, a chart as a file, candidates,
typing a recipe, roll back, push to a stand-in of the Hub. One server and one browser for all.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_standin import HubStandIn

from benchmarks.first_use import Visitor, walk
from curation.contract import Home
from curation.store import Store
from tests.streamlit_app.browsing import NEEDS, PATIENCE, opened, serious, served, settle
from tests.streamlit_app.conftest import make_version
from tests.streamlit_app.runfolders import write_rating, write_run, write_sweep

pytest.importorskip(
    "huggingface_hub", reason="huggingface_hub isn't installed: pip install 'tomewright[hub]'"
)


pytestmark = NEEDS
TOKEN = "hf_nobodymayseethis"


@pytest.fixture(scope="module")
def hub() -> Iterator[HubStandIn]:
    with HubStandIn() as hub:
        yield hub


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, hub: HubStandIn) -> Iterator[tuple[str, Path]]:
    """A workbench with two versions under one name, two runs, a sweep and a rating."""
    home = tmp_path_factory.mktemp("shape") / "home"
    version = make_version(home)
    make_version(home, "first", least=1)
    run = write_run(home, "alpha", version)
    write_run(home, "beta", version, losses=(3.0, 2.0))
    write_sweep(home, "rates", version)
    write_rating(run, 1, "up", "Where can I leave the bicycle on a Sunday?", "By the gate.")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HF_TOKEN", raising=False)
        patch.setenv("HF_HOME", str(home.parent / "hf"))
        with served(home, endpoint=hub.url) as address:
            yield address, home


@contextlib.contextmanager
def page_of(browser, address: str):
    page = opened(browser, address)
    yield page
    page.context.close()


def test_a_new_user_gets_from_nothing_to_an_export_in_ten_clicks(browser, tmp_path: Path) -> None:
    with served(tmp_path / "home") as address, page_of(browser, address) as page:
        visitor = Visitor(page)
        walk(visitor)
        assert len(visitor.clicks) <= 10
    info = json.loads((tmp_path / "home" / "exports" / "demo" / "export.json").read_text())
    ops = [step["op"] for step in info["recipe"]["steps"]]
    assert ops.count("filter") == 2  # the recipe's own, and the cut that was added
    assert ops[-1] == "balance"
    assert sum(info["counts"]["train"].values()) > 100


def test_a_cell_of_the_heat_map_opens_its_rows_and_a_chart_is_a_file(
    browser, bench: tuple[str, Path], tmp_path: Path
) -> None:
    with page_of(browser, f"{bench[0]}/balance?version=first") as page:
        with page.expect_download() as got:
            page.get_by_role("button", name="PNG of first-category-shares").click()
        got.value.save_as(tmp_path / "chart.png")
        assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
        with page.expect_download() as got:
            page.get_by_role("button", name="CSV").first.click()
        assert "value,rows,share" in Path(got.value.path()).read_text()
        cell = page.locator(".st-key-box_first-category-source .mark-rect.role-mark path").first
        cell.click(position={"x": 8, "y": 8})  # beside the figures
        page.wait_for_url(re.compile("/explore"))
        settle(page)
        assert re.search("category=(math|legal|code)", page.url)
        assert re.match("[1-6] of [67] rows", page.inner_text(".tw-finding"))


def test_a_recipe_is_checked_while_it_is_typed(browser, bench: tuple[str, Path]) -> None:
    with page_of(browser, f"{bench[0]}/recipe?version=first") as page:
        text = page.get_by_label("The recipe in YAML")
        text.click()
        page.keyboard.press("Control+End")
        page.keyboard.type("  - nonsense")
        page.wait_for_selector(".tw-notice.tw-bad:has-text(\"there is no step 'nonsense'\")")
        for _ in "nonsense":
            page.keyboard.press("Backspace")
        page.keyboard.type("map2d")
        page.wait_for_selector(".tw-notice.tw-good")
        assert text.input_value().endswith("  - map2d")  # typing goes on where it was
        page.wait_for_selector(".tw-step:has-text('map2d')")


def test_a_name_is_rolled_back(browser, bench: tuple[str, Path]) -> None:
    store = Store(Home(bench[1]))
    before = store.history("first")
    with page_of(browser, f"{bench[0]}/versions?version={before[-1]}&tab=Names") as page:
        page.get_by_role("button", name=f"Move first back to {before[0][:8]}").click()
        page.wait_for_selector(f".tw-notice.tw-good:has-text('first stands for {before[0]} again')")
    assert store.history("first") == [*before, before[0]]
    store.name("first", before[-1])


def test_a_push_sends_the_export_and_keeps_no_token(
    browser, bench: tuple[str, Path], hub: HubStandIn
) -> None:
    address, home = bench
    with page_of(browser, f"{address}/versions?version=first&tab=Check,+export,+download") as page:
        page.get_by_label("Dataset repository").fill("me/rows")  # the button follows what is typed
        page.get_by_role("textbox", name="Token with the right to write").fill(TOKEN)
        page.get_by_role("textbox", name="Token with the right to write").press("Enter")
        settle(page)
        page.get_by_role("button", name="Push 4 files to me/rows").click()
        page.wait_for_selector(".tw-notice.tw-good:has-text('On the Hub')")
        assert page.get_by_role("textbox", name="Token with the right to write").input_value() == ""
        assert TOKEN not in page.content()
    _, files = hub.repo("datasets", "me/rows").at("main")
    assert {"train.parquet", "eval.parquet", "README.md", "export.json"} <= set(files)
    assert hub.repo("datasets", "me/rows").private
    held = [path for path in home.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert held == []


def test_candidates_are_tried_decided_and_added(browser, bench: tuple[str, Path]) -> None:
    pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
    with page_of(browser, f"{bench[0]}/augment?version=first") as page:
        page.get_by_role("combobox", name="Generators, in turn").click()
        page.get_by_role("option", name="swap", exact=True).click()
        page.keyboard.press("Escape")
        settle(page)
        page.get_by_role("button", name=re.compile("^Try ")).click()
        page.wait_for_selector(".tw-candidate")
        settle(page)
        page.get_by_role("button", name=re.compile("^Add to the recipe")).click()
        page.wait_for_selector(".tw-notice.tw-good")
        assert "op: augment" in page.get_by_label("The recipe in YAML").input_value()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_serious_finding_of_axe_in_any_state(browser, bench: tuple[str, Path], theme: str) -> None:
    page = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=theme).new_page()
    page.set_default_timeout(PATIENCE)
    found = {}
    for where in ("balance?target=By+hand", "versions?tab=Names", "versions?tab=Compare", "versions?tab=Check,+export,+download", "versions?tab=Card",
                  "train", "train?tab=Sweeps", "compare?a=alpha&b=beta", "chat", "recipe"):  # fmt: skip
        page.goto(f"{bench[0]}/{where}")
        settle(page)
        if where == "recipe":
            edit = page.locator(".st-key-step_steps_2").get_by_role("button", name="Edit")
            edit.hover()
            tip = page.wait_for_selector("[data-testid=stTooltipContent]")
            assert (
                tip.evaluate("one => getComputedStyle(one).animationName") == "none"
            )  # whole from its first moment on
            edit.click()
            settle(page)
        found[where] = serious(page)
    page.context.close()
    assert {where: one for where, one in found.items() if one} == {}


@pytest.mark.parametrize("width", [1440, 1024])
def test_nothing_is_cut_in_any_state(browser, bench: tuple[str, Path], width: int) -> None:
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE)
    for where in (
        "versions?tab=Names",
        "versions?tab=Compare",
        "versions?tab=Card",
        "train",
        "train?tab=Sweeps",
        "compare?a=alpha&b=beta",
        "chat",
    ):
        page.goto(f"{bench[0]}/{where}")
        settle(page)
        over = page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }"
        )
        assert (where, over) == (where, 0)
    page.context.close()
