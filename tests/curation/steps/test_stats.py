"""``stats``: exact counts, and tokens by a tokenizer made here."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from talks import talk

import curation
from curation.cache import step_key
from curation.errors import InputError
from curation.rows import make_rows
from curation.steps import Stats


def test_counts() -> None:
    rows = make_rows(
        [
            talk("one two", "three four five", system="be kind"),
            talk("你好吗", "很好 ok"),
            talk("สวัสดี", "don't—stop"),
            talk("👍", ""),
            [{"role": "tool", "content": "a b"}],
            [],
        ],
        source="s",
    )
    done = curation.apply(rows, "stats").rows
    assert done.select(name for name in done.columns if name.startswith("stats.")).to_dict(
        as_series=False
    ) == {
        "stats.turns": [3, 2, 2, 2, 1, 0],
        "stats.chars": [29, 8, 16, 1, 3, 0],
        "stats.words": [7, 6, 7, 1, 2, 0],
        "stats.user_words": [2, 3, 6, 1, 0, 0],
        "stats.assistant_words": [3, 3, 1, 0, 0, 0],
        "stats.system": [True, False, False, False, False, False],
    }


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    tokenizers = pytest.importorskip("tokenizers", reason="tokens need the package tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "two": 1}, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_tokens(tokenizer: Path) -> None:
    rows = make_rows([talk("one two, three", "four!"), [], talk("", "五")], source="s")
    for name in (str(tokenizer), str(tokenizer / "tokenizer.json")):
        done = curation.apply(rows, {"op": "stats", "tokenizer": name}).rows
        assert done["stats.tokens"].to_list() == [6, 0, 1]
        assert done["stats.tokens"].dtype == pl.Int64


def test_a_changed_tokenizer_is_counted_anew(tokenizer: Path) -> None:
    step = Stats(tokenizer=str(tokenizer))
    assert step.inputs() == [tokenizer / "tokenizer.json"]
    before = step_key("x", step, 0)
    with (tokenizer / "tokenizer.json").open("a") as handle:
        handle.write("\n")
    assert step_key("x", step, 0) != before
    assert Stats().inputs() == []


def test_no_tokenizer_there(tmp_path: Path) -> None:
    rows = make_rows([talk("a", "b")], source="s")
    pytest.importorskip("tokenizers", reason="tokens need the package tokenizers")
    with pytest.raises(InputError, match="there is no tokenizer here"):
        curation.apply(rows, {"op": "stats", "tokenizer": str(tmp_path / "none.json")})
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(InputError, match="not a tokenizer"):
        curation.apply(rows, {"op": "stats", "tokenizer": str(tmp_path / "bad.json")})
