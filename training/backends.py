"""The two ways to load a model for training: Unsloth, and plain transformers + peft as the reference."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from curation.contract import nearest
from training.attention import flash_for_packed_rows
from training.config import TrainConfig
from training.errors import ConfigError, MissingPackageError, ModelError, OutOfMemoryError
from training.models import Base
from training.quiet import quiet, set_environment


@dataclass(frozen=True)
class Loaded:
    """A model ready to be trained, and where it lies."""

    model: Any
    device: str
    dtype: str
    backend: str


def import_backend(backend: str) -> None:
    """Import what the backend needs, in the order that it needs: unsloth before trl, transformers, peft.

    Raises MissingPackageError where one isn't installed, ConfigError where unsloth came too late.
    """
    import sys

    set_environment()
    for package in ("torch", "transformers", "trl", "peft"):
        _need(package)
    if backend != "unsloth":
        return
    _need("unsloth")
    if "unsloth" not in sys.modules and "trl" in sys.modules:
        raise ConfigError(
            "unsloth must be imported before trl, which this process has loaded already",
            mend="Start training in its own process: tome train ...",
        )
    try:
        with quiet():
            import unsloth  # noqa: F401
    except (ImportError, RuntimeError, NotImplementedError) as error:
        raise ConfigError(
            f"unsloth can't be used on this machine: {error}",
            mend="tome doctor says more; --set backend=plain trains without it.",
        ) from error


def can_import(backend: str) -> bool:
    """Whether the packages of the backend are installed and nothing was imported that must come after them."""
    import importlib.util
    import sys

    late = backend == "unsloth" and "unsloth" not in sys.modules and "trl" in sys.modules
    needed = ("torch", "transformers", "trl", "peft", *(["unsloth"] if backend == "unsloth" else []))
    return not late and all(importlib.util.find_spec(package) for package in needed)


def check_reporter(name: str) -> None:
    """Raises MissingPackageError where the program to report to isn't installed."""
    if name != "none":
        _need(
            {"tensorboard": "tensorboard", "trackio": "trackio", "wandb": "wandb"}[name],
            f"pip install {name}",
        )


def _need(package: str, mend: str | None = None) -> None:
    import importlib.util

    if importlib.util.find_spec(package) is None:
        if mend:
            raise MissingPackageError(f"{package} isn't installed", mend=f"Install it with: {mend}.")
        raise MissingPackageError.of(package)


def pick_dtype(wanted: str, device: str) -> str:
    """The dtype to compute in: bfloat16 where the GPU has it, float16 on older GPUs, float32 on a CPU."""
    if wanted != "auto":
        return wanted
    if device == "cpu":
        return "float32"
    import torch

    return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"


def load_model(base: Base, config: TrainConfig) -> Loaded:
    """Load the base model and put LoRA on it (or free all weights for ``precision: full``).

    Raises ModelError, ConfigError (targets that the model hasn't, 4 bit without a GPU), OutOfMemoryError.
    """
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if config.precision == "4bit" and device == "cpu":
        raise ConfigError("precision 4bit needs an NVIDIA GPU", mend="Use --set precision=16bit.")
    dtype = pick_dtype(config.dtype, device)
    try:
        with quiet():
            load = _unsloth if config.backend == "unsloth" else _plain
            model = load(base, config, dtype)
    except torch.cuda.OutOfMemoryError as error:
        raise OutOfMemoryError(
            f"the GPU has no room for {base.name} itself",
            mend="Use --set precision=4bit, a smaller model, or end other processes on the GPU.",
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"the model can't be loaded: {error}", where=base.name) from error
    return Loaded(model, device, dtype, config.backend)


def _unsloth(base: Base, config: TrainConfig, dtype: str) -> Any:
    import torch
    from unsloth import FastLanguageModel

    flash_for_packed_rows()
    # it keeps this word of an earlier model in the process, and would train all weights of the next one
    os.environ["UNSLOTH_ENABLE_FULL_FINETUNING"] = "1" if config.precision == "full" else "0"
    checkpointing = "unsloth" if config.recomputes else False
    model, _ = FastLanguageModel.from_pretrained(
        model_name=str(base.path),
        max_seq_length=config.max_length,
        dtype=getattr(torch, dtype),
        load_in_4bit=config.precision == "4bit",
        load_in_16bit=config.precision == "16bit",
        full_finetuning=config.precision == "full",
        use_gradient_checkpointing=checkpointing,
        random_state=config.seed,
        trust_remote_code=False,
        local_files_only=True,
    )
    if config.precision == "full":
        return model
    check_targets(model, config.lora_targets)
    layers = model.config.get_text_config().num_hidden_layers
    partly = (
        config.recomputes and config.checkpoint_layers and torch.cuda.is_available()
    )  # a CPU knows all or none
    kept = max(0, layers - int(config.checkpoint_layers or 0)) if partly else 0
    return FastLanguageModel.get_peft_model(
        model,
        r=config.lora_rank,
        target_modules=config.lora_targets,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        bias="none",
        use_gradient_checkpointing=checkpointing,
        random_state=config.seed,
        use_rslora=config.rslora,
        **({"checkpoint_skip_layers": kept} if kept else {}),
    )


def _plain(base: Base, config: TrainConfig, dtype: str) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig, set_seed

    set_seed(config.seed)
    four_bit = None
    if config.precision == "4bit":
        four_bit = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=getattr(torch, dtype),
        )
    model = AutoModelForCausalLM.from_pretrained(
        base.path,
        dtype=getattr(torch, dtype),
        device_map={"": torch.cuda.current_device()} if torch.cuda.is_available() else None,
        quantization_config=four_bit,
        trust_remote_code=False,
    )
    model.config.use_cache = False
    if config.precision == "full":
        return model
    check_targets(model, config.lora_targets)
    if four_bit:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=config.recomputes)
    return get_peft_model(
        model,
        LoraConfig(
            r=config.lora_rank,
            lora_alpha=config.lora_alpha,
            lora_dropout=config.lora_dropout,
            target_modules=config.lora_targets,
            use_rslora=config.rslora,
            task_type="CAUSAL_LM",
        ),
    )


def check_targets(model: Any, targets: list[str]) -> None:
    """Raises ConfigError for a LoRA target that no linear layer of the model is called."""
    import torch

    names = {
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name.rpartition(".")[2] != "lm_head"
    }
    for target in targets:
        if target not in names and target != "lm_head":
            raise ConfigError(
                f"the model has no layer called {target!r}",
                where="lora_targets",
                mend=nearest(target, names),
            )
