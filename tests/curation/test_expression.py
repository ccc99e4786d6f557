"""Expressions: what holds, what is refused, and that nothing is ever run as Python."""

from __future__ import annotations

import polars as pl
import pytest
from talks import talk

import curation
from curation.errors import InputError
from curation.expression import columns_of, measures_of
from curation.rows import make_rows


@pytest.fixture
def rows() -> pl.DataFrame:
    return make_rows(
        [talk("refund please", "Of course."), talk("Hi", "Hello there, friend"), talk("日本語", "はい"), []],
        source="s",
        categories=["money", "talk", None, "talk"],
        extra={"score": [1.0, 3.5, None, float("nan")], "flag": [True, False, None, True]},
    )


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("score > 2", [1]),
        ("score > 100000000000000000000", []),
        ("-(-(-3)) < score", [0, 1]),
        ("1 <= score < 3.5", [0]),
        ("score is None", [2, 3]),
        ("score is not None and score > 0", [0, 1]),
        ("not score > 2", [0]),
        ("flag", [0, 3]),
        ("not flag", [1]),
        ("category == 'talk'", [1, 3]),
        ("category != 'talk'", [0]),
        ("category in ('money', 'art')", [0]),
        ("category not in ['money']", [1, 3]),
        ("coalesce(category, 'none') == 'none'", [2]),
        ("'refund' in user", [0]),
        ("'refund' not in user and turns() > 0", [1, 2]),
        ("contains(text, '.')", [0]),
        ("matches(assistant, '(?i)^hello')", [1]),
        ("starts_with(user, '日') or ends_with(assistant, 'friend')", [1, 2]),
        ("words(assistant) == 3", [1]),
        ("length(user) == 3", [2]),
        ("turns() == 0", [3]),
        ("lower(user) == 'hi'", [1]),
        ("abs(score - 2) <= 1", [0]),
        ("turns() % 2 == 0 and turns() / 2 == 1", [0, 1, 2]),
        ("True", [0, 1, 2, 3]),
        ("system == ''", [0, 1, 2, 3]),
        (" or ".join(["turns() > 9"] * 2000 + ["turns() == 0"]), [3]),
    ],
)
def test_what_is_kept(rows: pl.DataFrame, where: str, kept: list[int]) -> None:
    done = curation.apply(rows, {"op": "filter", "where": where})
    assert done.rows["source_row"].to_list() == kept
    assert done.rows.height + done.dropped.height == 4


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("scor > 2", "there is no column 'scor'. Did you mean 'score'?"),
        ("wrds(text) > 2", "there is no function 'wrds'. Did you mean 'words'?"),
        ("words(text, 2) > 2", "words takes 1 argument, not 2"),
        ("score", "the expression gives Float64, not true or false. Compare it with something: score > 4."),
        ("5", "the expression gives Int32, not true or false"),
        ("not 5", "the expression gives Int32, not true or false"),
        ("category > 3", "Compare numbers with numbers and texts with texts."),
        ("length(score) > 2", "Compare numbers with numbers and texts with texts."),
        ("-'a' == 1", "Compare numbers with numbers and texts with texts."),
        ("category in (1, 'a')", "Compare numbers with numbers and texts with texts."),
        ("matches(text, '(')", "unclosed group"),
        ("category == None", "a comparison with None is never true. Write `is None` or `is not None`."),
        ("category in (None, 'a')", "a list may hold only numbers and strings"),
        ("category is 'a'", "'is' compares with None only"),
        ("score in 'abc'", "'in' wants a list at its right, or a text at its left"),
        ("score > 10 ** 30", "BinOp isn't part of the expression language"),
        ("__import__('os').system('x')", "Call isn't part of the expression language"),
        ("(lambda: 1)()", "isn't part of the expression language"),
        ("text[0] == 'a'", "Subscript isn't part of the expression language"),
        ("f'{text}' == 'a'", "JoinedStr isn't part of the expression language"),
        ("[x for x in text]", "ListComp isn't part of the expression language"),
        ("text.__class__", "there is no column 'text.__class__'"),
        ("a.b().c", "a dot may only stand between names"),
        ("not " * 500 + "flag", "the expression nests too deeply"),
    ],
)
def test_what_is_refused(rows: pl.DataFrame, where: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        curation.apply(rows, {"op": "filter", "where": where})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_columns_and_measures() -> None:
    where = "stats.words > 3 and words(assistant) < 9 or score is None and turns() > 1"
    assert columns_of(where) == ["assistant", "score", "stats.words"]
    assert sorted(measures_of(where, ["score", "stats.words", "messages"])) == [
        "score",
        "stats.words",
        "turns()",
        "words(assistant)",
    ]
