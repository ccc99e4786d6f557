"""Whether two forms of a model say the same: logits and next tokens on the same prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from training.errors import ModelError
from training.evaluate import evaluating

AGREES = 0.9
"""Share of next tokens that must agree before a merged or quantised model is called done."""


@dataclass(frozen=True)
class Likeness:
    """``agreement`` is the share of positions with the same most likely token; differences are of logits."""

    tokens: int
    agreement: float
    mean_difference: float
    max_difference: float


def logits_of(model: Any, prompts: list[list[int]]) -> list[Any]:
    """The logits of each prompt at all its positions, float32, on the CPU: [tokens, vocabulary] each."""
    import torch

    device = next(model.parameters()).device
    with torch.no_grad(), evaluating(model):
        return [
            model(input_ids=torch.tensor([prompt], device=device), use_cache=False).logits[0].float().cpu()
            for prompt in prompts
        ]


def likeness(left: list[Any], right: list[Any]) -> Likeness:
    """Compare two models' logits. Shifts that are the same for all tokens of a position don't count."""
    import torch

    a, b = torch.cat(left), torch.cat(right)
    a, b = a - a.mean(-1, keepdim=True), b - b.mean(-1, keepdim=True)
    difference = (a - b).abs()
    return Likeness(
        tokens=a.shape[0],
        agreement=round(float((a.argmax(-1) == b.argmax(-1)).float().mean()), 4),
        mean_difference=round(float(difference.mean()), 6),
        max_difference=round(float(difference.max()), 6),
    )


def insist(found: Likeness, base: Likeness, what: str) -> None:
    """Raises ModelError where a form of the model isn't the tuned model.

    ``found`` compares it with base + adapter, ``base`` compares the base alone with base + adapter: weights
    that ignore the adapter are as far away as the base is.
    """
    if found.agreement < AGREES or (found.mean_difference >= base.mean_difference > 1e-3):
        raise ModelError(
            f"the {what} model isn't the tuned one: {found.agreement:.1%} of next tokens agree, mean logit "
            f"difference {found.mean_difference:.4f} (the base without the adapter: {base.mean_difference:.4f})",
            mend="It was removed. Publish the adapter itself, or a form with more bits.",
        )
