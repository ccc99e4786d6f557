"""Augment: candidates of a real preview, decisions by hand, and the step that they go into."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from curation.ingest import ingest
from curation.recipe import step_from
from curation.store import Version
from streamlit_app.components.augment_charts import wilson
from streamlit_app.components.candidate_html import candidate_html, difference_html, gates_html
from streamlit_app.components.candidates import by_generator, firm
from tests.streamlit_app.conftest import ROOT
from tests.streamlit_app.test_pages import html, open_page

GATES = {"semantic": None, "fit": None, "lexical": [0.9, 1.0], "length": None}
MAP = {"user": "question", "assistant": "answer", "category": "topic"}


def finished_job(
    home: Path, answer: dict[str, Any], *, arguments: list[str], name: str = "20260101-000000-abcdef"
) -> str:
    """A job's folder as one that is done leaves it; returns its id."""
    folder = home / "jobs" / name
    folder.mkdir(parents=True)
    said = {
        "arguments": arguments,
        "title": "Try",
        "started": time.time(),
        "program": [],
        "home": str(home),
        "cwd": str(home),
    }
    (folder / "command.json").write_text(json.dumps(said))
    (folder / "log.txt").write_text("some line\n" + json.dumps(answer) + "\n")
    (folder / "status").write_text("done 0\n")
    (folder / "lock").touch()
    return name


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a real preview says of the bundled sample's legal rows: words dropped, a narrow lexical gate."""
    pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
    from curation.augment.preview import of_rows

    step = step_from(
        {"op": "augment", "category": "legal", "rows": 8, "generators": ["delete"], "gates": GATES}
    )
    rows = ingest(str(ROOT / "data" / "samples" / "larkfield.csv"), name="larkfield", mapping=MAP).rows
    told = of_rows(rows.with_columns(split=pl.lit("train")), step, None, 8).to_dict()
    assert {c["kept"] for c in told["candidates"][:5]} == {True, False}
    return dict(json.loads(json.dumps(told)))


@pytest.fixture
def tried(home: Path, one: Version, found: dict[str, Any]) -> tuple[AppTest, dict[str, Any]]:
    """The page after a try."""
    test = open_page("augment.py", version=one.id)
    test.session_state["augment_job"] = finished_job(home, found, arguments=["augment", "preview"])
    return test.run(), found


def code(test: AppTest) -> str:
    return next(block.value for block in test.code if block.value.startswith("- {op: augment"))


def test_augment_says_what_lacks_rows_most(one: Version) -> None:
    test = open_page("augment.py", version=one.id)
    assert "code has 1 training row of its own" in html(test)
    assert code(test) == "- {op: augment, category: code, rows: 1, generators: [synonym]}"


def test_candidates_stand_beside_their_parents_with_gates(tried: tuple[AppTest, dict[str, Any]]) -> None:
    test, found = tried
    assert not test.exception
    body = html(test)
    kept = sum(c["kept"] for c in found["candidates"])
    assert f"{kept} of {len(found['candidates'])} candidates" in body
    first = found["candidates"][0]
    assert first["parent_id"] in body
    assert "<del>" in body
    assert "<ins>" in body
    assert "0.9 to 1" in body


def test_what_nothing_was_made_of_stands_last(home: Path, tried: tuple[AppTest, dict[str, Any]]) -> None:
    test, found = tried
    every = found["candidates"]
    nothing = {**every[0], "id": "0" * 16, "after": None, "kept": False, "may_accept": False}
    answer = {**found, "candidates": [nothing, *every]}
    test.session_state["augment_job"] = finished_job(
        home, answer, arguments=[], name="20260101-000001-abcdef"
    )
    test.run()
    assert not test.exception
    assert "Nothing was made of it." not in html(test)
    pages = -(-(len(every) + 1) // 5)
    test.number_input(key=f"candidate_page_all_{pages}").set_value(pages).run()
    assert "Nothing was made of it." in html(test)


def test_a_decision_by_hand_goes_into_the_step_and_the_recipe(tried: tuple[AppTest, dict[str, Any]]) -> None:
    test, found = tried
    shown = found["candidates"][:5]
    kept = next(c for c in shown if c["kept"])
    lost = next(c for c in shown if not c["kept"] and c["may_accept"])
    test.segmented_control(key=f"hand_{kept['id']}").set_value("reject").run()
    test.segmented_control(key=f"hand_{lost['id']}").set_value("accept").run()
    assert not test.exception
    assert "rejected by hand" in html(test)
    assert f"accept: [{lost['id']}], reject: [{kept['id']}]" in code(test)
    next(b for b in test.button if b.label.startswith("Add to the recipe")).click().run()
    assert not test.exception
    assert f"reject: [{kept['id']}]" in test.text_area(key="recipe_text").value
    assert "every field is known" in html(test)


def test_a_decision_can_be_taken_back(tried: tuple[AppTest, dict[str, Any]]) -> None:
    test, found = tried
    kept = next(c for c in found["candidates"][:5] if c["kept"])
    test.segmented_control(key=f"hand_{kept['id']}").set_value("reject").run()
    test.segmented_control(key=f"hand_{kept['id']}").set_value("by the gates").run()
    assert "reject" not in code(test)


def test_text_of_candidates_is_text() -> None:
    one = {
        "id": "a", "parent_id": "<b>", "category": "<i>", "generator": "swap", "parameters": '{"share": "<u>"}', "attempt": 0, "before": "<img src=x>",
        "after": "y", "parts": [{"kind": "gone", "text": "<script>"}, {"kind": "new", "text": "ok"}], "answer_parts": [], "kept": False,
        "gate": "fit", "reason": "<svg onload=1>", "gates": [{"gate": "language", "value": None, "text": "<x>", "low": None, "high": None, "passed": False}],
    }  # fmt: skip
    body = candidate_html(one, kept=False)
    for tag in ("<img", "<script", "<svg", "<x>", "<u>"):
        assert tag not in body
    assert "<del>&lt;script&gt;</del><ins>ok</ins>" in body


def test_the_difference_is_cut_where_it_would_flood_the_page() -> None:
    body = difference_html([{"kind": "same", "text": "a" * 5000}, {"kind": "new", "text": "b"}])
    assert body.count("a") < 4100
    assert "cut after 4,000 characters" in body


def test_a_gate_shows_its_value_on_the_allowed_stretch() -> None:
    body = gates_html(
        [{"gate": "length", "value": 2.0, "text": None, "low": 0.5, "high": 1.5, "passed": False}]
    )
    assert 'style="left:25.0%;width:50.0%"' in body  # 0.5 to 1.5 on a line from 0 to 2
    assert 'class="tw-at" style="left:100.0%"' in body
    assert "0.5 to 1.5" in body


@pytest.mark.parametrize(
    ("kept", "tried_", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 5, 0.0, 0.4345), (5, 5, 0.5655, 1.0), (0, 0, 0.0, 1.0)],
)
def test_the_interval_of_a_share_is_wilsons(kept: int, tried_: int, low: float, high: float) -> None:
    assert wilson(kept, tried_) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_reasons_of_several_categories_are_added_up() -> None:
    summary = {
        "by generator": [
            {"category": "a", "generator": "swap", "kept": 3},
            {"category": "b", "generator": "swap", "kept": 2},
        ],
        "rejected": [
            {"category": "a", "generator": "swap", "reason": "nothing changed", "count": 1},
            {"category": "b", "generator": "swap", "reason": "nothing changed", "count": 1},
            {"category": "b", "generator": "swap", "reason": "fit", "count": 3},
            {"category": "b", "generator": "synonym", "reason": "no synonym fits", "count": 4},
        ],
    }
    assert by_generator(summary) == [
        {"generator": "swap", "kept": 5, "lost": 5, "rate": 0.5, "why": "fit 3, nothing changed 2"},
        {"generator": "synonym", "kept": 0, "lost": 4, "rate": 0.0, "why": "no synonym fits 4"},
    ]


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("near_dup", "it is too near to another row"),
        ("contamination", "it repeats a benchmark"),
        ("length", "its prompt is empty"),
    ],
)
def test_why_no_hand_can_accept_it(gate: str, said: str) -> None:
    gates = [
        {"gate": "fit", "passed": False},
        {"gate": "flags", "passed": None},
        {"gate": gate, "passed": False},
    ]
    assert firm({"gates": gates}) == said
