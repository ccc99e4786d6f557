"""Recipe: cards and text always say the same; what a run reports becomes its live table."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from curation import jobs
from curation.contract import Home
from curation.store import Store, Version
from streamlit_app.components.recipe_run import JOB, steps_of
from tests.curation.test_jobs import wait_for
from tests.streamlit_app.test_pages import html, open_page


def steps(test: AppTest) -> list[object]:
    return yaml.safe_load(test.text_area(key="recipe_text").value)["steps"]


def press(test: AppTest, key: str) -> AppTest:
    test = test.button(key=key).click().run()
    assert not test.exception
    return test


def test_cards_move_and_leave_and_the_text_follows(one: Version) -> None:
    test = open_page("recipe.py", version=one.id)
    assert [s if isinstance(s, str) else s["op"] for s in steps(test)] == [
        "stats",
        "filter",
        "split",
        "balance",
    ]
    test = press(test, "Move down_steps.0")
    assert [s if isinstance(s, str) else s["op"] for s in steps(test)] == [
        "filter",
        "stats",
        "split",
        "balance",
    ]
    test = press(test, "Take it out_steps.1")
    assert "stats" not in steps(test)


def test_typed_fields_write_the_text_and_show_what_it_says(one: Version) -> None:
    test = press(open_page("recipe.py", version=one.id), "edit_steps.2")
    test.number_input(key="f_steps_2_split_eval").set_value(0.25).run()
    assert steps(test)[2] == {"op": "split", "eval": 0.25}
    test.number_input(key="f_steps_2_split_at_least").set_value(3).run()
    test.text_input(key="f_steps_2_split_stratify").set_value("").run()
    assert steps(test)[2] == {
        "op": "split",
        "eval": 0.25,
        "at_least": 3,
    }  # empty is the default: nobody asked for it
    text = test.text_area(key="recipe_text")
    text.set_value(text.value.replace("eval: 0.25", "eval: 0.5")).run()
    assert test.number_input(key="f_steps_2_split_eval").value == 0.5
    test.number_input(key="f_steps_2_split_at_least").set_value(1).run()
    assert steps(test)[2] == {"op": "split", "eval": 0.5}  # a default isn't written


def test_a_wrong_value_is_refused_in_the_recipes_own_words(one: Version) -> None:
    test = press(open_page("recipe.py", version=one.id), "edit_steps.2")
    test.number_input(key="f_steps_2_split_eval").set_value(1.5).run()
    assert "steps.2.eval" in html(test)
    assert "This recipe can&#x27;t run yet." in html(test)
    test.number_input(key="f_steps_2_split_eval").set_value(0.1).run()
    assert "every field is known" in html(test)


def test_a_value_of_another_type_is_shown_as_yaml(one: Version) -> None:
    test = press(open_page("recipe.py", version=one.id), "edit_steps.2")
    text = test.text_area(key="recipe_text")
    text.set_value(text.value.replace("eval: 0.0", "eval: [1]").replace("eval: 0", "eval: [1]")).run()
    assert not test.exception
    assert test.text_input(key="f_steps_2_split_eval").value == "[1]"


def test_a_step_is_added_in_its_place_with_its_needed_fields_open(one: Version) -> None:
    test = open_page("recipe.py", version=one.id)
    test.selectbox(key="add_op").set_value("contamination").run()
    test = press(test, "add_step")
    assert [s if isinstance(s, str) else s["op"] for s in steps(test)][:4] == [
        "stats",
        "filter",
        "contamination",
        "split",
    ]
    assert test.multiselect(key="f_steps_2_contamination_against").value == []
    assert "This recipe can&#x27;t run yet." in html(test)


def test_sources_and_the_head_are_cards_too(one: Version) -> None:
    test = press(open_page("recipe.py", version=one.id), "edit_head")
    test.text_input(key="f_head_name").set_value("renamed").run()
    assert "renamed: 1 source, 4 steps." in html(test)
    test = press(test, "add_source")
    test.text_input(key="f_sources_1__uri").set_value("data/samples/larkfield.csv").run()
    assert "renamed: 2 sources, 4 steps." in html(test)
    test = press(test, "Take it out_sources.1")
    assert "renamed: 1 source, 4 steps." in html(test)


@pytest.mark.parametrize(
    "text",
    ["", "[", "steps: 3", "- a", "name: x\nsources: 3\nsteps: {}", "name: x\nsources: [1]\nsteps: [2, null]"],
)
def test_no_text_brings_the_page_down(one: Version, text: str) -> None:
    test = open_page("recipe.py", version=one.id)
    test.text_area(key="recipe_text").set_value(text).run()
    assert not test.exception


def test_a_runs_reports_become_lines() -> None:
    events = [
        {"event": "job", "state": "running"},
        {"event": "source_done", "name": "a", "rows": 9, "rejects": 1, "reasons": {"no answer": 1}},
        {"event": "step", "op": "stats", "rows": 9, "place": 0},
        {
            "event": "step_done",
            "op": "stats",
            "in": 9,
            "dropped": 0,
            "made": 0,
            "edited": 0,
            "out": 9,
            "reasons": {},
            "cached": True,
            "seconds": 0.0,
        },
        {"event": "step", "op": "filter", "rows": 9, "place": 1},
        {"event": "progress", "op": "filter", "done": 4, "total": 9, "rate": 1200.0},
    ]
    lines = steps_of(events)
    assert [(line["what"], line.get("out"), line.get("time"), line.get("why")) for line in lines] == [
        ("read a", 9, None, "1 no answer"),
        ("stats", 9, "from cache", ""),
        ("filter", None, "now", "4 of 9, 1,200/s"),
    ]
    events.append(
        {
            "event": "step_done",
            "op": "filter",
            "in": 9,
            "dropped": 2,
            "made": 0,
            "edited": 0,
            "out": 7,
            "reasons": {"too short": 2},
            "cached": False,
            "seconds": 1.26,
        }
    )
    assert steps_of(events)[-1] == {
        "what": "filter",
        "in": 9,
        "dropped": 2,
        "made": 0,
        "edited": 0,
        "out": 7,
        "why": "2 too short",
        "time": "1.3 s",
    }


def test_what_was_changed_is_still_there_after_another_page(one: Version) -> None:
    test = open_page("recipe.py", version=one.id)
    text = test.text_area(key="recipe_text")
    text.set_value(text.value.replace("seed: 3", "seed: 4")).run()
    test.switch_page("screens/balance.py").run()
    next(button for button in test.button if button.label == "Add to the recipe").click().run()
    assert not test.exception
    assert "seed: 4" in test.text_area(key="recipe_text").value


def test_two_windows_run_recipes_of_one_name_and_each_runs_its_own(one: Version, home: Path) -> None:
    """The second is started before the first has ended; both leave the version of their own recipe."""
    started = []
    for seed in (4, 5):
        test = open_page("recipe.py", version=one.id)
        text = test.text_area(key="recipe_text")
        text.set_value(text.value.replace("seed: 3", f"seed: {seed}")).run()
        next(button for button in test.button if button.label == "Run 4 steps").click().run()
        assert not test.exception
        started.append(jobs.get(Home(home), test.session_state[JOB]))
    for seed, job in zip((4, 5), started, strict=True):
        assert job.folder.name in job.arguments[1]
        answer = wait_for(job, "done", "failed").answer()
        assert answer is not None
        assert Store(Home(home)).get(answer["version"]).manifest.recipe["seed"] == seed
    assert "seed: 5" in (home / "recipes" / "first.yaml").read_text()  # the one that was run last, by name


def test_a_dry_run_is_named_once_and_leaves_the_name_where_it_is(one: Version, home: Path) -> None:
    test = open_page("recipe.py", version=one.id)
    next(button for button in test.button if button.label == "Dry run on 200").click().run()
    answer = wait_for(jobs.get(Home(home), test.session_state[JOB]), "done", "failed").answer()
    assert answer is not None
    assert answer["name"] == "first-dry"
    assert Store(Home(home)).refs()["first"] == one.id
    assert not (home / "recipes").exists()


def test_a_run_that_is_tried_again_is_the_one_that_the_page_shows(one: Version, home: Path) -> None:
    test = open_page("recipe.py", version=one.id)
    failed = jobs.start(Home(home), ["show", "nothing"], title="Run first")
    wait_for(failed, "failed")
    test.session_state[JOB] = failed.id
    press(test.run(), f"resume_{failed.id}")
    again = test.session_state[JOB]
    assert again != failed.id
    wait_for(jobs.get(Home(home), again), "failed")


def test_starting_again_closes_the_fields_that_were_open(one: Version) -> None:
    test = press(open_page("recipe.py", version=one.id), "edit_steps.1")
    press(test, "Take it out_steps.0")
    next(button for button in test.button if button.label == "Start again from this version").click().run()
    assert [step if isinstance(step, str) else step["op"] for step in steps(test)] == ["stats", "filter", "split", "balance"]  # type: ignore[index]  # fmt: skip
    assert [button.label for button in test.button if button.label == "Done"] == []
