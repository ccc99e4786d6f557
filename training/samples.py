"""Answers of the base and of the tuned model to the same questions from the eval split, after a run."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from curation.contract import write_atomic
from training.data import Export
from training.evaluate import evaluating
from training.models import Voice
from training.quiet import quiet

FILE = "samples.json"


def write_samples(
    folder: Path, model: Any, export: Export, voice: Voice, ids: list[str], device: str, longest: int
) -> list[dict[str, Any]]:
    """Ask both models what these eval rows were asked last, and write ``samples.json``.

    Each sample has ``id``, ``category``, ``question``, ``reference`` (the row's own answer), ``base`` (null
    where all weights were trained) and ``tuned``. Answers are greedy, so they can be made again.
    """
    samples: list[dict[str, Any]] = []
    wanted = set(ids)
    with quiet(), evaluating(model):
        for rows in export.read("eval"):
            for row in rows:
                if row.id not in wanted:
                    continue
                last = max(n for n, m in enumerate(row.messages) if m["role"] == "assistant")
                prompt = voice.prompt(row.messages[:last], export.info.system_prompt)
                peft = hasattr(model, "disable_adapter")
                sample = {
                    "id": row.id,
                    "category": row.category,
                    "question": row.messages[last - 1]["content"] if last else "",
                    "reference": row.messages[last]["content"],
                    "base": None,
                    "tuned": answer(model, voice, prompt, device, longest),
                }
                with model.disable_adapter() if peft else nullcontext():
                    sample["base"] = answer(model, voice, prompt, device, longest) if peft else None
                samples.append(sample)
    write_atomic(folder / FILE, json.dumps(samples, ensure_ascii=False, indent=1) + "\n")
    return samples


def answer(model: Any, voice: Voice, prompt: list[int], device: str, longest: int) -> str:
    """A greedy answer of at most ``longest`` tokens, without its end token."""
    import torch

    ids = torch.tensor([prompt], device=device)
    with torch.no_grad():
        out = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=longest,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            eos_token_id=voice.stop_ids,
            pad_token_id=voice.pad_id,
            use_cache=True,
        )
    new = [token for token in out[0, len(prompt) :].tolist() if token not in voice.stop_ids]
    return str(
        voice.tokenizer.decode(new, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    ).strip()
