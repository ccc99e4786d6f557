"""Streaming never shows half a character, and adds up to the whole text."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatbot_space.text import Detokenizer


@given(st.text(max_size=60))
def test_pieces_add_up_and_only_whole_characters_come(tiny_base: tuple[Any, Any], text: str) -> None:
    tokenizer = tiny_base[1]
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    stream = Detokenizer(tokenizer)
    pieces = [stream.push(i) for i in ids]
    assert "".join(pieces) + stream.rest() == tokenizer.decode(ids, skip_special_tokens=True)
    if "\ufffd" not in text:
        assert "\ufffd" not in "".join(pieces)


def test_an_emoji_comes_whole(tiny_base: tuple[Any, Any]) -> None:
    ids = tiny_base[1]("\U0001f600!", add_special_tokens=False)["input_ids"]
    stream = Detokenizer(tiny_base[1])
    pieces = [stream.push(i) for i in ids]
    assert [p for p in pieces if p] == ["\U0001f600", "!"]


def test_half_a_character_is_given_at_the_end(tiny_base: tuple[Any, Any]) -> None:
    ids = tiny_base[1]("\U0001f600", add_special_tokens=False)["input_ids"][:-1]
    stream = Detokenizer(tiny_base[1])
    assert "".join(stream.push(i) for i in ids) == ""
    assert stream.rest().startswith("\ufffd")
