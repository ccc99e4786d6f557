"""The dataset card: what a version holds, where it comes from, and what was done to it."""

from __future__ import annotations

import math
from typing import Any

import yaml

from curation.contract import ExportInfo
from curation.recipe import Recipe
from curation.store import Version

SHOWN = 20
"""Values of a dimension that stand in the card."""


def dataset_card(info: ExportInfo, version: Version, found: dict[str, Any]) -> str:
    """The README.md of an export, with the front matter that the Hub reads.

    ``found`` are the figures of the version (``curation.figures``), the same that its report shows.
    """
    licences = sorted({licence.lower() for licence in info.licences.values() if licence})
    rows = sum(file.rows or 0 for file in info.files.values())
    front: dict[str, Any] = {
        "pretty_name": info.name,
        "license": licences[0] if len(licences) == 1 and all(info.licences.values()) else "other",
        "task_categories": ["text-generation"],
        "tags": ["tomewright", "instruction-tuning"],
        "size_categories": [_size(rows)],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": "train", "path": "train.parquet"},
                    *([{"split": "eval", "path": "eval.parquet"}] if info.counts.get("eval") else []),
                ],
            }
        ],
    }
    parts = [
        f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---",
        f"# {_plain(info.name)}",
        f"{rows:,} conversations, curated with Tomewright. Dataset version `{info.dataset_id}`, rows hash "
        f"`{info.rows_hash}`.",
        "## Rows by category\n\n" + _counts(info),
        f"As even as {found['measures']['effective']:.1f} equal categories; the largest is "
        f"{found['measures']['imbalance']:.1f} times the smallest.",
        *(
            f"## Rows by {name}\n\n{_shares(values)}"
            for name, values in found["dimensions"].items()
            if name != "category" and len(values) > 1
        ),
        "## Lengths\n\n" + _lengths(found["lengths"]),
        "## Sources\n\n" + _sources(version, info),
        "## What was done\n\n" + _steps(version),
        "## What augmentation made\n\n" + _augmented(found["augmentation"]) if found["augmentation"] else "",
        "## Duplicates\n\n" + _duplicates(found["duplicates"]),
        "## Overlap with test sets\n\n" + _contamination(found["contamination"]),
        "## What steps found\n\n" + _findings(found["findings"]) if found["findings"] else "",
        "## How to make it again\n\nSave this as `recipe.yaml` and run `tome run recipe.yaml`: the same inputs give the same "
        f"version.\n\n```yaml\n{Recipe.model_validate(info.recipe).to_yaml()}```"
        if info.recipe
        else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(head: list[str], rows: list[list[Any]]) -> str:
    """A Markdown table; figures get thousands separators and stand right."""
    right = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(head))]

    def cell(value: Any) -> str:
        text = f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)
        return _plain(text)

    lines = [head, ["---:" if r else "---" for r in right], *([cell(v) for v in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(text: str) -> str:
    """Text from data, made harmless in Markdown."""
    for mark in "\\`*_[]<>|#!":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())


def _size(rows: int) -> str:
    for limit, name in (
        (1_000, "n<1K"),
        (10_000, "1K<n<10K"),
        (100_000, "10K<n<100K"),
        (1_000_000, "100K<n<1M"),
    ):
        if rows < limit:
            return name
    return "1M<n<10M"


def _findings(found: dict[str, Any]) -> str:
    """Flags and counted values as one table; numbers as another."""
    flags = [
        [name, "", one["rows"]]
        for name, one in found.items()
        if one["kind"] in ("flag", "text") and one["rows"]
    ]
    values = [
        [name, value, count]
        for name, one in found.items()
        if one["kind"] == "values"
        for value, count in list(one["values"].items())[:8]
    ]
    numbers = [
        [
            name,
            one["known"],
            *(f"{one[key]:.4g}" if one[key] is not None else None for key in ("mean", "median", "p95")),
        ]
        for name, one in found.items()
        if one["kind"] == "number"
    ]
    parts = []
    if flags or values:
        parts.append(
            table(["column", "value", "rows"], sorted(flags + values, key=lambda row: (row[0], -row[2])))
        )
    if numbers:
        parts.append(table(["column", "rows", "mean", "median", "95%"], numbers))
    return "\n\n".join(parts) or "Nothing."


def _shares(values: list[dict[str, Any]]) -> str:
    """Rows and words by the values of a dimension, the first twenty."""
    rows = [
        [v["value"], v["rows"], f"{100 * v['share']:.1f}", f"{100 * v['word_share']:.1f}"]
        for v in values[:SHOWN]
    ]
    more = f"\n\nAnd {len(values) - SHOWN:,} more." if len(values) > SHOWN else ""
    return table(["value", "rows", "% of rows", "% of words"], rows) + more


def _lengths(found: dict[str, list[dict[str, Any]]]) -> str:
    """Rows by words, tokens and turns; bins of a quarter of a doubling are joined to whole doublings."""
    parts = []
    for unit, bins in found.items():
        counts: dict[str, int] = {}
        for b in bins:
            low = (
                b["start"]
                if unit == "turns"
                else 2 ** math.floor(math.log2(b["start"]))
                if b["start"] >= 1
                else 0
            )
            counts[f"{low:,.0f}"] = counts.get(f"{low:,.0f}", 0) + b["rows"]
        parts.append(table([f"{unit} from", "rows"], [[low, rows] for low, rows in counts.items() if rows]))
    return "\n\n".join(parts)


def _augmented(found: dict[str, Any]) -> str:
    """Rows asked for and made by category and by generator, and what language models took."""
    by_category = [
        [one[key] for key in ("category", "asked", "tried", "kept")] for one in found["categories"]
    ]
    by_generator = [
        [one[key] for key in ("generator", "category", "tried", "kept")] for one in found["generators"]
    ]
    parts = [
        "Made rows stand in the training side alone, each under its parent's family; `made_by` says so.",
        table(["category", "rows asked for", "candidates", "kept"], by_category),
        table(["generator", "category", "candidates", "kept"], by_generator),
    ]
    took = [
        [one[key] for key in ("generator", "model", "candidates", "tokens_in", "tokens_out", "cost")]
        for one in found["account"]
    ]
    if took:
        parts.append(
            table(
                [
                    "generator",
                    "language model",
                    "candidates",
                    "tokens in",
                    "tokens out",
                    "cost at the prices given",
                ],
                took,
            )
        )
    return "\n\n".join(parts)


def _duplicates(found: list[dict[str, Any]]) -> str:
    if not found:
        return "No step looked for duplicates."
    rows = [[one[key] for key in ("step", "by", "clusters", "rows", "dropped")] for one in found]
    return table(["step", "by", "clusters", "rows in them", "dropped"], rows)


def _contamination(found: dict[str, Any] | None) -> str:
    """What was compared with test sets, what was cut, and the evidence: row, test set, item, share, text."""
    if found is None:
        return "No step compared these rows with test sets."
    parts = [
        f"{check['rows']:,} rows were compared with {_plain(', '.join(check['against']))} by runs of {check['ngram']} words: "
        f"{check['hit']:,} had something in common. "
        for check in found["checks"]
    ]
    parts.append(
        f"{found['dropped']:,} rows were cut for it; {found['left_rows']:,} with a smaller overlap are left."
    )
    head = ["row", "test set", "item", "share of the item", "text in common"]
    for title, rows in (("Cut", found["cut"]), ("Left", found["left"])):
        if rows:
            lines = [[r["id"], r["benchmark"], r["item"], r["overlap"], r["match"]] for r in rows]
            parts.append(f"{title}, highest first:\n\n" + table(head, lines))
    return "\n\n".join(parts)


def _counts(info: ExportInfo) -> str:
    sides = list(info.counts)
    names = sorted(
        {name for side in sides for name in info.counts[side]},
        key=lambda name: (-sum(info.counts[side].get(name, 0) for side in sides), name),
    )
    rows = [[name, *(info.counts[side].get(name, 0) for side in sides)] for name in names]
    return table(["category", *sides], rows)


def _sources(version: Version, info: ExportInfo) -> str:
    rows = [
        [
            one["name"],
            one.get("uri", ""),
            info.licences.get(one["name"]) or "not stated",
            one["rows"],
            one["rejects"],
        ]
        for one in version.manifest.sources
    ]
    return table(["source", "from", "licence", "rows", "rejects"], rows)


def _steps(version: Version) -> str:
    rows = []
    for step in version.manifest.steps:
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in list(step["reasons"].items())[:3])
        rows.append(
            [step["op"], step["in"], step["dropped"], step["made"], step["edited"], step["out"], reasons]
        )
    return table(["step", "in", "dropped", "made", "edited", "out", "reasons for dropping"], rows)
