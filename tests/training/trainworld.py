"""What the training tests stand on: a tiny tokenizer, a tiny Llama, an export folder, all made on the spot."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.contract import ExportInfo, Home, content_hash, file_info
from training.config import TrainConfig, build
from training.data import open_export
from training.models import load_voice, resolve_base
from training.prepare import Prepared, prepare

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

LLAMA3 = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = strftime_now("%d %b %Y") %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if message.role == 'tool' %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {{- message.content | tojson }}
        {{- "<|eot_id|>" }}
    {%- else %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
        {{- message['content'] | trim }}
        {{- '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}\
{% endif %}{% for message in messages %}\
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}\
{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}\
{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"""

QWEN = """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- elif message.role == 'assistant' %}
        {{- '<|im_start|>' + message.role + '\\n' }}
        {%- if loop.last %}
            {{- '<think>\\n\\n</think>\\n\\n' }}
        {%- endif %}
        {{- message.content.split('</think>')[-1] + '<|im_end|>\\n' }}
    {%- elif message.role == 'tool' %}
        {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

TEMPLATES = {"chatml": CHATML, "llama3": LLAMA3, "gemma": GEMMA, "qwen": QWEN}
ENDS = {"chatml": "<|im_end|>", "llama3": "<|eot_id|>", "gemma": "<end_of_turn>", "qwen": "<|im_end|>"}

SPECIAL = [
    "<pad>",
    "<s>",
    "</s>",
    "<|im_start|>",
    "<|im_end|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<start_of_turn>",
    "<end_of_turn>",
]


def make_tokenizer(template: str | None = CHATML, eos: str = "<|im_end|>", pad: str = "<pad>") -> Any:
    """A byte-level tokenizer without merges: one token per byte, and the special ones. 266 in all."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: place for place, token in enumerate([*SPECIAL, *letters])}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(SPECIAL)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        eos_token=eos,
        pad_token=pad,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = template
    return tokenizer


def make_model(folder: Path, template: str | None = CHATML, seed: int = 0, **changes: Any) -> Path:
    """A random Llama of 2 layers and width 32, saved with its tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer(template)
    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": False,
        **changes,
    }
    torch.manual_seed(seed)
    LlamaForCausalLM(LlamaConfig(**shape)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


Rows = list[tuple[str, list[dict[str, str]], str | None]]


def talk(*texts: str) -> list[dict[str, str]]:
    """A conversation from texts, user first."""
    return [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(texts)]


def some_rows(count: int, prefix: str = "r") -> Rows:
    """Short conversations of two categories, of different lengths."""
    return [
        (
            f"{prefix}{number}",
            talk(f"Count to {number % 7}!", " ".join(str(n) for n in range(number % 7 + 1))),
            ("maths", "legal")[number % 3 == 0],
        )
        for number in range(count)
    ]


def make_export(
    folder: Path, train: Rows, evaluation: Rows, system_prompt: str | None = None, name: str = "small"
) -> Path:
    """An export folder as curation's contract has it, with true hashes."""
    folder.mkdir(parents=True, exist_ok=True)
    messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    for split, rows in (("train", train), ("eval", evaluation)):
        table = {
            "id": pa.array([row[0] for row in rows], pa.string()),
            "messages": pa.array([row[1] for row in rows], messages),
            "category": pa.array([row[2] for row in rows], pa.string()),
            "family": pa.array([row[0] for row in rows], pa.string()),
            "split": pa.array([split] * len(rows), pa.string()),
            "source": pa.array(["test"] * len(rows), pa.string()),
            "parent_id": pa.nulls(len(rows), pa.string()),
            "made_by": pa.nulls(len(rows), pa.string()),
            "content_hash": pa.array([content_hash(row[1]) for row in rows], pa.string()),
        }
        pq.write_table(pa.table(table), folder / f"{split}.parquet")
    ExportInfo(
        name=name,
        dataset_id="0123456789abcdef",
        rows_hash="f" * 32,
        files={
            f"{split}.parquet": file_info(folder / f"{split}.parquet", len(rows))
            for split, rows in (("train", train), ("eval", evaluation))
        },
        counts={
            split: dict(Counter(row[2] or "(none)" for row in rows))
            for split, rows in (("train", train), ("eval", evaluation))
        },
        licences={"test": "apache-2.0"},
        system_prompt=system_prompt,
    ).write(folder)
    return folder


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    """The events of one kind of a run."""
    lines = (folder / "events.jsonl").read_text().splitlines()
    return [event for line in lines if (event := json.loads(line))["event"] == kind]


def prepared(home: Home, model: Path, **changes: Any) -> Prepared:
    """The small export, tokenised for a model."""
    config = build({"model": str(model), "max_length": 512, **changes}, "test")
    export = open_export("small", home)
    return prepare(export, load_voice(resolve_base(config.model, None, home)), config, home)


def config(model: Path, **changes: Any) -> TrainConfig:
    """A config for a tiny model and the plain backend: 6 steps for 24 rows."""
    values = {
        "model": str(model),
        "backend": "plain",
        "max_length": 128,
        "batch": 4,
        "learning_rate": 0.01,
        "lora_rank": 4,
        "lora_dropout": 0.1,
        "save_every": 3,
        "warmup": 0,
        "samples": 0,
        **changes,
    }
    return build(values, "test")
