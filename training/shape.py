"""What a model weighs before it is loaded: its parameters and layers, counted on torch's meta device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training.config import TrainConfig
from training.quiet import quiet


@dataclass(frozen=True)
class Shape:
    """Sizes of a model. ``linear`` counts weights in linear layers but the head, ``lora`` those that LoRA adds."""

    parameters: int
    linear: int
    head: int
    lora: int
    layers: int
    hidden: int
    intermediate: int
    vocabulary: int
    attention: int
    """Width of all query heads together."""
    keys: int
    """Width of all key heads together; that of the values is the same."""


def shape_of(folder: Path, config: TrainConfig) -> Shape:
    """Count a model's parameters from its ``config.json`` alone."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with quiet():
        described = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(described, trust_remote_code=False)
    linear = lora = 0
    for name, module in model.named_modules():
        last = name.rpartition(".")[2]
        if isinstance(module, torch.nn.Linear) and last != "lm_head":
            linear += module.weight.numel()
            if last in config.lora_targets:
                lora += config.lora_rank * (module.in_features + module.out_features)
    seen = {id(parameter): parameter.numel() for parameter in model.parameters()}
    text = described.get_text_config()
    heads = text.num_attention_heads
    head = getattr(text, "head_dim", None) or text.hidden_size // heads
    return Shape(
        parameters=sum(seen.values()),
        linear=linear,
        head=text.vocab_size * text.hidden_size,
        lora=lora,
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        intermediate=getattr(text, "intermediate_size", None) or 4 * text.hidden_size,
        vocabulary=text.vocab_size,
        attention=heads * head,
        keys=(getattr(text, "num_key_value_heads", None) or heads) * head,
    )
