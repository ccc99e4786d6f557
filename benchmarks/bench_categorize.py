"""Accuracy of ``categorize`` with ``method: zero_shot`` where the category is known from the origin of the text.

    python benchmarks/bench_categorize.py                                   # on the bundled samples
    python benchmarks/bench_categorize.py --data FOLDER --half held         # see labelled.py for the folder
    python benchmarks/bench_categorize.py --data FOLDER --half held --model minilm --tokens 128

Prints accuracy over all rows, over the rows that aren't ``unsure``, by origin, and a confusion table.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import polars as pl
from labelled import labelled

import curation
from curation.rows import make_rows
from curation.step import Context
from curation.steps.categorize import Categorize

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"
BUNDLED = {
    "code-help": "code",
    "math-tutor": "math",
    "writing-desk": "writing",
    "science-explained": "science",
}


def bundled() -> pl.DataFrame:
    """The sample rows, with the category that their source stands for."""
    rows = curation.read(str(SAMPLES / "finetome_sample.jsonl"), name="sample").rows
    truth = rows["original_source"].replace_strict(BUNDLED, default=None, return_dtype=pl.String)
    rows = rows.with_columns(group=pl.col("original_source"), truth=truth, category=pl.lit(None, pl.String))
    return rows.filter(pl.col("truth").is_not_null())  # general-knowledge holds a bit of everything


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of labelled data; without it the bundled samples")
    parser.add_argument("--half", choices=["dev", "held"], default="held", help="dev is what was tuned on")
    parser.add_argument("--per-group", type=int, default=200, help="most rows of one origin")
    parser.add_argument("--model", default="static")
    parser.add_argument("--view", default="exchange")
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--cache", type=Path, help="folder for vectors")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.data is None:
        rows = bundled()
    else:
        items = labelled(args.data, args.half, args.per_group)
        rows = make_rows([item.messages for item in items], source="labelled").with_columns(
            group=pl.Series([item.group for item in items]),
            truth=pl.Series([item.category for item in items]),
        )
    step = Categorize(model=args.model, view=args.view, tokens=args.tokens)
    start = time.perf_counter()
    found = step.apply(rows, Context(cache=args.cache))
    seconds = time.perf_counter() - start
    best = pl.when(pl.col("category") == "unsure").then("categorize.second").otherwise("category")
    found = found.with_columns(best=best, sure=pl.col("category") != "unsure").with_columns(
        ok=pl.col("best") == pl.col("truth")
    )
    sure = found.filter("sure")
    figures = {
        "model": args.model,
        "rows": found.height,
        "accuracy, all rows (nearest category)": round(float(found["ok"].mean()), 3),
        "unsure": round(1 - sure.height / found.height, 3),
        "accuracy where sure": round(float(sure["ok"].mean()), 3),
        "seconds": round(seconds, 1),
    }
    if not args.json:
        report(found)
    print(json.dumps(figures))


def report(found: pl.DataFrame) -> None:
    """Markdown tables: by origin, and truth against what was said."""
    print("| origin | truth | rows | right | right where sure | unsure |\n|---|---|---|---|---|---|")
    groups = found.group_by("group", "truth").agg(
        n=pl.len(),
        right=pl.col("ok").mean(),
        where_sure=pl.col("ok").filter(pl.col("sure")).mean(),
        unsure=1 - pl.col("sure").mean(),
    )
    for group, truth, n, right, where_sure, unsure in groups.sort("group", "truth").iter_rows():
        print(f"| {group} | {truth} | {n} | {right:.2f} | {where_sure or 0:.2f} | {unsure:.2f} |")
    said = sorted(set(found["category"]) | set(found["truth"]), key=lambda name: (name == "unsure", name))
    print("\n| truth \\ said | " + " | ".join(said) + " |\n|" + "---|" * (len(said) + 1))
    for truth in sorted(set(found["truth"])):
        counts = dict(found.filter(pl.col("truth") == truth).group_by("category").len().iter_rows())
        print(f"| {truth} | " + " | ".join(str(counts.get(name, "")) for name in said) + " |")
    print()


if __name__ == "__main__":
    main()
