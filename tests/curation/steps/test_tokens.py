"""tokens: exact counts by role, in tokens and in words."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from curation.errors import InputError
from curation.rows import make_rows
from curation.step import Context
from curation.steps.tokens import Tokens

NAMES = ["tokens.total", "tokens.system", "tokens.user", "tokens.assistant", "tokens.tool", "tokens.unit"]


@pytest.fixture
def rows() -> pl.DataFrame:
    return make_rows(
        [
            [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "one two three"},
                {"role": "assistant", "content": "four"},
                {"role": "user", "content": "你好 five"},
            ],
            [{"role": "tool", "content": "six seven"}],
            [],
        ],
        source="s",
    )


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """One token a letter."""
    tokenizers = pytest.importorskip("tokenizers", reason="token counts need the package tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"?": 0}, unk_token="?"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Split(tokenizers.Regex(r"\S"), "removed", invert=True)
    path = tmp_path / "tokenizer.json"
    made.save(str(path))
    return path


def test_words(rows: pl.DataFrame) -> None:
    assert Tokens().apply(rows, Context()).select(NAMES).rows() == [
        (9, 2, 6, 1, 0, "words"),
        (2, 0, 0, 0, 2, "words"),
        (0, 0, 0, 0, 0, "words"),
    ]


def test_tokens(rows: pl.DataFrame, tokenizer: Path) -> None:
    seen: list[tuple[int, int]] = []
    ctx = Context(progress=lambda done, total: seen.append((done, total)))
    step = Tokens(tokenizer=str(tokenizer))
    assert step.apply(rows, ctx).select(NAMES).rows() == [
        (28, 7, 17, 4, 0, "tokens"),
        (8, 0, 0, 0, 8, "tokens"),
        (0, 0, 0, 0, 0, "tokens"),
    ]
    assert seen == [(5, 5)]
    assert step.inputs() == [tokenizer]
    assert Tokens(tokenizer=str(tokenizer.parent)).inputs() == [tokenizer]


def test_counting_twice_is_counting_once(rows: pl.DataFrame) -> None:
    once = Tokens().apply(rows, Context())
    assert Tokens().apply(once, Context()).equals(once)


def test_a_tokenizer_that_is_not_there_is_named(rows: pl.DataFrame, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.json")
    with pytest.raises(InputError, match=r"none\.json"):
        Tokens(tokenizer=missing).apply(rows, Context())
    assert Tokens(tokenizer=missing).inputs() == []
    assert Tokens().inputs() == []
