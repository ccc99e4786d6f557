"""The engines side by side on this machine: transformers in float32 and bfloat16, GGUF in Q8_0 and Q4_0.

    python benchmarks/chat_engines.py RUN [--shape 1b] [--tokens 64] [--only "GGUF Q8_0" ...] [--make] [--json]

With ``--shape 1b`` a model of Llama-3.2-1B's shape with random weights stands for the run's, made once into
``<home>/models/chat-1b``; ``--make`` makes the files and measures nothing. Greedy, without stop tokens, so that every
engine generates as many tokens; one engine after the other, in one process.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from chatbot_space.engine import Prompter  # noqa: E402
from chatbot_space.engine_gguf import GGUFEngine  # noqa: E402
from chatbot_space.engine_hf import HFEngine  # noqa: E402
from chatbot_space.load import find_base, load_model, load_tokenizer, make_gguf  # noqa: E402
from chatbot_space.run import Run, find_run, read_run  # noqa: E402
from chatbot_space.settings import Settings  # noqa: E402

CONTEXT = 1024
QUESTION = "Write a long story about a lighthouse keeper and a storm."
LONG = "Summarise this. " + "The storm rose over the grey sea and the lamp burned on. " * 20


def random_1b(run: Run) -> Run:
    """A run like this one on a model of Llama-3.2-1B's shape (the vocabulary aside), random weights, no adapter."""
    folder = Path(os.environ.get("TOME_HOME") or "data") / "models" / "chat-1b"
    base = folder / "base"
    if not (base / "config.json").is_file():
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM

        tokenizer = load_tokenizer(run)
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=2048, intermediate_size=8192, num_hidden_layers=16, num_attention_heads=32,
            num_key_value_heads=8, max_position_embeddings=4096, tie_word_embeddings=True, dtype=torch.bfloat16,
        )  # fmt: skip
        torch.set_default_dtype(torch.bfloat16)
        LlamaForCausalLM(config).save_pretrained(str(base))
        torch.set_default_dtype(torch.float32)
        tokenizer.save_pretrained(str(base))
    return dataclasses.replace(run, folder=folder, base_model=str(base), adapter=None)


def engines(run: Run) -> dict[str, Callable[[], Any]]:
    """Each engine's name and what makes it."""

    def hf(dtype: str) -> Any:
        model = load_model(run, find_base(run), base_only=run.adapter is None, dtype=dtype, device="cpu")
        return HFEngine(model, load_tokenizer(run), [], context=CONTEXT, tuned=run.adapter is None)

    def gguf(kind: str) -> Any:
        return GGUFEngine(make_gguf(run, kind), [], context=CONTEXT)

    return {
        "transformers float32": lambda: hf("float32"),
        "transformers bfloat16": lambda: hf("bfloat16"),
        "GGUF Q8_0": lambda: gguf("q8_0"),
        "GGUF Q4_0": lambda: gguf("q4_0"),
    }


def measure(engine: Any, prompter: Prompter, tokens: int) -> dict[str, float]:
    """Tokens per second of a short question, and seconds to the first token: short, long, and a second turn."""

    def ask(messages: list[dict[str, str]], most: int) -> tuple[float, float, str]:
        settings = Settings(temperature=0, repetition_penalty=1.0, max_tokens=most)
        started, first, text, done = time.perf_counter(), 0.0, "", 0
        for piece in engine.stream(prompter.ids(messages), settings, engine.models[0]):
            first = first or time.perf_counter() - started
            text, done = text + piece.text, piece.tokens
        spent = time.perf_counter() - started - first
        return first, (done - 1) / spent if spent and done > 1 else 0.0, text

    ask([{"role": "user", "content": "Hi"}], 2)
    first, rate, _ = ask([{"role": "user", "content": QUESTION}], tokens)
    long = [{"role": "user", "content": LONG}]
    long_first, _, said = ask(long, 8)
    again = [*long, {"role": "assistant", "content": said}, {"role": "user", "content": "Shorter, please."}]
    second, _, _ = ask(again, 8)
    return {
        "tokens_per_second": round(rate, 1), "first_token_s": round(first, 2),
        "long_first_token_s": round(long_first, 2), "second_turn_first_token_s": round(second, 2),
    }  # fmt: skip


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("--shape", choices=["1b"])
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--make", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    run = read_run(find_run(asked.run))
    if asked.shape:
        run = random_1b(run)
    if asked.make:
        for kind in ("q8_0", "q4_0"):
            print(make_gguf(run, kind))
        return
    prompter = Prompter(run, load_tokenizer(run))
    found = {}
    for name, make in engines(run).items():
        if asked.only and name not in asked.only:
            continue
        engine = make()
        found[name] = measure(engine, prompter, asked.tokens)
        print(name, found[name], file=sys.stderr, flush=True)
        del engine
        gc.collect()
    print(json.dumps({"shape": asked.shape or run.base_model.rpartition("/")[2], "cores": os.cpu_count(), "load": os.getloadavg()[0], "engines": found}, indent=None if asked.json else 1))  # fmt: skip


if __name__ == "__main__":
    main()
