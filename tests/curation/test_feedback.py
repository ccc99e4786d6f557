"""Feedback of a run becomes rows that wait, are held against the evaluation rows, and train when accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from talks import talk

from curation import feedback, review
from curation.contract import Home, RunInfo
from curation.errors import InputError
from curation.eval_overlap import overlap
from curation.export import write_export
from curation.ingest import ingest
from curation.recipe import parse_recipe
from curation.rows import MESSAGES
from curation.run import run_recipe
from curation.store import Store, Version

ASKED = "Where can I leave the bicycle when the shop is closed on a Sunday?"
Remark = Callable[..., dict[str, Any]]


@pytest.fixture
def run(home: Home, ran: Version) -> Path:
    """A finished run on the tiny recipe's version."""
    info = RunInfo(
        run_id="r1", state="done", base_model="b", base_revision=None, template="", template_hash="", template_date="",
        bos_token=None, stop_tokens=[], stop_token_ids=[], system_prompt=None, max_length=8, probes=[],
        dataset={"name": "tiny", "dataset_id": ran.id}, key="", key_parts={}, config={}, packages={}, command="",
    )  # fmt: skip
    folder = home.runs / "r1"
    info.write(folder)
    return folder


@pytest.fixture
def remark(run: Path) -> Remark:
    """Write one remark as the chatbot does."""
    count = 0

    def write(
        kind: str = "up", messages: Any = None, file: str = "feedback-1.jsonl", **more: Any
    ) -> dict[str, Any]:
        nonlocal count
        count += 1
        line = {
            "schema_version": 1, "id": f"{count:032x}"[::-1], "time": f"2026-01-0{count}T00:00:00+00:00", "run_id": "r1",
            "model": "tuned", "base_model": "b", "dataset": "tiny", "dataset_id": "d", "kind": kind, "complaint": None,
            "correction": None, "remark": None, "consent": "I agree.",
            "messages": talk(ASKED, "By the gate.") if messages is None else messages, **more,
        }  # fmt: skip
        path = run / "feedback" / file
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(line) + "\n")
        return line

    return write


def read(home: Home) -> pl.DataFrame:
    return ingest("feedback:r1", name="fb", home=home).rows


def recipe(run: Path, version: str) -> Any:
    return parse_recipe(
        "name: mix\nsources:\n  - {uri: 'feedback:r1', name: fb}\n"
        f"  - {{uri: 'version:{version}', name: tiny}}\nsteps: []\n"
    )


def test_whose_answer_it_is_and_where_it_came_from(home: Home, remark: Remark) -> None:
    remark("up", seed=7)
    remark("down", complaint="wrong", correction="Behind the shed.")
    sides = [{"name": "base", "answer": "No."}, {"name": "tuned", "answer": "At the door."}]
    remark("vote", talk(ASKED)[:1], choice="B", sides=sides, model="both")
    remark("down", complaint="style", remark="Too short")
    rows = read(home)
    assert rows.select("feedback.kind", "feedback.answer", "feedback.model", "feedback.complaint", "feedback.seed").rows() == [
        ("up", "model", "tuned", None, 7),
        ("down", "person", "tuned", "wrong", None),
        ("vote", "model", "tuned", None, None),
        ("down", "model", "tuned", "style", None),
    ]  # fmt: skip
    assert [m[-1]["content"] for m in rows["messages"]] == [
        "By the gate.", "Behind the shed.", "At the door.", "By the gate.",
    ]  # fmt: skip
    assert rows["feedback.model_turns"].to_list() == [1, 0, 1, 1]
    assert rows.select(
        "source", "feedback.run", "feedback.dataset", "feedback.dataset_id"
    ).unique().rows() == [("fb", "r1", "tiny", "d")]
    assert rows["feedback.review"].unique().to_list() == ["waiting"]


def test_rows_and_rejects_are_all_remarks(home: Home, run: Path, remark: Remark) -> None:
    first = remark("up")
    remark("up", consent=None)
    remark("vote", talk(ASKED)[:1], choice="tie", sides=[])
    remark("vote", talk(ASKED)[:1], choice="A", sides=[{"name": "x", "answer": " "}] * 2)
    remark("maybe")
    remark("up", schema_version=2)
    remark("up", talk(ASKED)[:1])
    remark("up", [{"role": "narrator", "content": "x"}])
    with (run / "feedback" / "feedback-2.jsonl").open("w") as handle:
        handle.write(json.dumps(first) + "\n{torn\n")
    read = ingest("feedback:r1", name="fb", home=home)
    assert read.rejects.select("file", "line", "reason").rows() == [
        ("feedback-1.jsonl", 2, "no consent"),
        ("feedback-1.jsonl", 3, "no answer was chosen"),
        ("feedback-1.jsonl", 4, "no answer"),
        ("feedback-1.jsonl", 5, "not a remark"),
        ("feedback-1.jsonl", 6, "not a remark"),
        ("feedback-1.jsonl", 7, "no answer"),
        ("feedback-1.jsonl", 8, "unknown role"),
        ("feedback-2.jsonl", 1, "remark is there twice"),
        ("feedback-2.jsonl", 2, "broken JSON"),
    ]
    assert read.rows.height + read.rejects.height == read.info["input_rows"] == 10
    assert (read.info["kind"], read.info["run"]) == ("feedback", "r1")


def test_what_waits_is_dropped_on_record_and_what_is_accepted_trains(
    store: Store, home: Home, run: Path, ran: Version, remark: Remark
) -> None:
    waits, liked, bad = (
        remark("up"),
        remark("up", talk("Is there a lift?", "Yes, at the back.")),
        remark("down"),
    )
    chosen = {"accept": [liked["id"][:6]], "reject": [bad["id"]]}
    assert review.decide(home, "r1", read(home), chosen) == 2
    version = run_recipe(recipe(run, ran.id), store, workers=1)
    kept = version.rows().filter(pl.col("source") == "fb")
    assert kept.select("feedback.id", "feedback.review").rows() == [(liked["id"], "accepted")]
    gone = version.dropped().filter(pl.col("source") == "fb")
    assert gone.sort("reason").select("feedback.id", "reason", "dropped_by").rows() == [
        (bad["id"], "rejected in review", "feedback"),
        (waits["id"], "waits for review", "feedback"),
    ]
    lines = version.ledger().filter(pl.col("op") == "feedback")
    assert sorted(lines["row_id"]) == sorted(gone["id"])


def test_an_export_refuses_what_nobody_accepted(
    store: Store, home: Home, ran: Version, remark: Remark
) -> None:
    remark("up")
    rows = read(home).with_columns(split=pl.lit("train"))
    with store.lock():
        version = store.put(rows, pl.DataFrame(schema=ran.ledger().schema), kind="edit", name="sneaky")
    with pytest.raises(
        InputError, match=r"1 rows of feedback may not train.*waits for review.*tome feedback review"
    ):
        write_export(store, version, name="sneaky")


def test_a_remark_that_repeats_an_evaluation_row_is_held_back_with_evidence(
    store: Store, home: Home, run: Path, ran: Version, remark: Remark
) -> None:
    held = ran.rows().filter(pl.col("split") == "eval")
    question = held["messages"][0][0]["content"]
    one = remark("up", talk(question.upper() + "?!", "Ten."))
    other = remark("up")
    rows = read(home)
    assert rows["feedback.review"].to_list() == ["evaluation", "waiting"]
    assert rows.select("feedback.eval_row", "feedback.eval_part", "feedback.eval_near").row(0) == (
        held["id"][0],
        "question",
        1.0,
    )
    with pytest.raises(InputError, match=f"repeats evaluation row {held['id'][0]}, so it may never train"):
        review.decide(home, "r1", rows, {"accept": [other["id"], one["id"]]})
    assert feedback.decisions(run / "feedback") == {}  # nothing of a refused batch is written
    feedback.decide(run / "feedback", [one["id"], other["id"]], "accept")  # by hand, past the check
    version = run_recipe(recipe(run, ran.id), store, workers=1)
    assert version.rows().filter(pl.col("source") == "fb")["feedback.id"].to_list() == [other["id"]]
    line = version.ledger().filter(pl.col("op") == "feedback").row(0, named=True)
    assert (line["reason"], json.loads(line["evidence"])["eval_row"]) == (
        "repeats an evaluation row",
        held["id"][0],
    )


LONG = "Put the bicycle behind the gate and drop the key into the green letter box beside the door"
HELD = pl.DataFrame(
    {
        "id": ["e1", "e2", "e3"],
        "messages": pl.Series(
            [talk("What does a lock cost?", "Ten pounds."), talk("Hi", "Hello."), talk("How do I bring it back late?", LONG + ", please.")],
            dtype=MESSAGES,
        ),
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("messages", "row", "part", "share", "near"),
    [
        (talk("what does a lock cost", "x"), "e1", "question", None, 1.0),
        (talk("Hello there", "x", "What does a lock cost?", "y"), "e1", "question", None, 1.0),
        (talk("hi", "x"), "e2", "question", None, 1.0),
        (talk("Anything else?", "x", "hi", "y"), None, None, None, None),  # a later turn of one word
        (talk("Tell me more", f"Well: {LONG}."), "e3", "answer", 6 / 7, None),
        (
            talk("Tell me more", "drop the key into the green letter box beside the door"),
            None,
            None,
            None,
            None,
        ),
        (talk("What does a chain for my other bicycle cost?", "x"), None, None, None, None),
    ],
)
def test_overlap_with_evaluation(messages: Any, row: str, part: str, share: float, near: float) -> None:
    found = overlap(pl.Series([messages], dtype=MESSAGES), HELD).row(0, named=True)
    assert (found["feedback.eval_row"], found["feedback.eval_part"], found["feedback.eval_near"]) == (
        row,
        part,
        near,
    )
    assert found["feedback.eval_share"] == (share if share is None else pytest.approx(share))
    assert (found["feedback.eval_match"] == LONG) == (share is not None)


def test_no_evaluation_rows_share_nothing() -> None:
    found = overlap(pl.Series([talk("a", "b")] * 2, dtype=MESSAGES), HELD[:0])
    assert found.height == 2 and found.null_count().row(0) == (2, 2, 2, 2, 2)


def test_a_disliked_answer_needs_a_better_one(home: Home, run: Path, remark: Remark) -> None:
    one = remark("down", complaint="wrong")
    with pytest.raises(InputError, match=r"gave no better one. Accept it with --answer TEXT"):
        review.decide(home, "r1", read(home), {"accept": [one["id"]]})
    feedback.decide(run / "feedback", [one["id"]], "accept")  # by hand, past the check
    assert read(home)["feedback.review"].to_list() == ["waiting"]
    review.decide(home, "r1", read(home), {"accept": [one["id"]]}, answer=" In the yard. ", note="asked Ann")
    row = read(home).row(0, named=True)
    assert (row["feedback.review"], row["feedback.answer"], row["feedback.note"]) == (
        "accepted",
        "reviewer",
        "asked Ann",
    )
    assert row["messages"][-1]["content"] == "In the yard."
    review.decide(home, "r1", read(home), {"wait": [one["id"]]})
    assert read(home)["messages"][0][-1]["content"] == "By the gate."


def test_same_feedback_same_version(
    store: Store, home: Home, run: Path, ran: Version, remark: Remark
) -> None:
    one = remark("up")
    review.decide(home, "r1", read(home), {"accept": [one["id"]]})
    first = run_recipe(recipe(run, ran.id), store, workers=1)
    assert run_recipe(recipe(run, ran.id), store, workers=1).id == first.id


@pytest.mark.parametrize(
    ("start", "said"),
    [("", "is no remark"), ("ffff", "is no remark"), ("1", None), ("2", "could be any of 2")],
)
def test_the_start_of_an_id(home: Home, remark: Remark, start: str, said: str | None) -> None:
    remark("up", id="1a")
    remark("up", id="2a")
    remark("up", id="2b")
    if said is None:
        assert review.decide(home, "r1", read(home), {"accept": [start]}) == 1
        return
    with pytest.raises(InputError, match=said):
        review.decide(home, "r1", read(home), {"accept": [start]})


def test_what_is_missing_is_said(home: Home, store: Store, run: Path, ran: Version, remark: Remark) -> None:
    with pytest.raises(InputError, match=r"nobody has said anything about run r1 yet.*tome feedback pull"):
        read(home)
    with pytest.raises(InputError, match=r"there is no run 'r2'.*Known: r1"):
        ingest("feedback:r2", name="fb", home=home)
    remark("up")
    with pytest.raises(InputError, match="a map has no meaning"):
        ingest("feedback:r1", name="fb", home=home, mapping={"user": "q"})
    (run / "feedback" / "reviewed.jsonl").write_text('{"id": "x", "decision": "maybe"}\n')
    with pytest.raises(InputError, match=r"reviewed\.jsonl:1: is no decision"):
        read(home)
    (run / "feedback" / "reviewed.jsonl").unlink()
    (ran.folder / "manifest.json").unlink()
    with pytest.raises(
        InputError, match=r"the evaluation rows of its dataset tiny .* aren't here.*Bring back"
    ):
        read(home)


def test_the_commands(home: Home, run: Path, remark: Remark, capsys: pytest.CaptureFixture[str]) -> None:
    import tome

    def said(*words: str) -> Any:
        code = tome.run([*words, "--json"])
        out, err = capsys.readouterr()
        return json.loads(out.splitlines()[-1]) if code == 0 else err

    one = remark("down", complaint="wrong", correction="Behind the shed.")
    assert said("ingest", "feedback:r1")["name"] == "r1-feedback"
    assert said("ingest", "feedback:r1")["review"] == {"waiting": 1}
    listed = said("feedback", "review", "r1")
    assert listed["decided"] == 0
    assert {key: listed["remarks"][0][key] for key in ("id", "state", "by", "complaint", "asked", "answer", "eval")} == {
        "id": one["id"], "state": "waiting", "by": "person", "complaint": "wrong", "asked": ASKED,
        "answer": "Behind the shed.", "eval": None,
    }  # fmt: skip
    done = said("feedback", "review", "r1", "--accept", one["id"][:4])
    assert (done["decided"], done["states"]) == (1, {"accepted": 1})
    assert said("ingest", "feedback:r1")["review"] == {"accepted": 1}
    assert "--answer is one remark's" in said("feedback", "review", "r1", "--answer", "x")
    assert "Give a --name" in said("ingest", "rows.jsonl")


def test_review_asks_one_by_one(home: Home, run: Path, remark: Remark, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    disliked, liked, left = (
        remark("down"),
        remark("up", talk("Is there a lift?", "\x1b[31mYes.")),
        remark("up"),
    )
    keys = iter(["a", "e", "In the yard.", "what", "r", "q"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(keys))
    assert review.ask(home, "r1", read(home)) == 2
    found = feedback.decisions(run / "feedback")
    assert {one: (d.decision, d.answer) for one, d in found.items()} == {
        disliked["id"]: ("accept", "In the yard."), liked["id"]: ("reject", None),
    }  # fmt: skip
    assert left["id"] not in found
    shown = capsys.readouterr().out
    assert "gave no better one" in shown and "\x1b[31m" not in shown and "\\x1b[31mYes." in shown
