"""Run by the packing test in its own process: the losses of rows alone, packed, and wrongly packed.

Usage: packing_proof.py BACKEND MODEL. Prints one JSON object: row losses alone, the packed sum, the packed
sum with the sequence filled up, the sum with positions that don't start again, and the gradient's difference between packed
and padded batches, and between filled and packed ones.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from training.backends import import_backend, load_model
from training.collate import Packed, Padded
from training.config import build
from training.models import resolve_base


def main(backend: str, model: str) -> None:
    import_backend(backend)
    import torch

    from curation.contract import Home
    from training.evaluate import evaluating, row_losses

    config = build({"model": model, "backend": backend, "max_length": 64, "batch": 2}, "proof")
    loaded = load_model(resolve_base(model, None, Home("unused")), config)
    net = loaded.model
    generator = torch.Generator().manual_seed(1)
    rows = []
    for length in (9, 5, 14, 3):
        ids = torch.randint(10, 260, (length,), generator=generator).tolist()
        rows.append({"input_ids": ids, "labels": [-100, -100, *ids[2:]], "seq_lengths": [length]})

    packed = Packed(lengths_too=backend == "unsloth")(rows)
    filled = Packed(lengths_too=backend == "unsloth", multiple=16)(rows)
    wrong = dict(packed)
    wrong["position_ids"] = torch.arange(packed["input_ids"].shape[1])[None]
    wrong.pop("packed_seq_lengths", None)

    def total(batch: dict) -> float:
        labels = batch["labels"][0]
        with torch.no_grad(), evaluating(net):
            inputs = {name: value for name, value in batch.items() if name != "labels"}
            logits = net(**inputs, use_cache=False).logits[0].float()
        return float(torch.nn.functional.cross_entropy(logits[:-1], labels[1:], reduction="sum"))

    def gradient(batch: dict) -> torch.Tensor:
        net.zero_grad()
        supervised = int((batch["labels"][:, 1:] != -100).sum())
        loss = net(**batch, use_cache=False, num_items_in_batch=torch.tensor(supervised)).loss
        loss.backward()
        return torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None])

    with evaluating(net):
        alone = [nll for row in rows for nll, _ in row_losses(net, [row], 0, loaded.device, loaded.dtype)]
    net.train()
    with torch.no_grad():  # LoRA starts as zero; give it weight so that gradients say something
        for name, parameter in net.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.1, generator=generator)
    padded_grad, packed_grad = gradient(Padded(0)(rows)), gradient(dict(packed))
    filled_grad = gradient(dict(filled))
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if "lora_B" in name:
                parameter.zero_()
    print(
        json.dumps(
            {
                "alone": alone,
                "packed": total(packed),
                "filled": total(filled),
                "wrong": total(wrong),
                "gradient": float((padded_grad - packed_grad).norm() / padded_grad.norm()),
                "filled_gradient": float((filled_grad - packed_grad).norm() / packed_grad.norm()),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
