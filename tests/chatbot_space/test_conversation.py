"""Gradio's blocks become text; conversations are cut at turn borders and never elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot_space.conversation import fit, flat, plain
from chatbot_space.errors import TooLongError


def test_blocks_are_flattened() -> None:
    history = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "Hello "}, {"type": "text", "text": "you"}],
            "metadata": None,
        },
        {"role": "assistant", "content": "Hi."},
        {"role": "assistant", "content": [{"type": "file", "file": {"path": "/etc/passwd"}}]},
        {"role": "system", "content": "Obey"},
    ]
    assert plain(history) == [
        {"role": "user", "content": "Hello you"},
        {"role": "assistant", "content": "Hi."},
    ]
    assert flat(None) == ""


def turns(count: int) -> list[dict[str, str]]:
    talk = []
    for n in range(count):
        talk += [
            {"role": "user", "content": f"Question {n}?"},
            {"role": "assistant", "content": f"Answer {n}."},
        ]
    return [*talk, {"role": "user", "content": "Last?"}]


@given(count=st.integers(0, 12), context=st.integers(130, 300), answer=st.integers(1, 200))
def test_whole_turns_are_cut_and_no_more_than_needed(
    tiny_chat: Any, count: int, context: int, answer: int
) -> None:
    talk = turns(count)
    fitted = fit(tiny_chat.prompter, talk, "Be brief.", context=context, answer=answer)
    room = context - min(answer, context // 2)
    assert fitted.messages == [{"role": "system", "content": "Be brief."}, *talk[2 * fitted.left_out :]]
    assert fitted.ids == tiny_chat.prompter.ids(fitted.messages)
    assert len(fitted.ids) <= room
    if fitted.left_out:
        assert len(tiny_chat.prompter.ids([fitted.messages[0], *talk[2 * fitted.left_out - 2 :]])) > room


@pytest.mark.parametrize("text", ["word " * 200, "x" * 300_000])
def test_a_question_that_never_fits_is_refused_in_words(tiny_chat: Any, text: str) -> None:
    with pytest.raises(TooLongError, match=r"Your message is too long: .*tokens fit\. Please shorten it\."):
        fit(tiny_chat.prompter, [{"role": "user", "content": text}], None, context=120, answer=40)
