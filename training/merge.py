"""The adapter merged into the base's weights, in 16 bit, checked against the adapter before it counts."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curation.contract import Home, RunInfo, file_sha256, write_atomic
from training.compare import Likeness, insist, likeness, logits_of
from training.errors import DataError, ModelError
from training.models import Base, resolve_base
from training.quiet import quiet

FOLDER = "merged"


def pinned_template(info: RunInfo) -> str:
    """The run's chat template with its date and switches written into it, for programs that know no date."""
    date = json.dumps(info.template_date)
    return (
        f"{{%- set date_string = {date} -%}}{{%- set enable_thinking = false -%}}"
        f"{{%- macro strftime_now(form) -%}}{info.template_date}{{%- endmacro -%}}{info.template}"
    )


def open_run(folder: Path) -> RunInfo:
    """A finished run whose adapter is what it was. Raises DataError."""
    info = RunInfo.read(folder)
    if info.state != "done":
        raise DataError(
            f"the run isn't finished: {info.state}",
            where=str(folder),
            mend="Go on with it: tome train --resume.",
        )
    for name, known in info.adapter_files.items():
        path = folder / info.adapter / name
        if not path.is_file() or file_sha256(path) != known.sha256:
            raise DataError(
                "the file isn't the one that run.json describes: it is damaged or was changed",
                where=str(path),
                mend="Copy the run's folder again, or train again.",
            )
    return info


def run_base(info: RunInfo, home: Home, say: Callable[[str], None]) -> Base:
    """The base model that the run was trained on. Raises ModelError where it is another by now."""
    base = resolve_base(info.base_model, info.base_revision, home, say)
    if info.base_sha256 is not None and base.sha256 != info.base_sha256:
        raise ModelError("the base model's weights have changed since the run", where=info.base_model)
    return base


def merge(folder: Path, home: Home, say: Callable[[str], None] = lambda _: None) -> tuple[Path, Likeness]:
    """Write ``merged/`` in the run's folder: bfloat16 safetensors, tokenizer, pinned template, stop tokens.

    Returns the folder and how it compares with base + adapter. Raises DataError, ModelError; a merge that
    isn't the tuned model is removed.
    """
    from transformers import AutoTokenizer

    info = open_run(folder)
    target = folder / FOLDER
    if (target / "check.json").is_file():
        return target, Likeness(**json.loads((target / "check.json").read_text(encoding="utf-8")))
    base = run_base(info, home, say)
    prompts = [probe.input_ids for probe in info.probes]
    partial = target.with_name(f".{FOLDER}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        say("Merging the adapter into the base's weights.")
        with quiet():
            import torch

            bare = _load(base.path, torch.float32)
            plain = logits_of(bare, prompts)
            if info.config["precision"] == "full":
                merged = _load(folder / info.adapter, torch.float32)
                tuned = logits_of(merged, prompts)
            else:
                from peft import PeftModel

                model = PeftModel.from_pretrained(bare, folder / info.adapter)
                tuned = logits_of(model, prompts)
                merged = model.merge_and_unload(safe_merge=True)
            merged.generation_config.eos_token_id = info.stop_token_ids
            merged.to(torch.bfloat16).save_pretrained(partial)
            tokenizer = AutoTokenizer.from_pretrained(base.path, trust_remote_code=False)
            tokenizer.chat_template = pinned_template(info)
            tokenizer.eos_token = info.stop_tokens[0]
            tokenizer.save_pretrained(partial)
            del bare, merged
            found = likeness(tuned, logits_of(_load(partial, torch.float32), prompts))
        insist(found, likeness(plain, tuned), "merged")
        write_atomic(partial / "check.json", json.dumps(dataclasses.asdict(found)) + "\n")
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    say(f"Merged: {found.agreement:.1%} of next tokens agree, mean logit difference {found.mean_difference}.")
    return target, found


def _load(folder: Path, dtype: Any) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, trust_remote_code=False)
