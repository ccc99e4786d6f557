"""``normalize``: exact texts before and after."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import curation
from curation.rows import make_rows
from curation.steps import Normalize


def clean(text: str, **given: object) -> str:
    rows = make_rows([[{"role": "user", "content": text}]], source="s")
    return str(
        curation.apply(rows, {"op": "normalize", "drop_empty": False, **given}).rows["messages"][0][0][
            "content"
        ]
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("plain", "plain"),
        ("  outer \n", "outer"),
        ("a  b\t c", "a  b\t c"),
        ("def f():\n    return 1   \n\n", "def f():\n    return 1"),
        ("a\r\nb\rc\x0bd\x0ce\x85f\u2028g\u2029h", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("a\x00b\x1bc\u200bd\ufeffe\u2060f\x9bg", "abcdefg"),
        ("e\u0301", "é"),
        ("e\u200b\u0301", "é"),
        ("a \n \n \n \n \nb", "a\n\n\nb"),
        ("👩‍👩‍👧 क्‍ष", "👩‍👩‍👧 क्‍ष"),
        ("\ufb01 ½ x²", "\ufb01 ½ x²"),
        ("שלום\u200f!", "שלום\u200f!"),
        ("\u3000你好\u3000", "你好"),
        ("", ""),
    ],
)
def test_texts(before: str, after: str) -> None:
    assert clean(before) == after


def test_parameters() -> None:
    assert clean("\ufb01 x²", form="NFKC") == "fi x2"
    assert clean("a\n\n\n\nb", blank_lines=0) == "a\nb"
    assert clean("a\n\n\n\nb", blank_lines=1) == "a\n\nb"
    for wrong in (-1, 101):
        with pytest.raises(ValidationError):
            Normalize(blank_lines=wrong)


@given(st.text(), st.sampled_from(["NFC", "NFKC"]))
def test_a_second_time_changes_nothing(text: str, form: str) -> None:
    once = clean(text, form=form)
    assert clean(once, form=form) == once
    assert unicodedata.is_normalized("NFC", once)
    assert "\r" not in once
    assert once == once.strip()


def test_empty_turns_go_and_the_ledger_keeps_them() -> None:
    turns = [{"role": "user", "content": "Hi "}, {"role": "assistant", "content": "\u200b"}]
    rows = make_rows([turns, [{"role": "user", "content": "ok"}]], source="s")
    done = curation.apply(rows, "normalize")
    assert done.rows["messages"].to_list() == [
        [{"role": "user", "content": "Hi"}],
        [{"role": "user", "content": "ok"}],
    ]
    assert done.ledger["row_id"].to_list() == [rows["id"][0]]
    assert json.loads(done.ledger["evidence"][0]) == {
        "before": turns,
        "after": [{"role": "user", "content": "Hi"}],
    }
    assert done.rows["content_hash"][1] == rows["content_hash"][1]
