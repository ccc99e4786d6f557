"""How much memory a step takes at its peak, counted part by part from the model's shape, before it runs.

What autograd keeps for the backward pass is counted tensor by tensor, as Unsloth's and peft's layers keep them; nothing
here is fitted to a measurement. Units: bytes; lengths in tokens; ``compute`` is the bytes of a computed value.
"""

from __future__ import annotations

from training.config import TrainConfig
from training.shape import Shape

GIB = 2**30

STATE = {"adamw_8bit": 2, "paged_adamw_8bit": 0, "paged_adamw_32bit": 0}
"""Bytes of optimizer state on the GPU per trained weight (paged states lie in the host's memory); 8 for all others."""

NF4 = 4.127 / 8
"""Bytes per weight in 4 bit with double quantisation: 0.127 bit for its block's scale (Dettmers et al. 2023)."""

WORKSPACE = 2**26
"""What the matrix library takes for itself, once."""

EVAL_LOGITS = GIB // 2
"""Evaluation takes only as many rows at once as keep their logits below this, one at least."""

EVAL_CHUNK = 512
"""Supervised tokens whose logits evaluation turns to float32 at once."""


def memory(shape: Shape, config: TrainConfig, device: str, tokens: int) -> dict[str, int]:
    """Peak memory of a training step in bytes, part by part, for ``tokens`` tokens at once."""
    compute = 4 if (device == "cpu" and config.dtype == "auto") or config.dtype == "float32" else 2
    full = config.precision == "full"
    kept = shape.layers - recomputed(shape, config)
    layer = (layer_values(shape, config) * compute + dropout_bytes(shape, config)) * tokens
    inputs = 0
    if kept < shape.layers and not offloads(config, device):
        inputs = (shape.layers - kept) * shape.hidden * compute * tokens
    backward = (shape.intermediate + 2 * shape.hidden) * compute * tokens
    if kept < shape.layers:
        backward += layer  # the layer that is being recomputed
    chunk = head_rows(shape, config, tokens) * shape.vocabulary * (4 + compute)
    activations = kept * layer + inputs + 3 * shape.hidden * compute * tokens
    # the head is done when the backward pass through the layers begins
    head = max(chunk, backward) + (shape.head * compute if full else 0)
    return {
        "weights": round(_weights(shape, config, compute)),
        "lora and optimizer": round(_trained(shape, config, compute)),
        "activations": round(activations),
        "head or backward": round(head),
        "evaluation beyond that": round(max(0, _evaluation(shape, config, compute) - activations - head)),
        "workspace": WORKSPACE if device == "cuda" else 0,
    }


def layer_values(shape: Shape, config: TrainConfig) -> int:
    """Values per token that one layer keeps for its backward pass."""
    hidden, inner, keys = shape.hidden, shape.intermediate, shape.keys
    if config.backend == "unsloth":
        # both norms' inputs and outputs; query, key, value after rotation; attention's output; gate and up. All weights are
        # trained without its LoRA kernels, which compute SwiGLU's steps again: those two are kept as well
        steps = 4 if config.precision == "full" else 2
        return 4 * hidden + 2 * shape.attention + 2 * keys + steps * inner
    # peft's layers keep the input of each linear layer; the norms keep theirs in float32, the rotation its factors,
    # SwiGLU its steps
    return 13 * hidden + 5 * shape.attention + 4 * keys + 5 * inner


def dropout_bytes(shape: Shape, config: TrainConfig) -> int:
    """Bytes per token of a layer's dropout masks: one for each value that goes into a LoRA layer."""
    if not config.lora_dropout or config.precision == "full":
        return 0
    return 5 * shape.hidden + shape.attention + shape.intermediate


def recomputed(shape: Shape, config: TrainConfig) -> int:
    """How many layers are recomputed in the backward pass."""
    if not config.recomputes:
        return 0
    return min(config.checkpoint_layers or shape.layers, shape.layers)


def offloads(config: TrainConfig, device: str) -> bool:
    """Whether the inputs of recomputed layers go to the host's memory: Unsloth does so for longer rows."""
    return config.backend == "unsloth" and device == "cuda" and config.max_length >= 512


def head_rows(shape: Shape, config: TrainConfig, tokens: int) -> int:
    """Tokens whose logits are computed at once: the fused losses of Unsloth and trl bound them."""
    if config.backend == "plain":
        return min(tokens, 2048)
    least = max(512, _power_of_two(512 * 151_936 // shape.vocabulary))
    return min(tokens, max(least, _power_of_two(tokens * shape.hidden // shape.vocabulary)), 4096)


def _power_of_two(limit: int) -> int:
    """The largest power of two up to the limit; 1 below it."""
    return 1 << max(limit.bit_length() - 1, 0)


def eval_rows(batch: int, longest: int, vocabulary: int, compute: int) -> int:
    """How many rows, the longest of so many tokens, evaluation takes at once; ``batch`` at most."""
    return max(1, min(batch, EVAL_LOGITS // (longest * vocabulary * compute)))


def _evaluation(shape: Shape, config: TrainConfig, compute: int) -> int:
    rows = eval_rows(config.eval_batch, config.max_length, shape.vocabulary, compute)
    return (rows * config.max_length * compute + 2 * EVAL_CHUNK * 4) * shape.vocabulary


def _weights(shape: Shape, config: TrainConfig, compute: int) -> float:
    linear = shape.linear * (NF4 if config.precision == "4bit" else compute)
    return linear + (shape.parameters - shape.linear) * compute


def _trained(shape: Shape, config: TrainConfig, compute: int) -> float:
    """LoRA weights in float32 with their gradients; or all weights' gradients; and the optimizer's states."""
    state = STATE.get(config.optimizer, 8)
    if config.precision == "full":
        return shape.parameters * (state / 4 * compute + compute)
    return shape.lora * (4 + 4 + state)
