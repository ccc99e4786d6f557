"""A whole run made in a second: a tiny random Llama, a tokenizer, an adapter that matters, and run.json."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from curation.contract import Probe, RunInfo, digest, file_info

TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
DATE = "26 Jul 2024"
PROBES = [
    [{"role": "user", "content": "What is the capital of France?"}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Say <|im_end|> as text, \u00e9 and \U0001f600"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "Again?"},
    ],
]
TEXTS = [
    "What is the capital of France? The capital of France is Paris.",
    "system user assistant Be brief. Say it again and again, please, with a longer answer this time.",
    "def add(a, b):\n    return a + b\n",
]


def make_tokenizer(folder: Path) -> Any:
    """A byte-level BPE tokenizer with ChatML's two control tokens, saved into ``folder``."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(TEXTS, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=special[1:2],
    )
    tokenizer.save_pretrained(str(folder))
    return tokenizer


def make_base(folder: Path, *, positions: int = 256, seed: int = 3) -> Any:
    """A random two-layer Llama with its tokenizer; returns the tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=positions, eos_token_id=2, pad_token_id=0, bos_token_id=None,
        tie_word_embeddings=True, initializer_range=0.2,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(str(folder))
    return tokenizer


def make_adapter(base: Path, folder: Path) -> None:
    """A LoRA adapter with random weights in both matrices, so that tuned and base answer differently."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32)
    tuned = get_peft_model(
        model,
        LoraConfig(
            r=4,
            lora_alpha=8,
            target_modules=["q_proj", "v_proj", "up_proj", "down_proj"],
            task_type="CAUSAL_LM",
        ),
    )
    for name, weight in tuned.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tuned.save_pretrained(str(folder))


def make_run(folder: Path, base: Path, tokenizer: Any, **changes: Any) -> Path:
    """A run folder whose adapter exists already; ``changes`` replace fields of run.json."""
    from chatbot_space.template import encode_prompt

    prompt = changes.get("system_prompt")

    adapter = folder / "adapter"
    fields: dict[str, Any] = {
        "run_id": folder.name, "state": "done", "base_model": str(base), "base_revision": None, "template": TEMPLATE,
        "template_hash": digest(TEMPLATE), "template_date": DATE, "bos_token": None, "stop_tokens": ["<|im_end|>"],
        "stop_token_ids": [2], "system_prompt": None, "max_length": 128,
        "probes": [Probe(p, encode_prompt(tokenizer, TEMPLATE, p, system_prompt=prompt, eos_token="<|im_end|>")) for p in PROBES],
        "dataset": {"name": "tiny", "dataset_id": "0" * 32}, "key": "k", "key_parts": {}, "config": {}, "packages": {},
        "command": "tome train tiny",
        "adapter_files": {p.name: file_info(p) for p in sorted(adapter.iterdir())} if adapter.is_dir() else {},
    }  # fmt: skip
    RunInfo(**{**fields, **changes}).write(folder)
    return folder


TRAIN_ROWS = [
    ("Which city is the capital of France?", "Paris, on the Seine.", "geography", "sample", None),
    ("Which city is the capital of Spain?", "Madrid.", "geography", "sample", None),
    ("Which city is the capital of Spain?", "Madrid.", "geography", "sample", "oversample"),
    ("How do I sort a list?", "Use `sorted(items)`.", "code", "sample", None),
    ("How do I sort a dict?", "Use `sorted(d.items())`.", "code", "sample", "back_translation"),
    ("Why is the sky blue?", "Air scatters blue light most.", "science", "own", None),
]
EVAL_ROWS = [
    ("How do I reverse a list in Python?", "Use `items[::-1]`.", "code", "sample", None),
    ("How would I reverse a list in Python, and a string, and a tuple?", "Slices.", "code", "sample", None),
    ("Hi", "Hello.", "geography", "sample", None),
    ("What is the largest city in Portugal?", "Lisbon.", "geography", "sample", None),
    ("What is light made of, in short?", "Photons.", None, "own", None),
]


def make_export(folder: Path) -> dict[str, Any]:
    """An export folder as curation writes it; returns what run.json says about it."""
    import polars as pl

    from curation.contract import ExportInfo, content_hash

    folder.mkdir(parents=True)
    counts: dict[str, dict[str, int]] = {}
    for split, rows in (("train", TRAIN_ROWS), ("eval", EVAL_ROWS)):
        made = []
        for place, (question, answer, category, source, by) in enumerate(rows):
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            row_id = f"{split}{place}"
            made.append(
                {"id": row_id, "messages": messages, "category": category, "family": row_id, "split": split, "source": source,
                 "parent_id": "train1" if by else None, "made_by": by, "content_hash": content_hash(messages)}
            )  # fmt: skip
            counts.setdefault(split, {}).setdefault(category or "(none)", 0)
            counts[split][category or "(none)"] += 1
        pl.DataFrame(made, infer_schema_length=None).write_parquet(folder / f"{split}.parquet")
    files = {f"{split}.parquet": file_info(folder / f"{split}.parquet") for split in counts}
    info = ExportInfo(name=folder.name, dataset_id="a1b2c3d4e5f60718", rows_hash="0" * 32, files=files, counts=counts, licences={"sample": "apache-2.0", "own": None}, recipe={"name": "tiny", "steps": [{"op": "normalize"}]})  # fmt: skip
    info.write(folder)
    return {"name": info.name, "dataset_id": info.dataset_id, "rows_hash": info.rows_hash, "counts": counts, "licences": info.licences,
            "recipe": info.recipe, "lineage": [], "path": str(folder), "rows": {"train": len(TRAIN_ROWS), "eval": len(EVAL_ROWS)}}  # fmt: skip
