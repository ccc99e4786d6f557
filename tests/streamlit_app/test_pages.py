"""Every page in every state of the store, through Streamlit's own test harness."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from curation.store import Store, Version
from streamlit_app.components import data
from tests.streamlit_app.conftest import APP, ROOT, make_version

SCREENS = sorted(path.name for path in (ROOT / "streamlit_app" / "screens").glob("*.py"))


def open_page(name: str, **params: str) -> AppTest:
    test = AppTest.from_file(APP, default_timeout=30).run()
    test.switch_page(f"screens/{name}")
    for key, value in params.items():
        test.query_params[key] = value
    return test.run()


def html(test: AppTest) -> str:
    """All of a page's own HTML as one text."""
    return "\n".join(str(element.proto.body) for element in test.get("html"))


@pytest.mark.parametrize("screen", SCREENS)
def test_a_page_opens_on_an_empty_store(home: Path, screen: str) -> None:
    test = open_page(screen)
    assert not test.exception
    assert "tw-finding" in html(test)


@pytest.mark.parametrize("screen", SCREENS)
def test_a_page_opens_on_one_version(one: Version, screen: str) -> None:
    test = open_page(screen)
    assert not test.exception
    assert "tw-finding" in html(test)


@pytest.mark.parametrize("screen", SCREENS)
def test_a_page_opens_on_many_versions_and_a_broken_one(home: Path, one: Version, screen: str) -> None:
    make_version(home, "second", least=1)
    broken = data.store().home.versions / "0123456789abcdef"
    broken.mkdir()
    (broken / "manifest.json").write_text('{"schema_version": 1, "rows": ')
    test = open_page(screen)
    assert not test.exception
    if screen in ("home.py", "explore.py", "versions.py", "balance.py"):
        assert "0123456789abcdef" in html(test)


@pytest.mark.parametrize("screen", SCREENS)
def test_a_page_says_so_when_the_rows_are_gone(one: Version, screen: str) -> None:
    (one.folder / "rows.parquet").write_bytes(b"not parquet")
    test = open_page(screen)
    assert not test.exception
    if screen in ("explore.py", "balance.py"):
        assert "damaged" in html(test)


@pytest.mark.parametrize("screen", SCREENS)
def test_a_page_is_under_eighty_lines(screen: str) -> None:
    text = (ROOT / "streamlit_app" / "screens" / screen).read_text()
    assert len(text.splitlines()) < 80
    assert "read_parquet" not in text
    assert "scan_parquet" not in text


def test_home_offers_the_sample_first(home: Path) -> None:
    test = open_page("home.py")
    assert test.button(key="load_sample").label == "Load the sample"
    assert "See what your data is made of" in html(test)


def test_explore_filters_on_the_server(one: Version) -> None:
    test = open_page("explore.py", version=one.id)
    assert "All 6 rows kept." in html(test)
    test.multiselect(key="category").set_value(["legal"]).run()
    assert "2 of 6 rows kept." in html(test)
    assert "May I cross here?" not in html(test)  # texts come through the component that escapes them
    test.multiselect(key="category").set_value([]).run()
    test.text_input(key="text").set_value("Only WHERE the sign").run()
    assert "2 of 6 rows kept." in html(test)


def test_explore_says_what_is_wrong_with_a_pattern_and_an_expression(one: Version) -> None:
    test = open_page("explore.py")
    test.toggle(key="regex").set_value(True)
    test.text_input(key="text").set_value("(").run()
    assert "can&#x27;t read the pattern" in html(test)
    test.text_input(key="text").set_value("")
    test.text_input(key="where").set_value("stats.wrods > 1").run()
    assert "stats.words" in html(test)


def test_explore_opens_a_row_by_its_address(one: Version) -> None:
    row = one.rows()["id"][3]
    test = open_page("explore.py", version=one.id, row=row)
    assert f'<code class="tw-id">{row}</code>' in html(test)


def test_explore_shows_what_was_dropped_and_why(one: Version) -> None:
    test = open_page("explore.py", version=one.id, rows="dropped")
    assert "All 4 rows dropped on the way" in html(test)


def test_balance_changes_as_the_slider_moves(one: Version) -> None:
    test = open_page("balance.py", version=one.id)
    assert "the largest, math, is 5.0 times as large" in html(test)
    first = html(test)
    test.slider(key="temperature").set_value(1.0).run()
    assert "This mix changes nothing" in html(test)
    assert html(test) != first


def test_balance_adds_its_step_to_the_recipe(one: Version) -> None:
    test = open_page("balance.py", version=one.id)
    test.slider(key="temperature").set_value(0.25).run()
    test.button[0].click().run()
    assert not test.exception
    assert "temperature: 0.25" in test.text_area(key="recipe_text").value
    assert "every field is known" in html(test)


def test_recipe_is_checked_in_its_own_words(one: Version) -> None:
    test = open_page("recipe.py")
    text = test.text_area(key="recipe_text")
    text.set_value(text.value.replace("eval:", "evil:")).run()
    assert "there is no field &#x27;evil&#x27;. Did you mean &#x27;eval&#x27;?" in html(test)
    assert "This recipe can&#x27;t run yet." in html(test)


def test_versions_compares_and_verifies(home: Path, one: Version) -> None:
    second = make_version(home, "second", least=1)
    test = open_page("versions.py", version=second.id)
    assert "Rows by category, before and after" in html(test)
    verify = next(button for button in test.button if button.label == "Verify")
    verify.click().run()
    assert f"Whole: {second.manifest.rows:,} rows" in html(test)


def test_versions_marks_what_fails_verify_and_bars_its_export(one: Version) -> None:
    rows = one.rows()
    rows.with_columns(category=rows["category"].reverse()).write_parquet(one.folder / "rows.parquet")
    test = open_page("versions.py", version=one.id)
    next(button for button in test.button if button.label == "Verify").click().run()
    assert "It can&#x27;t be exported." in html(test)
    assert next(button for button in test.button if button.label.startswith("Write")).disabled


def test_an_unknown_version_in_the_address_is_said(one: Version) -> None:
    test = open_page("explore.py", version="nothere")
    assert "There is no version nothere here" in html(test)


def test_the_store_is_never_written_by_looking(one: Version) -> None:
    before = {path.name for path in one.folder.iterdir()}
    open_page("explore.py")
    assert {path.name for path in one.folder.iterdir()} == before
    Store().verify(one)
