"""Training speed and memory on one GPU: plain trl + peft, bare Unsloth, and `tome train`, on the same rows.

    python benchmarks/gpu_training.py                       every variant, one JSON line each, then a table
    python benchmarks/gpu_training.py --variants ours,plain-packed --steps 40

A Llama of 1B shape with random weights, a byte tokenizer and invented conversations stand in for the real ones:
speed and memory don't depend on what the numbers are, and no network is needed. Each variant runs in its own
process (Unsloth patches trl); those of `tome train` follow one another in one process. Tokens are real tokens, never padding; the first steps (compilation, caches) are left
out of the rate. Where rows aren't packed, steps differ too much for a few to stand for all: two epochs are run, and the second is measured. Peak memory is torch's own, over the whole run. `predicted_gib` is what `tome train plan` says, and its
tokens/s come estimated and as its rehearsal measured them.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "training")]

WARM = 4
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

NO, ALL = {"gradient_checkpointing": False}, {"gradient_checkpointing": True}
FIELDS = {"who", "head_rows", "flash"}
"""Keys of a variant that are no fields of the config."""

VARIANTS: dict[str, dict[str, Any]] = {
    # name: who runs it, and the config's fields that differ; mN: N sequences at once
    "plain-packed": {"who": "trl", **ALL},
    "unsloth-packed": {"who": "unsloth", **ALL},
    "unsloth-packed-nockpt": {"who": "unsloth", **NO},
    "unsloth-m1": {"who": "unsloth", "batch": 1, "accumulation": 16, **NO},
    "ours": {},
    "ours-within": {"gpu_memory": 4.3},
    "ours-m8-noflash": {"micro_batch": 8, "flash": False, **NO},
    "ours-m1-noflash": {"micro_batch": 1, "flash": False, **NO},
    "ours-m1": {"micro_batch": 1, **NO},
    "ours-m2": {"micro_batch": 2, **NO},
    "ours-m4": {"micro_batch": 4, **NO},
    "ours-m8": {"micro_batch": 8, **NO},
    "ours-m16": {"micro_batch": 16, **NO},
    "ours-m32": {"batch": 32, "accumulation": 1, "micro_batch": 32, **NO},
    "ours-m1-head128": {"micro_batch": 1, "head_rows": 128, **NO},
    "ours-m1-head256": {"micro_batch": 1, "head_rows": 256, **NO},
    "ours-m1-ckpt4": {"micro_batch": 1, "checkpoint_layers": 4, **ALL},
    "ours-m2-ckpt11": {"micro_batch": 2, "checkpoint_layers": 11, **ALL},
    "ours-m1-ckpt": {"micro_batch": 1, **ALL},
    "ours-m2-ckpt": {"micro_batch": 2, **ALL},
    "ours-m4-ckpt": {"micro_batch": 4, **ALL},
    "ours-m8-ckpt": {"micro_batch": 8, **ALL},
    "ours-m16-ckpt": {"micro_batch": 16, **ALL},
    "ours-m32-ckpt": {"batch": 32, "accumulation": 1, "micro_batch": 32, **ALL},
    "ours-4bit": {"micro_batch": 2, "precision": "4bit", **NO},
    "ours-4bit-ckpt": {"micro_batch": 8, "precision": "4bit", **ALL},
    "ours-qlora-t4": {"micro_batch": 2, "batch": 2, "accumulation": 4, "precision": "4bit", "packing": False,
                      "group_by_length": True, "optimizer": "adamw_8bit", **ALL},
    "ours-padded": {"micro_batch": 8, "packing": False, **NO},
    "ours-grouped": {"micro_batch": 8, "packing": False, "group_by_length": True, **NO},
    "ours-dropout": {"micro_batch": 2, "lora_dropout": 0.05, **NO},
    "ours-m8-dropout": {"micro_batch": 8, "lora_dropout": 0.05, **NO},
    "ours-rank4": {"micro_batch": 2, "lora_rank": 4, **NO},
    "ours-rank128": {"micro_batch": 2, "lora_rank": 128, **NO},
    "ours-8bit-adam": {"micro_batch": 2, "optimizer": "adamw_8bit", **NO},
    "ours-full": {"micro_batch": 2, "precision": "full", "learning_rate": 1e-5, **NO},
    "ours-full-ckpt": {"micro_batch": 2, "precision": "full", "learning_rate": 1e-5, **ALL},
    "ours-plain-packed": {"micro_batch": 8, "backend": "plain", **ALL},
}  # fmt: skip


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
        "save_every": 10_000, "eval_rows": 2, "eval_batch": 1, "samples": 0, "warmup": 0, "packing": True,
    }  # fmt: skip
    if given.get("packing") is False:
        values.update(max_steps=None, epochs=2)
    return build({**values, **{key: value for key, value in given.items() if key not in FIELDS}}, "benchmark")


def run_ours(root: Path, name: str, config: Any) -> dict[str, Any]:
    from curation.contract import Home, read_events
    from training.config import load_config
    from training.train import train

    result = train("bench", config, Home(root / "home"), name=f"{name}-{time.time_ns()}", say=lambda _: None)
    folder = Path(result.folder)
    steps = [event for event in read_events(folder / "events.jsonl") if event["event"] == "step"]
    warm = WARM if config.packing else len(steps) // 2 - 1
    first, last = steps[min(warm, len(steps) - 2)], steps[-1]
    rate = (last["tokens"] - first["tokens"]) / (last["time"] - first["time"])
    return {
        "tokens_per_second": round(rate, 1),
        "loss_first": result.loss_first,
        "loss_last": result.loss_last,
        "config": load_config(folder / "config.yaml"),
    }


def prepared_of(root: Path, config: Any) -> tuple[Any, Any, Any]:
    """The base, its voice, and the tokenised rows."""
    from curation.contract import Home
    from training.data import open_export
    from training.models import load_voice, resolve_base
    from training.prepare import prepare

    home = Home(root / "home")
    base = resolve_base(config.model, None, home)
    voice = load_voice(base, config.template)
    return base, voice, prepare(open_export("bench", home), voice, config, home)


def rows_of(root: Path, config: Any) -> Any:
    """The tokenised training rows as an Arrow table."""
    return prepared_of(root, config)[2].table("train")


def planned(root: Path, config: Any, rehearsing: bool) -> dict[str, Any]:
    """What the plan says before the run: with the time estimated, and with it measured in a rehearsal."""
    import torch

    from training.fit import fitted, room_of
    from training.plan import Speed, measured_speed, plan
    from training.rehearsal import rehearse
    from training.shape import shape_of

    on_gpu = torch.cuda.is_available()
    speed = measured_speed("cuda", "bfloat16") if on_gpu else Speed(1e11, 1e-6)
    base, voice, prepared = prepared_of(root, config)
    lengths = prepared.table("train")["length"].to_pylist()
    shape = shape_of(root / "model", config)
    laid_out = fitted(config, lengths, shape, room_of(config), speed)
    estimate = plan(lengths, shape, laid_out, "cuda", speed)
    found = {
        "predicted_gib": round(estimate.memory / 2**30, 3),
        "estimated_tokens_per_second": estimate.tokens_per_second,
        "speed": [speed.product, speed.call],
    }
    if rehearsing:
        began = time.monotonic()
        measured = rehearse(base, voice, prepared, laid_out)
        exact = plan(lengths, shape, laid_out, "cuda", speed, rehearsed=measured.micro_seconds)
        found["rehearsed_tokens_per_second"] = exact.tokens_per_second
        found["rehearsal_s"] = round(time.monotonic() - began, 1)
        found["rehearsal_gib"] = round((measured.peak or 0) / 2**30, 3)
    return found


def adjust(given: dict[str, Any]) -> None:
    """Settings of Unsloth's that are no fields of ours: rows of the head at once, and torch's flash attention."""
    import torch

    if not torch.cuda.is_available():
        return
    from unsloth.utils import attention_dispatch
    from unsloth_zoo.fused_losses import fused_linear

    fused_linear._MIN_ROWS = given.get("head_rows", 0)
    attention_dispatch._torch_varlen_takes = (
        FLASH_TAKES if given.get("flash", True) else lambda *_, **__: False
    )


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
    from training.models import load_voice, resolve_base

    base = resolve_base(config.model, None, Home(root / "home"))
    voice = load_voice(base)
    table = rows_of(root, config)
    rows = datasets.Dataset.from_dict({name: table[name].to_pylist() for name in ("input_ids", "labels")})
    plain = config.model_copy(update={"backend": "plain"})
    dtype = "bfloat16" if torch.cuda.is_available() else "float32"
    model = _unsloth(base, config, dtype) if who == "unsloth" else _plain(base, plain, dtype)
    marks: list[tuple[float, int]] = []
    seen = 0

    class Clock(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            marks.append((time.perf_counter(), seen))

    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(root / "bare"), max_steps=config.max_steps, per_device_train_batch_size=config.batch,
            gradient_accumulation_steps=config.accumulation, learning_rate=config.learning_rate,
            bf16=torch.cuda.is_available(), use_cpu=not torch.cuda.is_available(),
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
    """Run one variant in this process; ours is planned and rehearsed first, as ``tome train plan`` does it."""
    import torch

    from training.memory import GIB

    given = VARIANTS[name]
    who = given.get("who", "ours")
    config = config_of(root, given, options)
    on_gpu = torch.cuda.is_available()
    if who == "ours" and config.backend == "unsloth":
        adjust(given)
    plan = planned(root, config, rehearsing=who == "ours")
    gc.collect()
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated() if on_gpu else 0
    began = time.monotonic()
    if who == "ours":
        found = run_ours(root, name, config)
        config = found.pop("config")
    else:
        found = run_bare(root, who, config)
    peak = torch.cuda.max_memory_allocated() if on_gpu else 0
    return {
        "variant": name,
        **found,
        "at_once": config.at_once,
        "recomputed": (config.checkpoint_layers or "all") if config.recomputes else 0,
        "peak_gib": round((peak - before) / GIB, 3) if on_gpu else None,
        "before_gib": round(before / GIB, 3),
        "reserved_gib": round(torch.cuda.max_memory_reserved() / GIB, 2) if on_gpu else None,
        **plan,
        "took_s": round(time.monotonic() - began, 1),
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
    }


def several(names: list[str], root: Path, options: argparse.Namespace) -> None:
    """Run variants one after another in this process, a JSON line each; one that fails doesn't end the others."""
    from training.quiet import set_environment

    set_environment()
    if any(VARIANTS[name].get("who", "ours") != "trl" for name in names):
        import torch
        import unsloth  # noqa: F401

        if torch.cuda.is_available():
            from unsloth.utils import attention_dispatch

            global FLASH_TAKES
            FLASH_TAKES = attention_dispatch._torch_varlen_takes
    for name in names:
        try:
            line = one(name, root, options)
        except Exception as error:
            line = {"variant": name, "error": f"{type(error).__name__}: {error}"[:1500]}
            traceback.print_exc()
        print(json.dumps(line), flush=True)


FLASH_TAKES: Any = None
"""Unsloth's own word on whether torch's flash kernel may be used."""


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
        several(options.one.split(","), options.root, options)
        return
    root = options.root or Path(tempfile.mkdtemp(prefix="gpu_training_"))
    root.mkdir(parents=True, exist_ok=True)
    world(root, options.shape, options.rows)
    rest = [
        f"--{key}={getattr(options, key)}" for key in ("shape", "steps", "batch", "accumulation", "length")
    ]
    table: list[dict[str, Any]] = []
    names = options.variants.split(",")
    ours = [name for name in names if VARIANTS[name].get("who", "ours") == "ours"]
    # the bare ones in a process of their own (Unsloth patches trl), ours one after another in one process
    for group in [*([name] for name in names if name not in ours), ours]:
        words = [sys.executable, __file__, "--one", ",".join(group), "--root", str(root), *rest]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True) if group else None
        for line in child.stdout or () if child else ():
            if line.startswith('{"variant"'):
                print(line, end="", flush=True)
                table.append(json.loads(line))
        if child and child.wait() and group[0] not in {row["variant"] for row in table}:
            print(json.dumps({"variant": group[0], "error": f"exit code {child.returncode}"}), flush=True)
    from training.packages import package_versions

    print(json.dumps({"packages": package_versions()}))
    table = [row for row in table if "error" not in row]
    plain = next((row["tokens_per_second"] for row in table if row["variant"] == "plain-packed"), None)
    for row in table:
        ratio = f"{row['tokens_per_second'] / plain:6.2f}x" if plain else "      "
        print(
            f"{row['variant']:22} {row['at_once']:3} at once, recomputed {row['recomputed']!s:4} "
            f"{row['tokens_per_second']:8.0f} tokens/s {ratio} {row['peak_gib'] or 0:6.2f} GiB "
            f"(predicted {row['predicted_gib']:.2f}) loss {row['loss_first']:.4f} {row['loss_last']:.4f}; "
            f"rehearsed {row.get('rehearsed_tokens_per_second') or 0:.0f}, "
            f"estimated {row['estimated_tokens_per_second'] or 0:.0f} tokens/s"
        )


if __name__ == "__main__":
    main()
