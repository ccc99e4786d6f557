"""How surprising a prompt is to a causal language model: the exponential of its mean token loss."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from curation.augment.networks import loaded

TOKENS = 512
"""Tokens of a prompt that are read."""


def ratios(model: str, prompts: Sequence[tuple[str, str]]) -> list[float]:
    """For each (parent, candidate): the candidate's perplexity as a multiple of the parent's."""
    return [round(_perplexity(model, new) / max(_perplexity(model, old), 1e-9), 3) for old, new in prompts]


@functools.lru_cache(maxsize=4096)
def _perplexity(model: str, text: str) -> float:
    tokenizer, network = loaded("CausalLM", model)
    import torch

    start = [tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id]
    ids = torch.tensor([start + tokenizer(text, add_special_tokens=False)["input_ids"][:TOKENS]])
    if ids.shape[1] < 2:
        return 1.0
    with torch.inference_mode():
        loss = network(input_ids=ids, labels=ids).loss
    return math.exp(min(float(loss), 50.0))
