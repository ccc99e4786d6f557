"""What the workbench must never do, tried in a real browser: keep a token, let a damaged version out, read outside of the workspace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from curation.contract import Home
from curation.store import Store
from tests.streamlit_app.browsing import NEEDS, opened, served, settle
from tests.streamlit_app.conftest import make_version

pytestmark = NEEDS
TOKEN = "hf_nobodymayeverseethis"
OUT = "versions?version={}&tab=Check,+export,+download"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, Path]]:
    """The address, the home and the log of a workbench whose Hub is out of reach."""
    folder = tmp_path_factory.mktemp("safety")
    make_version(folder / "home")
    make_version(folder / "home", "second", least=1)
    with served(folder / "home", log=folder / "server.log") as address:
        yield address, folder / "home", folder / "server.log"


def test_a_push_that_fails_keeps_no_token(browser, desk: tuple[str, Path, Path]) -> None:
    pytest.importorskip(
        "huggingface_hub", reason="huggingface_hub isn't installed: pip install 'tomewright[hub]'"
    )
    address, home, log = desk
    page = opened(browser, f"{address}/{OUT.format('first')}")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.get_by_role("textbox", name="Dataset repository").fill("me/rows")
    page.get_by_role("textbox", name="Dataset repository").press("Enter")
    field = page.get_by_role("textbox", name="Token with the right to write")
    field.fill(TOKEN)
    field.press("Enter")
    settle(page)
    page.get_by_role("button", name="Push 4 files to me/rows").click()
    page.wait_for_selector(".tw-job-failed:has-text('Push first to me/rows')")
    settle(page)
    assert field.input_value() == ""
    assert TOKEN not in page.content()
    assert TOKEN not in page.url
    assert not [line for line in said if TOKEN in line]
    held = [path for path in home.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert held == []
    assert TOKEN not in log.read_text(errors="replace")
    page.context.close()


def test_a_damaged_version_is_marked_and_stays_inside(browser, desk: tuple[str, Path, Path]) -> None:
    address, home, _ = desk
    version = Store(Home(home)).get("second")
    path = version.folder / "rows.parquet"
    rows = pl.read_parquet(path)
    changed = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("somebody else")).otherwise("source")
    rows.with_columns(changed.alias("source")).write_parquet(path)
    page = opened(browser, f"{address}/{OUT.format('second')}")
    page.wait_for_selector('.tw-notice.tw-bad:has-text("It can\'t be exported.")')
    settle(page)
    for name in (re.compile("^Write "), re.compile("^Push 4 files"), "Parquet", re.compile("^JSONL, ")):
        for button in page.get_by_role("button", name=name).all():
            assert button.is_disabled(), button.inner_text()
    page.get_by_role("textbox", name="Dataset repository").fill("me/rows")
    page.get_by_role("textbox", name="Dataset repository").press("Enter")
    settle(page)
    assert page.get_by_role("button", name="Push 4 files to me/rows").is_disabled()
    page.goto(f"{address}/versions?version=first&tab=History")
    page.wait_for_selector(".tw-finding:has-text('first')")
    settle(page)
    assert "damaged" in page.inner_text("[data-testid=stMain]").lower()
    page.context.close()
    assert not (home / "exports" / "second").exists()


def test_uploads_have_a_limit_and_a_kind(browser, desk: tuple[str, Path, Path], tmp_path: Path) -> None:
    huge = tmp_path / "huge.jsonl"
    with huge.open("wb") as handle:
        handle.truncate(501 * 2**20)
    page = opened(browser, f"{desk[0]}/ingest")
    assert not page.locator(".tw-too-large").is_visible()
    page.set_input_files("input[type=file]", str(huge))
    page.wait_for_selector(".tw-too-large:has-text('This file is larger than 500 MB.')")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n")
    page.goto(f"{desk[0]}/ingest")
    settle(page)
    page.set_input_files("input[type=file]", str(tmp_path / "photo.png"))
    page.wait_for_selector(".tw-notice.tw-bad:has-text('photo.png is of a kind that')")
    page.context.close()


@pytest.mark.parametrize("path", ["../../../etc/passwd", "/etc/passwd", "data/../../.ssh/id_rsa"])
def test_no_path_leaves_the_workspace(browser, desk: tuple[str, Path, Path], path: str) -> None:
    page = opened(browser, f"{desk[0]}/ingest?from=Path&path={path}")
    page.wait_for_selector(".tw-notice.tw-bad:has-text('this path leaves the workspace')")
    assert page.get_by_role("button", name=re.compile("^Read")).count() == 0
    page.context.close()
