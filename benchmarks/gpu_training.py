"""Training speed and memory on one GPU: plain trl + peft, bare Unsloth, and `tome train`, on the same rows.

    python benchmarks/gpu_training.py                       every variant, one JSON line each, then a table
    python benchmarks/gpu_training.py --variants ours,plain-packed --steps 40

A Llama of 1B shape with random weights, a byte tokenizer and invented conversations stand in for the real ones:
speed and memory don't depend on what the numbers are, and no network is needed. Each variant runs in its own
process (Unsloth patches trl). Tokens are real tokens, never padding; the first steps (compilation, caches) are left
out of the rate. Peak memory is torch's own, over the whole run. `predicted_gib` is what `tome train plan` says.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "training")]

WARM = 6
SHAPES = {
    "1b": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
           "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128_256, "tie_word_embeddings": True,
           "max_position_embeddings": 8192, "rope_theta": 500_000.0},
    "3b": {"hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 28, "num_attention_heads": 24,
           "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128_256, "tie_word_embeddings": True,
           "max_position_embeddings": 8192, "rope_theta": 500_000.0},
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 512, "tie_word_embeddings": True,
             "max_position_embeddings": 8192, "rope_theta": 500_000.0},
}  # fmt: skip

VARIANTS: dict[str, dict[str, Any]] = {
    # name: who runs it, and the config's fields that differ
    "plain-packed": {"who": "trl", "gradient_checkpointing": True},
    "unsloth-packed": {"who": "unsloth", "gradient_checkpointing": True},
    "unsloth-packed-nockpt": {"who": "unsloth", "gradient_checkpointing": False},
    "ours": {"who": "ours", "packing": True},
    "ours-ckpt": {"who": "ours", "packing": True, "gradient_checkpointing": True},
    "ours-4bit": {"who": "ours", "packing": True, "precision": "4bit", "gradient_checkpointing": True},
    "ours-padded": {"who": "ours"},
    "ours-grouped": {"who": "ours", "group_by_length": True},
    "ours-dropout": {"who": "ours", "packing": True, "lora_dropout": 0.05},
    "ours-batch16": {"who": "ours", "packing": True, "batch": 16, "accumulation": 1},
    "ours-plain-packed": {"who": "ours", "packing": True, "backend": "plain", "gradient_checkpointing": True},
}


def world(root: Path, shape: str, rows: int) -> None:
    """The model folder and the export; lengths are log-normal, like FineTome's, about 550 tokens in the mean."""
    import torch
    from trainworld import make_export, make_model, talk

    if (root / "ready").exists():
        return
    torch.set_default_dtype(torch.bfloat16)
    make_model(root / "model", **SHAPES[shape])
    torch.set_default_dtype(torch.float32)
    chance = random.Random(1)
    letters = "abcdefghij klmnopqrst uvwxyz"
    made = []
    for number in range(rows):
        length = min(1900, max(60, int(chance.lognormvariate(6.05, 0.75))))
        text = "".join(chance.choices(letters, k=length))
        made.append((f"r{number}", talk("q" + text[: length // 4], "a" + text[length // 4 :]), "all"))
    make_export(root / "home" / "exports" / "bench", made, made[:8], name="bench")
    (root / "ready").touch()


def config_of(root: Path, given: dict[str, Any], options: argparse.Namespace) -> Any:
    from training.config import build

    values = {
        "model": str(root / "model"), "lora_rank": 16, "lora_alpha": 16, "max_length": options.length,
        "batch": options.batch, "accumulation": options.accumulation, "learning_rate": 1e-4, "max_steps": options.steps,
        "save_every": 10_000, "eval_rows": 2, "eval_batch": 1, "samples": 0, "warmup": 0,
    }  # fmt: skip
    return build({**values, **{key: value for key, value in given.items() if key != "who"}}, "benchmark")


def run_ours(root: Path, name: str, config: Any) -> dict[str, Any]:
    from curation.contract import Home, read_events
    from training.train import train

    result = train("bench", config, Home(root / "home"), name=f"{name}-{os.getpid()}", say=lambda _: None)
    steps = [event for event in read_events(Path(result.folder) / "events.jsonl") if event["event"] == "step"]
    first, last = steps[min(WARM, len(steps) - 2)], steps[-1]
    rate = (last["tokens"] - first["tokens"]) / (last["time"] - first["time"])
    return {
        "tokens_per_second": round(rate, 1),
        "loss_first": result.loss_first,
        "loss_last": result.loss_last,
    }


def run_bare(root: Path, who: str, config: Any) -> dict[str, Any]:
    """trl's SFTTrainer with its own packing, as the notebooks call it; on Unsloth's model or on peft's."""
    if who == "unsloth":
        import unsloth  # noqa: F401
    import datasets
    import torch
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from curation.contract import Home
    from training.backends import _plain, _unsloth
    from training.data import open_export
    from training.models import load_voice, resolve_base
    from training.prepare import prepare

    home = Home(root / "home")
    base = resolve_base(config.model, None, home)
    voice = load_voice(base)
    table = prepare(open_export("bench", home), voice, config, home).table("train")
    rows = datasets.Dataset.from_dict({name: table[name].to_pylist() for name in ("input_ids", "labels")})
    plain = config.model_copy(update={"backend": "plain"})
    model = _unsloth(base, config, "bfloat16") if who == "unsloth" else _plain(base, plain, "bfloat16")
    marks: list[tuple[float, int]] = []
    seen = 0

    class Clock(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            torch.cuda.synchronize()
            marks.append((time.perf_counter(), seen))

    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(root / "bare"), max_steps=config.max_steps, per_device_train_batch_size=config.batch,
            gradient_accumulation_steps=config.accumulation, learning_rate=config.learning_rate, bf16=True,
            optim=config.optimizer, logging_steps=1, save_strategy="no", report_to="none", packing=True,
            max_length=config.max_length, gradient_checkpointing=config.gradient_checkpointing, seed=config.seed,
            disable_tqdm=True,
        ),
        train_dataset=rows,
        processing_class=voice.tokenizer,
        callbacks=[Clock()],
    )  # fmt: skip
    step = trainer.training_step

    def counted(model: Any, inputs: Any, *rest: Any, **options: Any) -> Any:
        nonlocal seen
        mask = inputs.get("attention_mask")
        seen += int(mask.sum()) if mask is not None else inputs["input_ids"].numel()
        return step(model, inputs, *rest, **options)

    trainer.training_step = counted
    trainer.train()
    first, last = marks[min(WARM, len(marks) - 2)], marks[-1]
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    rate = (last[1] - first[1]) / (last[0] - first[0])
    return {"tokens_per_second": round(rate, 1), "loss_first": losses[0], "loss_last": losses[-1]}


def one(name: str, root: Path, options: argparse.Namespace) -> dict[str, Any]:
    from training.quiet import set_environment

    set_environment()
    given = VARIANTS[name]
    config = config_of(root, given, options)
    found = run_ours(root, name, config) if given["who"] == "ours" else run_bare(root, given["who"], config)
    import torch

    from training.packages import package_versions
    from training.plan import GIB, memory
    from training.shape import shape_of

    tokens = config.max_length * config.batch
    predicted = memory(shape_of(root / "model", config), config, "cuda", tokens)
    on_gpu = torch.cuda.is_available()
    return {
        "variant": name,
        **found,
        "peak_gib": round(torch.cuda.max_memory_allocated() / GIB, 2) if on_gpu else None,
        "reserved_gib": round(torch.cuda.max_memory_reserved() / GIB, 2) if on_gpu else None,
        "predicted_gib": round(sum(predicted.values()) / GIB, 2),
        "predicted_parts": {key: round(value / GIB, 2) for key, value in predicted.items()},
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "packages": package_versions(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--shape", choices=SHAPES, default="1b")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--accumulation", type=int, default=2)
    parser.add_argument("--length", type=int, default=2048)
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--root", type=Path, help="keep model and rows here, for the next time")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one, options.root, options)))
        return
    root = options.root or Path(tempfile.mkdtemp(prefix="gpu_training_"))
    root.mkdir(parents=True, exist_ok=True)
    world(root, options.shape, options.rows)
    rest = [
        f"--{key}={getattr(options, key)}" for key in ("shape", "steps", "batch", "accumulation", "length")
    ]
    table = []
    for name in options.variants.split(","):
        words = [sys.executable, __file__, "--one", name, "--root", str(root), *rest]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        if done.returncode or not lines:
            print(json.dumps({"variant": name, "error": (done.stderr or done.stdout)[-2000:]}), flush=True)
            continue
        print(lines[-1], flush=True)
        table.append(json.loads(lines[-1]))
    plain = next((row["tokens_per_second"] for row in table if row["variant"] == "plain-packed"), None)
    for row in table:
        ratio = f"{row['tokens_per_second'] / plain:6.2f}x" if plain else "      "
        print(
            f"{row['variant']:24} {row['tokens_per_second']:10.0f} tokens/s {ratio} "
            f"{row['peak_gib'] or 0:6.2f} GiB (predicted {row['predicted_gib']:.2f})"
        )


if __name__ == "__main__":
    main()
