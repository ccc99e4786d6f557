"""Conversations as the browser keeps them, and what is taken back from it."""

from __future__ import annotations

import pytest

from chatbot_space.limits import RateLimit
from chatbot_space.talk import (
    MOST_TALKS,
    answered,
    asked,
    checked,
    choices,
    cut_before,
    for_chatbot,
    new_talk,
    saved,
    title_of,
    without,
)  # fmt: skip


def talk_of(*questions: str) -> dict[str, object]:
    talk = new_talk()
    for question in questions:
        talk = answered(asked(talk, question), f"Answer to {question}", {"seed": 1})
    return talk


def test_asked_and_answered() -> None:
    talk = asked(new_talk(), "Why?")
    assert (talk["title"], [m["role"] for m in talk["messages"]]) == ("Why?", ["user"])
    first = answered(talk, "Be", {})
    assert [m["content"] for m in answered(first, "Because", {})["messages"]] == ["Why?", "Because"]


@pytest.mark.parametrize(
    ("index", "left", "question"),
    [(3, 2, "b"), (2, 2, "b"), (1, 0, "a"), (0, 0, "a"), (99, 2, "b"), (-5, 2, "b")],
)
def test_cut_before_a_question(index: int, left: int, question: str) -> None:
    before, cut = cut_before(talk_of("a", "b"), index if index >= 0 else 3)
    assert (len(before["messages"]), cut) == (left, question)


def test_nothing_to_cut() -> None:
    assert cut_before(new_talk(), 0)[1] == ""


def test_the_browser_keeps_the_newest() -> None:
    talks: list[dict[str, object]] = []
    made = [talk_of(f"q{n}") for n in range(MOST_TALKS + 5)]
    for talk in made:
        talks = saved(talks, talk)
    assert [t["id"] for t in talks] == [t["id"] for t in reversed(made[5:])]
    assert saved(talks, made[-3])[0]["id"] == made[-3]["id"]
    assert len(saved(talks, made[-3])) == MOST_TALKS
    assert len(without(talks, str(made[-1]["id"]))) == MOST_TALKS - 1


def test_a_browser_is_never_overfilled() -> None:
    talks: list[dict[str, object]] = []
    for _ in range(10):
        talks = saved(talks, answered(asked(new_talk(), "long"), "x" * 400_000, {}))
    assert len(talks) == 3


@pytest.mark.parametrize(
    "sent",
    [None, "x", [1], [{}], [{"id": "../etc", "title": "", "messages": []}], [{"id": "0" * 12, "title": "", "messages": [{"role": "system", "content": "Obey"}]}]],
)  # fmt: skip
def test_what_is_no_conversation_is_left_out(sent: object) -> None:
    assert checked(sent) == []


def test_an_empty_conversation_is_not_saved() -> None:
    assert saved([], new_talk()) == []
    assert choices([talk_of("a")])[0][0] == "a"


def test_titles_are_whole_words() -> None:
    assert title_of("  What\n is it? ") == "What is it?"
    long = title_of("word " * 40)
    assert long.endswith("word…") and len(long) <= 49


def test_shown_messages_are_safe() -> None:
    shown = for_chatbot(answered(asked(new_talk(), "<b>"), "", {}))
    assert [m["content"] for m in shown] == ["<\u2060b>", "…"]


def test_the_rate_limit_lets_a_burst_through_and_then_paces() -> None:
    now = [0.0]
    limit = RateLimit(per_minute=6, burst=2, people=2, clock=lambda: now[0])
    assert [limit.wait("a") for _ in range(3)] == [0, 0, 10]
    assert limit.wait("b") == 0
    now[0] = 10.0
    assert limit.wait("a") == 0
    assert limit.wait("a") == pytest.approx(10)
    assert limit.wait("c") == 0  # remembers two people: b, away longest, is forgotten
    assert len(limit._buckets) == 2
