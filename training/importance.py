"""How much each input of a matrix matters for a quantised model: its mean square over training rows (llama.cpp's "imatrix").

A rounding error in a weight counts as much as the input that it is multiplied with is large, so the kernels spend their
precision where the inputs are. The rows are the run's own: that is what the model is to be good at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from curation.contract import Home, RunInfo
from training.config import load_config
from training.data import open_export
from training.models import Base, load_voice
from training.preflight import Preflight
from training.prepare import tokenise
from training.quiet import no_bars, quiet

TOKENS = 8192
"""Tokens that are looked at; with twice as many the agreement of SmolLM2-135M moved by less than 0.01."""

LONGEST = 512
"""Tokens of a row that are looked at."""

Importance = dict[str, np.ndarray]
"""The tensor's name in the GGUF file -> one value for each of its columns, float32."""


def importance(folder: Path, merged: Path, converted: Path, base: Base, home: Home) -> Importance:
    """The mean squares of what goes into each linear layer of the merged model, over rows that the run was trained on.

    ``converted`` is the merged model as a GGUF file, which says what llama.cpp calls its architecture. Empty where the export has gone. Raises the errors of its parts.
    """
    import torch
    from transformers import AutoModelForCausalLM

    rows = list(_rows(folder, base, home))
    if not rows:
        return {}
    with quiet(), no_bars():
        model = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32, trust_remote_code=False)
    sums: dict[str, Any] = {}

    def watched(name: str) -> Any:
        def before(_: Any, inputs: Any) -> None:
            flat = inputs[0].reshape(-1, inputs[0].shape[-1])
            sums[name] = sums.get(name, 0) + (flat * flat).sum(0)

        return before

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_pre_hook(watched(name))
    model.eval()
    with torch.no_grad():
        for ids in rows:
            model(input_ids=torch.tensor([ids]), use_cache=False)
    text = model.config.get_text_config()
    named = _names(converted, text.num_hidden_layers)
    if model.get_input_embeddings().weight is model.get_output_embeddings().weight:
        named["lm_head"] = "token_embd"
    count = sum(len(ids) for ids in rows)
    return {
        f"{named[name]}.weight": (total / count).numpy().astype(np.float32)
        for name, total in sums.items()
        if name in named
    }


def _names(converted: Path, layers: int) -> dict[str, str]:
    """Names of layers as transformers has them -> as llama.cpp has them; empty for an architecture it doesn't know."""
    import gguf

    kind = gguf.GGUFReader(converted).fields["general.architecture"].contents()
    arch = next((arch for arch, name in gguf.MODEL_ARCH_NAMES.items() if name == kind), None)
    known = gguf.get_tensor_name_map(arch, layers).mapping if arch is not None else {}
    return {name: found for name, (_, found) in known.items()}


def _rows(folder: Path, base: Base, home: Home) -> Iterator[list[int]]:
    """Token ids of training rows, evenly from the whole split, until there are enough."""
    info = RunInfo.read(folder)
    place = Path(str(info.dataset["path"]))
    if not place.is_dir():
        return
    config = load_config(folder / "config.yaml")
    export = open_export(str(place), home)
    step = max(1, export.rows["train"] // max(1, TOKENS // 32))
    voice, seen, tokens = load_voice(base, config.template), 0, 0
    for rows in export.read("train"):
        some = [row for place, row in enumerate(rows, seen) if place % step == 0]
        seen += len(rows)
        columns = tokenise(some, voice, info.system_prompt, config, Preflight())
        for ids in columns[2].to_pylist():
            yield ids[:LONGEST]
            tokens += len(ids[:LONGEST])
            if tokens >= TOKENS:
                return
