"""perplexity and ifd: exact losses of a tiny random Llama, padding that changes nothing, cuts, and injected scorers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curation import lm
from curation.errors import HubError, InputError
from curation.rows import make_rows
from curation.step import Context
from curation.steps.ifd import Ifd
from curation.steps.perplexity import Perplexity

WORDS = ["<s>", "</s>", "?", *"abcdefghijklmnopqrstuvwxyz"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two small layers with random weights, whose tokens are letters."""
    torch = pytest.importorskip("torch", reason="a language model needs torch")
    transformers = pytest.importorskip("transformers", reason="a language model needs transformers")
    tokenizers = pytest.importorskip("tokenizers", reason="a language model needs tokenizers")
    path = tmp_path_factory.mktemp("llama")
    letters = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="?")
    )
    letters.pre_tokenizer = tokenizers.pre_tokenizers.Split(tokenizers.Regex(r"\S"), "removed", invert=True)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=letters, bos_token="<s>", eos_token="</s>", unk_token="?"
    ).save_pretrained(path)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=64,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(path)
    return path


def rows_of(*talks: Sequence[tuple[str, str]]) -> pl.DataFrame:
    return make_rows([[{"role": role, "content": text} for role, text in talk] for talk in talks], source="s")


def by_hand(folder: Path, ids: list[int], first: int) -> float:
    """The mean loss over ids[first:], one forward pass, no padding."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    with torch.inference_mode():
        logs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
    return float(-sum(logs[n - 1, ids[n]] for n in range(first, len(ids))) / (len(ids) - first))


def ids(text: str) -> list[int]:
    return [WORDS.index(letter) for letter in text if letter != " "]


def test_perplexity_is_exact(folder: Path) -> None:
    rows = rows_of(
        [("user", "a b"), ("assistant", "c d e")],
        [("system", "x"), ("user", "y"), ("assistant", "q"), ("user", "z"), ("assistant", "hello")],
        [("user", "no answer")],
        [("assistant", "")],
    )
    out = Perplexity(model=str(folder), device="cpu").apply(rows, Context())
    first = by_hand(folder, [0, *ids("ab"), *ids("cde")], 3)
    second = by_hand(folder, [0, *ids("xyqz"), *ids("hello")], 5)
    assert out["perplexity.loss"].to_list() == [
        pytest.approx(first, abs=2e-4),
        pytest.approx(second, abs=2e-4),
        None,
        None,
    ]
    assert out["perplexity.tokens"].to_list() == [3, 5, 0, 0]
    assert out["perplexity.answer"].to_list()[:2] == pytest.approx(
        [math.exp(first), math.exp(second)], abs=2e-2
    )
    assert out["perplexity.answer"].to_list()[2:] == [None, None]


def test_batches_and_padding_change_nothing(folder: Path) -> None:
    rows = rows_of(*([("user", "ab" * n), ("assistant", "cde" * (n % 4 + 1))] for n in range(1, 12)))
    seen: list[tuple[int, int]] = []
    ctx = Context(progress=lambda done, total: seen.append((done, total)))
    alone = Perplexity(model=str(folder), device="cpu", batch_tokens=8).apply(rows, ctx)
    together = Perplexity(model=str(folder), device="cpu", batch_tokens=4096).apply(rows, Context())
    assert seen == [(n, 11) for n in range(1, 12)]
    assert alone["perplexity.loss"].to_list() == pytest.approx(
        together["perplexity.loss"].to_list(), abs=2e-4
    )


def test_long_texts_are_cut_context_first(folder: Path) -> None:
    rows = rows_of(
        [("user", "ab" * 50), ("assistant", "cdef" * 2)], [("user", "ab"), ("assistant", "cd" * 50)]
    )
    out = Perplexity(model=str(folder), device="cpu", max_tokens=16).apply(rows, Context())
    assert out["perplexity.tokens"].to_list() == [8, 12]
    expected = by_hand(folder, [0, *ids("bababab"), *ids("cdefcdef")], 8)
    assert out["perplexity.loss"][0] == pytest.approx(expected, abs=2e-4)
    # the model itself has 64 places
    assert Perplexity(model=str(folder), device="cpu").apply(rows, Context())[
        "perplexity.tokens"
    ].to_list() == [8, 48]


def test_ifd_is_the_ratio(folder: Path) -> None:
    rows = rows_of([("user", "ab"), ("assistant", "cde")], [("assistant", "cde")], [("user", "a")])
    out = Ifd(model=str(folder), device="cpu").apply(rows, Context())
    after = by_hand(folder, [0, *ids("ab"), *ids("cde")], 3)
    alone = by_hand(folder, [0, *ids("cde")], 1)
    assert out["ifd.after"].to_list() == [pytest.approx(after, abs=2e-4), None, None]
    assert out["ifd.alone"].to_list() == [pytest.approx(alone, abs=2e-4), None, None]
    assert out["ifd.score"].to_list() == [pytest.approx(math.exp(after - alone), abs=1e-3), None, None]
    assert out["ifd.tokens"].to_list() == [3, 0, 0]


def test_an_injected_scorer_is_asked_for_the_last_exchange() -> None:
    asked: list[tuple[str, str]] = []

    class Fake:
        def losses(self, pairs: Sequence[tuple[str, str]], progress: Any = None) -> list[lm.Loss | None]:
            asked.extend(pairs)
            return [lm.Loss(1.0 if context else 2.0, 4) if answer else None for context, answer in pairs]

    rows = rows_of(
        [("system", "s"), ("user", "u"), ("assistant", "a"), ("user", "v"), ("assistant", "b")], []
    )
    out = Ifd(model="none").apply(rows, Context(models={"ifd": Fake()}))
    assert asked == [("s\n\nu\n\na\n\nv\n\n", "b"), ("", ""), ("", "b"), ("", "")]
    assert out["ifd.score"].to_list() == [pytest.approx(math.exp(-1), abs=1e-4), None]
    out = Perplexity(model="none").apply(rows, Context(models={"perplexity": Fake()}))
    assert out["perplexity.answer"].to_list() == [pytest.approx(math.e, abs=1e-4), None]


def test_no_rows_load_no_model() -> None:
    none = rows_of()
    assert Perplexity(model="none/such").apply(none, Context()).height == 0
    assert Ifd(model="none/such").apply(none, Context()).height == 0


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="a language model needs transformers")
    rows = rows_of([("user", "a"), ("assistant", "b")])
    with pytest.raises(InputError, match="no model here"):
        Perplexity(model=str(tmp_path / "none")).apply(rows, Context())
    with pytest.raises(HubError, match="can't be loaded"):
        Perplexity(model=str(tmp_path)).apply(rows, Context())


def test_a_device_that_is_not_there_is_named(folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(InputError, match="no CUDA device"):
        Perplexity(model=str(folder), device="cuda").apply(
            rows_of([("user", "a"), ("assistant", "b")]), Context()
        )
