"""Loss and perplexity on the export's own eval split, overall and by category."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from training.collate import Padded
from training.memory import EVAL_CHUNK, eval_rows
from training.ranks import Ranks
from training.template import IGNORE

UNLABELLED = "(none)"
"""The name under which rows without a category are counted."""


@dataclass
class Score:
    """Summed negative log likelihood (nats) over supervised tokens."""

    nll: float = 0.0
    tokens: int = 0
    rows: int = 0

    def add(self, nll: float, tokens: int) -> None:
        """Count one row."""
        self.nll, self.tokens, self.rows = self.nll + nll, self.tokens + tokens, self.rows + 1

    def as_dict(self) -> dict[str, Any]:
        """Loss (nats per token), perplexity, tokens and rows."""
        loss = self.nll / max(self.tokens, 1)
        return {
            "loss": round(loss, 6),
            "perplexity": round(math.exp(min(loss, 700.0)), 4),
            "tokens": self.tokens,
            "rows": self.rows,
        }


def pick_rows(table: pa.Table, limit: int | None, seed: int) -> pa.Table:
    """All rows, or ``limit`` of them picked at random by the seed, in the table's order."""
    if limit is None or limit >= table.num_rows:
        return table
    return table.take(sorted(random.Random(seed).sample(range(table.num_rows), limit)))


def evaluate(
    model: Any, table: pa.Table, pad_id: int, batch: int, device: str, dtype: str, ranks: Ranks = Ranks()
) -> dict[str, Any]:
    """The mean loss per supervised token of a prepared table, overall and by category.

    Returns ``loss``, ``perplexity``, ``tokens``, ``rows`` and ``categories`` (category -> the same four).
    The mean is over tokens, so batch size and order change nothing but rounding. ``batch`` rows are taken at once,
    fewer where they are long: their logits are bounded, so evaluation can't run out of memory that training had.
    Several processes take the batches in turn, all must call it, and all get the same: what one process alone gets.
    """
    batches = list(_batches(table, batch, model.config.get_text_config().vocab_size, dtype))
    with evaluating(model):
        mine = [
            row_losses(model, table.take(places).to_pylist(), pad_id, device, dtype)
            for places in batches[ranks.rank :: ranks.world]
        ]
    shares = ranks.gathered(mine)
    names = table["category"].to_pylist()
    total = Score()
    parts: dict[str, Score] = {}
    for number, places in enumerate(batches):
        for place, (nll, tokens) in zip(
            places, shares[number % ranks.world][number // ranks.world], strict=True
        ):
            total.add(nll, tokens)
            parts.setdefault(names[place] or UNLABELLED, Score()).add(nll, tokens)
    categories = {name: parts[name].as_dict() for name in sorted(parts)}
    return {**total.as_dict(), "categories": categories}


def row_losses(
    model: Any, rows: list[dict[str, Any]], pad_id: int, device: str, dtype: str
) -> list[tuple[float, int]]:
    """Summed negative log likelihood (nats) and number of supervised tokens of each row."""
    import torch

    inputs = {name: tensor.to(device) for name, tensor in Padded(pad_id)(rows).items()}
    labels = inputs.pop("labels")
    autocast = torch.autocast(device, dtype=getattr(torch, dtype), enabled=device != "cpu")
    with torch.no_grad(), autocast:
        logits = model(**inputs, use_cache=False).logits
    losses: list[tuple[float, int]] = []
    for place in range(len(rows)):
        targets = labels[place, 1:]
        where = torch.nonzero(targets != IGNORE).squeeze(-1)
        nll = 0.0
        for some in where.split(EVAL_CHUNK):
            part = torch.nn.functional.cross_entropy(
                logits[place, some].float(), targets[some], reduction="sum"
            )
            nll += float(part)
        losses.append((nll, len(where)))
    return losses


def _batches(table: pa.Table, batch: int, vocabulary: int, dtype: str) -> Iterator[list[int]]:
    """Places of rows of like length, longest first, so that running out of memory shows at once."""
    lengths = table["length"].to_pylist()
    order = sorted(range(table.num_rows), key=lambda place: -lengths[place])
    compute = 4 if dtype == "float32" else 2
    while order:
        size = eval_rows(batch, lengths[order[0]], vocabulary, compute)
        yield order[:size]
        order = order[size:]


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """The model without dropout inside the block, and as it was afterwards."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
