"""The model card: what the model was made of, how, and how it did, in the Hub's own format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from curation.contract import RunInfo, write_atomic
from training.samples import FILE as SAMPLES


def write_card(folder: Path, info: RunInfo) -> None:
    """Write ``README.md`` of a run."""
    path = folder / SAMPLES
    samples = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    write_atomic(folder / "README.md", card(info, samples))


def card(info: RunInfo, samples: Sequence[Mapping[str, Any]] = ()) -> str:
    """The text of the model card; ``samples`` are answers of both models."""
    hub_base = info.base_model if info.base_sha256 is None else _local_name(info.base_model)
    header = {
        "base_model": hub_base,
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "tags": ["lora", "sft", "tomewright", *(["unsloth"] if info.config["backend"] == "unsloth" else [])],
    }
    data, config = info.dataset, info.config
    what = "All weights" if config["precision"] == "full" else f"A LoRA adapter (rank {config['lora_rank']})"
    parts = [
        f"---\n{yaml.safe_dump(header, sort_keys=False)}---",
        f"# {info.run_id}",
        f"{what} for `{hub_base}`, trained with Tomewright on `{data['name']}` "
        f"(dataset version `{data['dataset_id']}`). State: {info.state}.",
        "## Evaluation\n\n" + _evaluation(info.metrics),
        *(["## Samples\n\n" + "\n\n".join(_sample(sample) for sample in samples)] if samples else []),
        "## Data\n\n" + _data(data),
        "## Training\n\n" + _table(("setting", "value"), sorted((k, v) for k, v in config.items())),
        f"```sh\n{info.command}\n```",
        "Chat template hash `"
        + info.template_hash
        + "`, stop tokens "
        + ", ".join(f"`{token}`" for token in info.stop_tokens)
        + f", resume key `{info.key}`.",
        "## Packages\n\n" + _table(("package", "version"), sorted(info.packages.items())),
    ]
    if info.system_prompt:
        parts.insert(3, f"System prompt:\n\n> {' '.join(info.system_prompt.split())}")
    return "\n\n".join(parts) + "\n"


def _local_name(path: str) -> str:
    return (
        "HuggingFaceTB/SmolLM2-135M-Instruct" if path.endswith("smollm2-135m-instruct") else Path(path).name
    )


def _evaluation(metrics: Mapping[str, Any]) -> str:
    last, base = metrics.get("eval"), metrics.get("eval_base")
    if not last:
        return "Not evaluated."
    rows = []
    for name, part in [("all", last), *last["categories"].items()]:
        before = base if name == "all" else (base or {}).get("categories", {}).get(name)
        rows.append((name, part["rows"], f"{before['loss']:.4f}" if before else "", f"{part['loss']:.4f}"))
    table = _table(("category", "rows", "loss, base", "loss, tuned"), rows)
    told = f"Mean loss (nats per answer token) on the export's eval split.\n\n{table}"
    return told + _tasks(metrics.get("lm_eval", {}))


def _tasks(scores: Mapping[str, Any]) -> str:
    rows = [
        (task, metric, scores.get("base", {}).get(task, {}).get(metric, ""), value)
        for task, values in scores.get("tuned", {}).items()
        for metric, value in values.items()
    ]
    head = ("lm-evaluation-harness", "metric", "base", "tuned")
    return f"\n\n{_table(head, rows)}" if rows else ""


def _sample(sample: Mapping[str, Any]) -> str:
    parts = [("Question", "question"), ("Base", "base"), ("Tuned", "tuned")]
    lines = [f"**{title}:**\n\n{_quote(sample[key])}" for title, key in parts if sample[key] is not None]
    return "\n\n".join(lines)


def _quote(text: str) -> str:
    return "\n".join(f"> {line}" for line in (text.splitlines() or [""]))


def _data(data: Mapping[str, Any]) -> str:
    counts = data["counts"]
    names = sorted({name for split in counts.values() for name in split})
    rows = [(name, *(counts[split].get(name, 0) for split in sorted(counts))) for name in names]
    parts = [_table(("category", *sorted(counts)), rows)]
    if data["licences"]:
        licences = [(source, licence or "not stated") for source, licence in sorted(data["licences"].items())]
        parts.append(_table(("source", "licence"), licences))
    steps = [
        (step["op"], step["in"], step["out"], _reasons(step))
        for version in reversed(data["lineage"])  # the oldest first
        for step in version.get("steps", [])
    ]
    sources = [
        (source["name"], source["uri"], source["rows"], source.get("rejects", 0))
        for version in reversed(data["lineage"])
        if version.get("kind") == "ingest"
        for source in version.get("sources", [])
    ]
    if sources:
        parts.append(_table(("source", "from", "rows", "rejected"), sources))
    if steps:
        parts.append(_table(("step", "rows in", "rows out", "why"), steps))
    if data.get("recipe"):
        recipe = yaml.safe_dump(data["recipe"], sort_keys=False, allow_unicode=True)
        parts.append(f"<details><summary>Recipe</summary>\n\n```yaml\n{recipe}```\n\n</details>")
    return "\n\n".join(parts)


def _reasons(step: Mapping[str, Any]) -> str:
    """What became of rows in a step: dropped by reason, edited, made."""
    told = [f"{count} dropped: {reason}" for reason, count in sorted(step.get("reasons", {}).items())]
    told += [f"{step[what]} {what}" for what in ("edited", "made") if step.get(what)]
    return "; ".join(told)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return " ".join(str(value).replace("|", "\\|").split())
