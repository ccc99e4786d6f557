"""Fast content hashes are the contract's, for every character."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation import hashing
from curation.contract import content_hash
from curation.hashing import content_hashes
from curation.rows import MESSAGES

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
TALKS = st.lists(st.lists(st.fixed_dictionaries({"role": TEXT, "content": TEXT}), max_size=4), max_size=6)


def test_every_character() -> None:
    codes = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    talks = [
        [{"role": "user", "content": "".join(codes[start : start + 64])}]
        for start in range(0, len(codes), 64)
    ]
    assert content_hashes(pl.Series(talks, dtype=MESSAGES)) == [content_hash(talk) for talk in talks]


def test_a_known_hash() -> None:
    talk = [{"role": "user", "content": 'a "b"\n\\'}, {"role": "assistant", "content": "ö🙂"}]
    assert content_hashes(pl.Series([talk, []], dtype=MESSAGES)) == [
        "b683e72bbdbcc6a975d2813dc00b4437",
        content_hash([]),
    ]


@given(TALKS)
def test_any_conversations(talks: list[list[dict[str, str]]]) -> None:
    assert content_hashes(pl.Series(talks, dtype=MESSAGES)) == [content_hash(talk) for talk in talks]


@pytest.mark.parametrize("size", [1, 100, 1_000])
def test_slices_make_no_difference(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    talks = [[{"role": "user", "content": "x" * (number % 40)}] * (number % 3) for number in range(50)]
    monkeypatch.setattr(hashing, "SLICE_BYTES", size)
    assert content_hashes(pl.Series(talks, dtype=MESSAGES)) == [content_hash(talk) for talk in talks]
