"""Conversations whose category is known from where they come from, for measuring ``categorize``.

Reads a folder with ``finetome_like.jsonl`` (ShareGPT rows with ``source``), ``benchmarks/*.jsonl`` and
``domain/``; files that are missing are left out. Each group is one origin and has one true category.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SOURCES = {
    "openai/gsm8k:train": "math",
    "abachaa/MedQuAD": "medical",
    "teknium1/GPTeacher:codegen": "code",
    "teknium1/GPTeacher:roleplay": "roleplay",
    "teknium1/GPTeacher:toolformer": "tool_use",
    "gorilla-llm/openfunctions-v1:train": "tool_use",
    "glaive-function-calling-v2:llamafactory-en-demo": "tool_use",  # those with tools in the system prompt
}
BENCHMARKS = {
    "math500": "math",
    "svamp": "math",
    "humaneval": "code",
    "mbpp": "code",
    "openbookqa_test": "science",
}
SUBJECTS = {
    "legal": "professional_law international_law jurisprudence",
    "medical": "professional_medicine clinical_knowledge college_medicine anatomy medical_genetics virology nutrition",
    "finance": "professional_accounting high_school_macroeconomics high_school_microeconomics econometrics",
    "math": "elementary_mathematics high_school_mathematics high_school_statistics abstract_algebra college_mathematics",
    "science": "high_school_biology conceptual_physics high_school_chemistry astronomy high_school_physics "
    "college_biology college_physics college_chemistry electrical_engineering",
    "code": "college_computer_science high_school_computer_science machine_learning computer_security",
    "knowledge": "prehistory high_school_world_history high_school_us_history high_school_european_history "
    "high_school_geography high_school_government_and_politics world_religions us_foreign_policy sociology "
    "philosophy global_facts",
    "reasoning": "formal_logic logical_fallacies",
}
TASKS = (
    "boolean_expressions date_understanding formal_fallacies logical_deduction_five_objects "
    "logical_deduction_three_objects navigate reasoning_about_colored_objects temporal_sequences "
    "tracking_shuffled_objects_five_objects web_of_lies object_counting"
)
TURNS = {
    "writing": "writing",
    "roleplay": "roleplay",
    "reasoning": "reasoning",
    "math": "math",
    "coding": "code",
    "extraction": "text",
    "stem": "science",
    "humanities": "knowledge",
}
EXAMS = {"legal": "legal", "finance": "finance", "medical": "medical", "science": "science"}
ROLES = {"human": "user", "gpt": "assistant", "function_call": "assistant", "observation": "tool"}


class Labelled(NamedTuple):
    """One conversation, where it comes from, and its true category."""

    group: str
    category: str
    messages: list[dict[str, str]]
    half: str
    """``dev`` or ``held``: by the hash of the text, so that it never changes."""


def _item(group: str, category: str, messages: list[dict[str, str]]) -> Labelled:
    digest = hashlib.blake2b(json.dumps(messages, sort_keys=True).encode(), digest_size=8).digest()
    return Labelled(group, category, messages, "dev" if digest[0] % 2 else "held")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open(encoding="utf-8") as handle:
            yield from (json.loads(line) for line in handle)


def _pair(prompt: str, answer: str = "") -> list[dict[str, str]]:
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return turns if answer else turns[:1]


def _everything(data: Path) -> Iterator[Labelled]:
    for row in _lines(data / "finetome_like.jsonl"):
        category = SOURCES.get(row["source"])
        messages = [
            {"role": ROLES.get(turn["from"], turn["from"]), "content": turn["value"]}
            for turn in row["conversations"]
        ]
        if category and not (row["source"].startswith("glaive") and messages[0]["role"] != "system"):
            yield _item(row["source"], category, messages)
    for name, category in BENCHMARKS.items():
        for row in _lines(data / "benchmarks" / f"{name}.jsonl"):
            yield _item(name, category, _pair(row["question"]))
    subjects = {subject: category for category, names in SUBJECTS.items() for subject in names.split()}
    for row in _lines(data / "benchmarks" / "mmlu_test.jsonl"):
        if category := subjects.get(row["subject"]):
            choices = "\n".join(
                f"{letter}. {text}" for letter, text in zip("ABCD", row["choices"], strict=True)
            )
            yield _item(f"mmlu:{category}", category, _pair(f"{row['question']}\n{choices}"))
    for row in _lines(data / "benchmarks" / "bbh.jsonl"):
        if row["task"] in TASKS.split():
            yield _item("bbh", "reasoning", _pair(row["question"]))
    for row in _lines(data / "benchmarks" / "mt_bench.jsonl"):
        yield _item("mt_bench", TURNS[row["category"]], _pair(row["question"]))
    for row in _lines(data / "domain/multilingual_exams_openai_messages/openai_evals_messages.jsonl"):
        # consensus_summary is labelled science, but asks about health as often as about science
        if (
            row["language"] == "en"
            and row["eval"] != "consensus_summary"
            and (category := EXAMS.get(row["category"]))
        ):
            yield _item(f"exams:{category}", category, row["messages"])
    support = data / "domain/customer_support_bitext/bitext_customer_support.csv"
    if support.exists():
        with support.open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                yield _item("bitext", "support", _pair(row["instruction"]))


def labelled(data: Path, half: str, per_group: int = 200) -> list[Labelled]:
    """Up to ``per_group`` conversations of each group, the same on every call; ``half`` is dev or held."""
    groups: dict[tuple[str, str], list[tuple[str, Labelled]]] = {}
    for item in _everything(data):
        if item.half == half:
            key = hashlib.blake2b(
                json.dumps(item.messages, sort_keys=True).encode(), digest_size=8
            ).hexdigest()
            groups.setdefault((item.group, item.category), []).append((key, item))
    chosen: list[Labelled] = []
    for name in sorted(groups):
        chosen.extend(item for _, item in sorted(dict(groups[name]).items())[:per_group])
    return chosen
