"""Every page in every state of the store, through Streamlit's own test harness."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from curation import flat_texts, jobs
from curation.contract import Home
from curation.store import Store, Version
from streamlit_app.components import card_links, data, indexes
from tests.streamlit_app.conftest import APP, ROOT, make_version

SCREENS = sorted(path.name for path in (ROOT / "streamlit_app" / "screens").glob("*.py"))


def open_page(name: str, **params: str) -> AppTest:
    test = AppTest.from_file(APP, default_timeout=180).run()
    test.switch_page(f"screens/{name}")
    for key, value in params.items():
        test.query_params[key] = value
    return test.run()


def html(test: AppTest) -> str:
    """All of a page's own HTML as one text."""
    return "\n".join(str(element.proto.body) for element in test.get("html"))


def unfolded(test: AppTest, box: str) -> AppTest:
    """The page with a popover or an expander open; what is closed isn't drawn."""
    test.session_state[box] = True
    return test.run()


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


def test_the_sample_is_loaded_from_a_page_that_needs_a_version(home: Path) -> None:
    test = open_page("explore.py")
    assert "No versions yet." in html(test)
    test.button(key="load_sample").click().run()
    assert not test.exception
    (job,) = jobs.jobs(Home(home))
    assert job.arguments == ["run", "data/recipes/demo.yaml", "--json"]
    while jobs.read(job.folder).status == "running":
        time.sleep(0.05)
    assert "141 rows" in html(test.run())


def test_home_finds_running_jobs_and_lets_killed_ones_go_on(home: Path) -> None:
    """As after a restart of the workbench: the page knows of both only by their folders."""
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    running = jobs.start(Home(home), ["x"], title="Long work", program=sleeper)
    killed = jobs.start(Home(home), ["y"], title="Cut work", program=[sys.executable, "-c", "pass"])
    while jobs.read(killed.folder).status == "running":
        time.sleep(0.05)
    (killed.folder / "status").write_text("running\n")
    test = open_page("home.py")
    assert not test.exception
    assert "tw-job-running" in html(test)
    assert "tw-job-killed" in html(test)
    assert test.button(key=f"resume_{killed.id}").label == "Go on from where it stopped"
    again = jobs.resume(Home(home), jobs.read(killed.folder))
    while jobs.read(again.folder).status == "running":
        time.sleep(0.05)
    assert f"resume_{killed.id}" not in [button.key for button in open_page("home.py").button]
    test.button(key=f"stop_{running.id}").click().run()
    assert jobs.read(running.folder).stopping or jobs.read(running.folder).status != "running"
    if jobs.read(running.folder).status == "running":
        jobs.stop(jobs.read(running.folder), at_once=True, wait=10)


def test_home_tells_sources_versions_and_jobs_apart(home: Path, one: Version) -> None:
    made = jobs.start(Home(home), ["x"], title="Quick work", program=[sys.executable, "-c", "pass"])
    while jobs.read(made.folder).status == "running":
        time.sleep(0.05)
    shown = html(open_page("home.py"))
    sources, rest = shown.split(">Sources</h2>")[1].split(">Versions</h2>")
    versions, rest = rest.split(">Exports</h2>")
    assert f'href="./explore?version={one.manifest.parents[0]}">turns</a>' in sources
    assert "<strong>8</strong> rows" in sources
    assert "turns.jsonl</span> · no licence stated" in sources
    assert f'href="./explore?version={one.id}">first</a>' in versions
    assert "made by a recipe" in versions
    assert "Quick work" in rest.split(">Jobs</h2>")[1]
    assert 'tw-chip tw-done">done' in rest


@pytest.mark.parametrize(
    ("to", "found"),
    [
        (card_links.address("train", run="a&b"), ("screens/train.py", {"run": "a&b"})),
        (card_links.address("explore", version="0a"), ("screens/explore.py", {"version": "0a"})),
        ("https://evil.invalid/explore?version=0a", None),
        ("//evil.invalid/explore", None),
        ("./../explore", None),
        ("javascript:alert(1)", None),
    ],
)
def test_cards_lead_to_pages_alone(to: str, found: tuple[str, dict[str, str]] | None) -> None:
    assert card_links.follow(to) == found


def test_two_windows_filter_apart_and_share_the_tray(one: Version) -> None:
    left, right = open_page("explore.py", version=one.id), open_page("explore.py", version=one.id)
    left.text_input(key="text").set_value("sign").run()
    right.run()
    assert "2 of 6 rows" in html(left)
    assert "6 rows: 33.3% code" in html(right)
    unfolded(left, "open_drop").button(key="do_drop").click().run()
    assert "<b>2 drops</b> wait" in html(right.run())  # the row and its copy


def test_explore_filters_on_the_server(one: Version) -> None:
    test = open_page("explore.py", version=one.id)
    assert "6 rows: 33.3% code, 2 repeats." in html(test)
    test.multiselect(key="category").set_value(["legal"]).run()
    assert "2 of 6 rows (33.3%): all legal, 1 repeat." in html(test)
    assert "May I cross here?" not in html(test)  # texts come through the component that escapes them
    test.multiselect(key="category").set_value([]).run()
    test.text_input(key="text").set_value("Only WHERE the sign").run()
    assert "2 of 6 rows (33.3%): all legal, 1 repeat." in html(test)


def test_the_filters_stand_where_they_stood_after_the_first_look(one: Version) -> None:
    """At the first look the rows come before the filters; what is listed, and where each filter stands, is the same after it."""
    test = open_page("explore.py", version=one.id)
    first = [(block.type, block.label) for block in test.main if hasattr(block, "label")]
    listed = html(test)
    test.run()
    assert [(block.type, block.label) for block in test.main if hasattr(block, "label")] == first
    assert html(test) == listed
    assert [one for kind, one in first if kind in ("text_input", "multiselect")][:3] == ["Search the text", "Category", "Origin"]  # fmt: skip
    test.multiselect(key="category").set_value(["legal"]).run()
    assert "2 of 6 rows (33.3%): all legal, 1 repeat." in html(test)


def test_explore_says_what_is_wrong_with_a_pattern_and_an_expression(one: Version) -> None:
    test = open_page("explore.py")
    test.toggle(key="regex").set_value(True)
    test.text_input(key="text").set_value("(").run()
    assert "These rows can&#x27;t be listed." in html(test)
    assert "can&#x27;t read the pattern &#x27;(&#x27;: unclosed group." in html(test)
    test.text_input(key="text").set_value("")
    unfolded(test, "more_filters").text_input(key="where").set_value("stats.wrods > 1").run()
    assert "stats.words" in html(test)


@pytest.mark.parametrize(
    "asked",
    [
        {"text": "zebra", "category": "legal", "sort": "words"},
        {"category": "nowhere"},
        {"where": "stats.words > 1000", "kin": "0a"},
        {"text": "(", "regex": "true"},
    ],
)
def test_explore_takes_all_filters_away(one: Version, asked: dict[str, str]) -> None:
    test = open_page("explore.py", version=one.id, **asked)
    test.button(key="clear_filters").click().run()
    assert not test.exception
    assert "6 rows: 33.3% code" in html(test)
    assert set(test.query_params) <= {"version", "sort"}
    words = test.slider(key="words")
    words.set_range(words.min, words.min).run()
    test.text_input(key="text").set_value("zebra").run()
    test.button(key="clear_filters").click().run()
    assert "6 rows: 33.3% code" in html(test)


def test_explore_opens_a_row_by_its_address(one: Version) -> None:
    row = one.rows()["id"][3]
    test = open_page("explore.py", version=one.id, row=row)
    assert f'<code class="tw-id">{row}</code>' in html(test)


def test_explore_shows_what_was_dropped_and_why(one: Version) -> None:
    test = open_page("explore.py", version=one.id, rows="dropped")
    assert "4 rows dropped on the way to this version: 75.0% math." in html(test)


def test_explore_decides_by_hand_and_undoes(one: Version) -> None:
    row = one.rows()["id"][0]
    test = open_page("explore.py", version=one.id, row=row)
    unfolded(test, "open_drop").text_input(key="why_drop").set_value("wrong").run()
    test.button(key="do_drop").click().run()
    assert not test.exception
    assert not test.session_state["open_drop"]  # done, so it closes
    assert "<b>1 drop</b> wait" in html(test)
    assert "Waits: 1 drop (wrong)" in html(test)
    assert test.button(key="tray_make").label == "Make a version"
    test.button(key="tray_undo").click().run()
    assert "wait; this version stays" not in html(test)
    assert not list((one.folder.parents[2] / "hand").glob("[!.]*"))


def test_explore_edits_a_row_and_its_copies(one: Version) -> None:
    rows = one.rows()
    copy = rows.filter(rows["made_by"].is_not_null()).row(0, named=True)
    test = open_page("explore.py", version=one.id, row=copy["id"])
    test.button(key="edit_row").click().run()
    test.text_area(key=f"turn_{copy['id']}_1").set_value("Better so.")
    keep = next(button for button in test.button if button.label == "Keep this edit")
    keep.click().run()
    assert not test.exception
    same = rows.filter(rows["content_hash"] == copy["content_hash"]).height
    assert f"<b>{same} edits</b> wait" in html(test)


def test_explore_decides_about_all_that_a_filter_found(one: Version) -> None:
    test = open_page("explore.py", version=one.id, category="legal")
    assert "2 of 6 rows (33.3%): all legal, 1 repeat." in html(test)
    assert test.multiselect(key="category").value == ["legal"]
    unfolded(test, "open_many").button(key="many_go").click().run()
    assert "<b>2 drops</b> wait" in html(test)


def test_explore_says_that_the_tray_is_damaged(one: Version) -> None:
    path = one.folder.parents[2] / "hand" / f"{one.id}.jsonl"
    path.parent.mkdir()
    path.write_text("not json\n")
    test = open_page("explore.py", version=one.id)
    assert not test.exception
    assert "the decisions that wait can&#x27;t be read" in html(test)


def test_explore_shows_two_rows_side_by_side(one: Version) -> None:
    rows = one.rows()
    child = rows.filter(rows["made_by"].is_not_null()).row(0, named=True)
    test = open_page("explore.py", version=one.id, row=child["id"], beside=child["parent_id"])
    assert "Parent and child, made by balance: 100% of the text is the same." in html(test)


@pytest.mark.parametrize(
    ("query", "rows"), [({"origin": "repeat"}, 2), ({"sort": "words"}, 6), ({"where": "category == 'code'"}, 2), ({"split": "train"}, 6),
                        ({"source": "turns"}, 6), ({"text": "SIGN"}, 2), ({"text": "^m.y i", "regex": "true"}, 2)]
)  # fmt: skip
def test_a_deep_link_filters(one: Version, query: dict[str, str], rows: int) -> None:
    test = open_page("explore.py", version=one.id, **query)
    assert not test.exception
    assert f'class="tw-finding">{rows} ' in html(test)


def test_a_deep_link_to_kin_lists_a_row_and_what_was_made_of_it(one: Version) -> None:
    rows = one.rows()
    parent = rows.filter(rows["made_by"].is_not_null())["parent_id"][0]
    kin = rows.filter((rows["id"] == parent) | (rows["parent_id"] == parent)).height
    assert f'class="tw-finding">{kin} of 6' in html(open_page("explore.py", version=one.id, kin=parent))


@pytest.mark.parametrize("screen", ["explore.py", "clean.py"])
def test_a_page_waits_for_no_index_of_texts(
    one: Version, monkeypatch: pytest.MonkeyPatch, screen: str
) -> None:
    """As a large version is that nobody has looked at: its rows are there at once, with their first words."""
    monkeypatch.setattr(indexes, "AT_ONCE", 0)
    monkeypatch.setattr(indexes, "AFTER", 600.0)
    test = open_page(screen, version=one.id, topic="Duplicates")
    assert not test.exception
    assert "The texts are being indexed, once for this version;" in html(test)
    assert not flat_texts.path_of(one, "kept").exists()


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


def test_an_unknown_version_in_the_address_is_said(one: Version) -> None:
    test = open_page("explore.py", version="nothere")
    assert "There is no version nothere here" in html(test)


def test_the_store_is_never_written_by_looking(one: Version) -> None:
    before = {path.name for path in one.folder.iterdir()}
    open_page("explore.py")
    assert {path.name for path in one.folder.iterdir()} == before
    Store().verify(one)
