"""The word-level difference: it joins to either text, and says what changed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.augment import difference

TEXT = st.lists(
    st.sampled_from(["a", "b", "it's", " ", "  ", "\n", ".", "é", "你好", "👍"]), max_size=30
).map("".join)


@given(TEXT, TEXT)
def test_parts_join_to_either_text(before: str, after: str) -> None:
    found = difference.parts(before, after)
    assert "".join(part.text for part in found if part.kind != "new") == before
    assert "".join(part.text for part in found if part.kind != "gone") == after
    assert all(part.text for part in found)
    assert all(one.kind != other.kind for one, other in pairwise(found))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("the red fox ran", "the auburn fox ran off", "-red +auburn … +off"),
        ("move my hire", "shift my rental bike", "-move +shift … -hire +rental bike"),
        ("to go on", "to keep going", "-go on +keep going"),
        ("same", "same", ""),
        ("", "new", "+new"),
        ("a b", "ab", "-a b +ab"),
    ],
)
def test_the_changes_in_one_line(before: str, after: str, said: str) -> None:
    assert difference.line(before, after) == said


def test_a_long_text_is_compared_in_the_middle_alone() -> None:
    before = "word " * 20_000 + "end"
    found = difference.parts(before, before.replace("end", "finish"))
    assert [(part.kind, part.text) for part in found[1:]] == [("gone", "end"), ("new", "finish")]
    turned = difference.parts("a " * 5_000, "b " * 5_000)
    assert [part.kind for part in turned] == ["gone", "new", "same"]
