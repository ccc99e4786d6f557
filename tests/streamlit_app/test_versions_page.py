"""Versions: names and roll back, the graph, two versions compared, the card, what a damaged version may not do, push."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from curation import jobs
from curation.contract import Home
from curation.store import Store, Version
from curation.views import family_lines
from streamlit_app.components.downloading import jsonl
from tests.streamlit_app.conftest import make_version
from tests.streamlit_app.test_pages import html, open_page

OUT = "Check, export, download"


def tab(version: Version, name: str) -> AppTest:
    test = open_page("versions.py", version=version.id, tab=name)
    assert not test.exception
    return test


def button(test: AppTest, starts: str) -> object:
    return next(one for one in test.button if one.label.replace("\\", "").startswith(starts))


def test_a_name_is_given_renamed_and_moved_back(home: Path, one: Version) -> None:
    second = make_version(home, "first", least=1)  # the same name moves on
    store = Store()
    assert store.history("first") == [one.id, second.id]
    test = tab(second, "Names")
    assert test.selectbox(key="rolled").value == "first"
    test.button(key="roll_back").click().run()
    assert f"first stands for {one.id} again." in html(test)
    assert store.refs()["first"] == one.id
    assert store.history("first") == [one.id, second.id, one.id]  # nothing is forgotten
    test.text_input(key="new_name").set_value("gold").run()
    button(test, f"Name {second.id[:8]} gold").click().run()
    assert store.refs()["gold"] == second.id
    test.selectbox(key="old_name").set_value("gold")
    test.text_input(key="renamed").set_value("silver").run()
    button(test, "Rename gold to silver").click().run()
    assert "gold is called silver now." in html(test)
    assert store.refs()["silver"] == second.id
    assert "gold" not in store.refs()


def test_a_name_waits_for_the_job_that_writes(home: Path, one: Version) -> None:
    store, test = Store(), tab(one, "Names")
    test.text_input(key="new_name").set_value("gold").run()
    with store.lock():
        button(test, f"Name {one.id[:8]} gold").click().run()
        (job,) = jobs.jobs(Home(home))
        assert job.arguments == ["name", "gold", one.id, "--json"]
        while not jobs.read(job.folder).waiting:
            time.sleep(0.05)
        assert "waits until the job before it is done" in html(test.run())
        assert "gold" not in store.refs()
    while jobs.read(job.folder).status == "running":
        time.sleep(0.05)
    assert store.refs()["gold"] == one.id


def test_a_name_that_is_taken_or_no_name_is_refused_in_words(home: Path, one: Version) -> None:
    test = tab(one, "Names")
    test.selectbox(key="old_name").set_value("first")
    test.text_input(key="renamed").set_value("turns").run()
    button(test, "Rename first to turns").click().run()
    assert "the name &#x27;turns&#x27; is taken" in html(test)
    test.text_input(key="new_name").set_value("../x").run()
    button(test, f"Name {one.id[:8]} ../x").click().run()
    assert "can&#x27;t be a name" in html(test)
    assert set(Store().refs()) == {"first", "turns"}


def test_the_graph_knows_parents_and_children(home: Path, one: Version) -> None:
    second = make_version(home, "second", least=1)
    store = Store()
    source = one.manifest.parents[0]
    assert family_lines(store, one, store.versions()) == [(source, one.id)]
    assert set(family_lines(store, store.get(source), store.versions())) == {
        (source, one.id),
        (source, second.id),
    }


def test_two_versions_are_compared_with_examples_and_reasons(home: Path, one: Version) -> None:
    second = make_version(home, "second", least=1)
    test = tab(one, "Compare")
    test.selectbox(key="against").set_value(one.manifest.parents[0]).run()
    assert "Rows by category, before and after" in html(test)
    assert "From turns to first:" in html(test)
    test.segmented_control(key="kind").set_value("dropped").run()
    assert not test.exception
    assert "not stats.assistant_words &gt;= 2" in html(test)
    test.segmented_control(key="kind").set_value("moved").run()
    assert "no split" in html(test)
    assert second


def test_a_version_is_compared_with_what_its_name_stood_for_before(home: Path, one: Version) -> None:
    again = make_version(home, "first", least=1)
    test = tab(again, "Compare")
    assert test.selectbox(key="against").value == one.id
    assert f"From first {one.id[:8]} to first {again.id[:8]}:" in html(test)
    assert tab(one, "Compare").selectbox(key="against").value == one.manifest.parents[0]


def test_an_edit_is_shown_word_by_word(home: Path, one: Version) -> None:
    from curation.run import apply
    from curation.steps.hand import Hand

    source = Store().get(one.manifest.parents[0])
    rows = source.rows()
    row = rows.filter(rows["messages"].list.get(0).struct.field("content") == "And 5 + 5?")["id"][0]
    step = Hand.model_validate(
        {"op": "hand", "decisions": [{"row": row, "do": "edit", "turns": {1: "That makes 10."}}]}
    )
    done = apply(rows, step)
    store = Store()
    with store.lock():
        edited = store.put(done.rows, done.ledger, kind="edit", name="edited", parents=[source.id])
    test = tab(edited, "Compare")
    assert "1 edited" in html(test)
    assert "<del>ten</del><ins>10</ins>" in html(test)


def test_a_whole_version_is_checked_at_once_and_can_leave(one: Version) -> None:
    test = tab(one, OUT)
    assert f"Whole: {one.manifest.rows:,} rows" in html(test)
    assert not button(test, f"Write {one.manifest.rows} rows to exports/first").disabled


@pytest.mark.parametrize("damage", ["rows", "size", "gone"])
def test_a_damaged_version_is_marked_and_barred_from_every_way_out(one: Version, damage: str) -> None:
    path = one.folder / "rows.parquet"
    if damage == "rows":
        rows = one.rows()
        rows.with_columns(category=rows["category"].reverse()).write_parquet(path)
    elif damage == "size":
        path.write_bytes(path.read_bytes() + b"x")
    else:
        path.unlink()
    test = tab(one, OUT)
    assert "It can&#x27;t be exported." in html(test)
    assert button(test, "Write").disabled
    test.text_input(key="push_repo").set_value("me/rows").run()
    assert button(test, "Push 4 files to me/rows").disabled
    assert all(found.proto.disabled for found in test.get("download_button"))
    assert "damaged: rows.parquet" in html(tab(one, "History"))


def test_the_card_is_drawn_and_its_recipe_is_text(one: Version) -> None:
    test = tab(one, "Card")
    assert any("Rows by category" in str(block.value) for block in test.markdown)
    assert any("name: first" in block.value for block in test.code)
    assert any("license:" in block.value for block in test.code)


@pytest.mark.parametrize(
    ("shape", "first"),
    [
        ("ShareGPT", {"conversations": [{"from": "human", "value": "What is 2 + 2?"}, {"from": "gpt", "value": "It is $2 + 2 = 4$."}]}),
        ("messages", {"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "It is $2 + 2 = 4$."}]}),
        ("Alpaca", {"instruction": "What is 2 + 2?", "input": "", "output": "It is $2 + 2 = 4$."}),
    ],
)  # fmt: skip
def test_downloads_hold_every_row_in_their_shape(one: Version, shape: str, first: dict[str, object]) -> None:
    source = Store().get(one.manifest.parents[0])
    lines = [json.loads(line) for line in jsonl(source, shape)]
    assert len(lines) == source.manifest.rows
    assert {key: value for key, value in lines[0].items() if key in first} == first
    assert lines[0]["category"] == "math"


def test_the_push_button_says_what_will_happen(one: Version) -> None:
    test = tab(one, OUT)
    assert button(test, "Push 4 files to USER/NAME").disabled
    test.text_input(key="push_repo").set_value("nonsense").run()
    assert "Write the repository as USER/NAME." in html(test)
    test.text_input(key="push_repo").set_value("me/rows").run()
    assert not button(test, "Push 4 files to me/rows").disabled
