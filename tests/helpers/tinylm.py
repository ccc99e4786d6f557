"""A Llama of two small layers with random weights, whose tokens are letters, and its losses by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from curation.rows import make_rows

WORDS = ["<s>", "</s>", "?", *"abcdefghijklmnopqrstuvwxyz"]


def make_llama(path: Path) -> Path:
    """Write the model and its tokenizer into a folder; skips where a package is missing."""
    torch = pytest.importorskip("torch", reason="a language model needs torch")
    transformers = pytest.importorskip("transformers", reason="a language model needs transformers")
    tokenizers = pytest.importorskip("tokenizers", reason="a language model needs tokenizers")
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
