"""Text that means harm, in every view that shows text of a dataset: it stands there as text, runs nothing and loads nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curation.store import Version
from tests.streamlit_app.browsing import NEEDS, PATIENCE, served, settle
from tests.streamlit_app.conftest import ROOT
from tests.streamlit_app.hostile import EVIL, MARK, TEXTS, make_home

pytestmark = NEEDS

HARM = """() => {
  const found = [];
  if (window.pwned !== undefined || document.title === 'pwned') found.push('a script ran');
  for (const e of document.querySelectorAll("[src*='evil.invalid'], [href*='evil.invalid'], [href^='javascript' i], [onerror], [onload], iframe"))
    found.push(e.outerHTML.slice(0, 200));
  for (const e of document.querySelectorAll('h1')) if (e.innerText.trim() === 'gone') found.push('a heading of the data');
  for (const e of document.querySelectorAll('[data-testid=stException], [data-testid=stAlertContentError]')) found.push(e.innerText.slice(0, 200));
  return found;
}"""


class Watch:
    """A page and what went wrong on it: requests elsewhere, dialogs, elements that no text may make."""

    def __init__(self, browser: Any, address: str) -> None:
        self.page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.address, self.wrong = address, []  # type: ignore[var-annotated]
        own = (address, address.replace("http", "ws"), "data:", "blob:")
        self.page.on("request", lambda r: None if r.url.startswith(own) else self.wrong.append(f"asked for {r.url}"))  # fmt: skip
        self.page.on("dialog", lambda dialog: (self.wrong.append(f"a dialog: {dialog.message}"), dialog.dismiss()))  # fmt: skip

    def open(self, where: str, shows: str = ".tw-finding") -> None:
        """Go to a view, wait for what it shows, and look."""
        self.page.goto(f"{self.address}/{where}")
        self.page.wait_for_selector(shows)
        self.look(where)

    def look(self, where: str) -> None:
        """Nothing may have happened, and the page still stands."""
        settle(self.page)
        found = [*self.page.evaluate(HARM), *self.wrong]
        assert (where, found) == (where, [])
        assert self.page.locator(".tw-finding").first.is_visible()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Version, Version, Version]]:
    root = tmp_path_factory.mktemp("hostile") / "home"
    return root, make_home(root)


@pytest.fixture(scope="module")
def watch(browser, home) -> Iterator[Watch]:
    with served(home[0]) as address:
        one = Watch(browser, address)
        yield one
        one.page.context.close()


def first(version: Version, **wanted: object) -> dict[str, Any]:
    """The first row whose columns hold these values."""
    rows = version.rows()
    for column, value in wanted.items():
        rows = rows.filter(rows[column].is_not_null() if value is ... else rows[column] == value)
    return rows.row(0, named=True)


def test_every_text_in_the_conversation_and_in_what_was_measured(watch: Watch, home) -> None:
    version = home[1][0]
    rows = version.rows()
    own = rows.filter(rows["made_by"].is_null())
    for place in range(len(TEXTS)):
        view = ("Measured", "Story", "Kin")[place % 3]
        watch.open(f"explore?version={version.id}&row={own['id'][2 * place]}&view={view}", ".tw-conversation")
        if place == 0:
            assert "<script>window.pwned = 1" in watch.page.inner_text(".tw-conversation")
        if place == 6:
            assert "202E" in watch.page.inner_text(".tw-conversation")


def test_kin_edits_and_forms(watch: Watch, home) -> None:
    version, second, mapped = home[1]
    child = first(version, made_by="balance")
    watch.open(f"explore?version={version.id}&row={child['id']}&beside={child['parent_id']}", ".tw-pairs, .tw-pair")  # fmt: skip
    one = first(version, **{"near_dup.similarity": ...})
    family = version.rows().filter(version.rows()["family"] == one["family"])["id"].to_list()
    watch.open(f"explore?version={version.id}&row={family[0]}&beside={family[1]}", ".tw-pairs, .tw-pair")
    watch.page.goto(f"{watch.address}/explore?version={version.id}&row={family[0]}")
    settle(watch.page)
    watch.page.locator("[data-testid=stPopover] button", has_text="Drop").click()
    watch.page.get_by_label("Why (kept with the decision)").fill(MARK)
    watch.page.get_by_label("Why (kept with the decision)").press("Enter")
    settle(watch.page)
    watch.page.locator(".st-key-do_drop button").click()
    watch.page.wait_for_selector(".tw-tray")
    watch.page.get_by_role("button", name="Undo the last").hover()
    watch.page.wait_for_selector("[role=tooltip], [data-testid=stTooltipContent]")
    watch.look("the tray and its tooltip")
    watch.page.get_by_role("button", name="Undo the last").click()
    watch.page.wait_for_selector(".tw-tray", state="detached")
    watch.page.get_by_role("button", name="Edit", exact=True).click()
    watch.page.get_by_label("Assistant, turn 2").wait_for()
    watch.look("the form that edits")
    edited = second.ledger().filter(second.ledger()["action"] == "edited")["row_id"][0]
    watch.open(f"explore?version={second.id}&row={edited}", ".tw-story")
    watch.open(f"explore?version={second.id}&rows=dropped")
    watch.open(f"map?version={mapped.id}&row={mapped.rows()['id'][2]}", ".tw-conversation")


@pytest.mark.parametrize("topic", ["Length", "Duplicates", "Contamination", "Quality", "Personal data", "Language", "Other"])  # fmt: skip
def test_what_goes_and_what_stays(watch: Watch, home, topic: str) -> None:
    watch.open(f"clean?version={home[1][0].id}&topic={topic.replace(' ', '+')}")
    if topic == "Contamination":
        assert watch.page.locator(".tw-mark-contamination").count()


@pytest.mark.parametrize("where", ["balance", "balance?look=source", "balance?target=By+hand", "balance?look=length", "home", "train?run=alpha",
                                   "train?tab=Sweeps", "compare?a=alpha&b=beta", "chat", "recipe"])  # fmt: skip
def test_figures_runs_answers_ratings_and_logs(watch: Watch, home, where: str) -> None:
    watch.open(where + ("&" if "?" in where else "?") + f"version={home[1][0].id}")
    if where == "home":
        assert watch.page.locator(".tw-job-failed").count()
    if where == "chat":
        assert EVIL in watch.page.inner_text(".tw-remark >> nth=0") or "pwned" in watch.page.inner_text(
            ".tw-remark >> nth=0"
        )
    if where.startswith("compare"):
        assert EVIL in watch.page.inner_text(".tw-answers >> nth=1")


@pytest.mark.parametrize("tab", ["History", "Names", "Compare", "Check,+export,+download", "Card"])
def test_versions_and_the_dataset_card(watch: Watch, home, tab: str) -> None:
    for version in home[1][: 2 if tab in ("Compare", "Card") else 1]:
        watch.open(f"versions?version={version.id}&tab={tab}")
    if tab == "Compare":
        for kind in ("dropped", "edited", "moved"):
            button = watch.page.get_by_role("radio", name=re.compile(f"^{kind}"))
            if button.count():
                button.first.click()
                watch.look(f"compare, {kind}")


def test_the_first_rows_of_a_source_and_its_rejects(watch: Watch, home) -> None:
    watch.open(f"ingest?from=Path&path={home[0] / 'rows.jsonl'}", "[aria-label='The first rejects']")


def test_the_output_of_a_dry_run(watch: Watch, home) -> None:
    watch.open(f"recipe?version={home[1][0].id}")
    watch.page.get_by_role("button", name=re.compile("^Dry run on")).click()
    watch.page.wait_for_selector(".st-key-run_outcome .tw-good")
    watch.page.get_by_text("What it printed").last.click()
    watch.look("a dry run")


def test_candidates_of_augmentation(watch: Watch, home) -> None:
    pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
    watch.open(f"augment?version={home[1][0].id}")
    watch.page.get_by_role("combobox", name="Generators, in turn").click()
    watch.page.get_by_role("option", name="swap", exact=True).click()
    watch.page.keyboard.press("Escape")
    settle(watch.page)
    watch.page.get_by_role("button", name=re.compile("^Try ")).click()
    watch.page.wait_for_selector(".tw-candidate")
    watch.look("candidates")


def test_the_report_as_a_file(browser, home, tmp_path: Path) -> None:
    version, second, _ = home[1]
    told = {"a": ["report", version.id], "b": ["diff", version.id, second.id, "--report"]}
    for name, words in told.items():
        done = subprocess.run([sys.executable, "-m", "tome", *words, "--out", str(tmp_path / f"{name}.html")], cwd=ROOT, env=os.environ | {"TOME_HOME": str(home[0])}, capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
    for name in told:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("dialog", lambda dialog, asked=asked: (asked.append(dialog.message), dialog.dismiss()))
        page.goto(f"file://{tmp_path / name}.html")
        assert page.evaluate(HARM) == []
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
        assert page.locator("h1").first.is_visible()
        page.close()
