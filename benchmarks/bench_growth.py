"""How the cost of each operator grows: CPU seconds at several numbers of rows, and the exponent of each stretch.

    python benchmarks/bench_growth.py --sizes 10000 100000 1000000

Each measure is a process of its own, which reads the first rows of one Parquet file; the time of the step alone is
shown, so that neither reading nor the steps before it (``BEFORE``) hide it. An exponent of 1 is linear; n log n is
about 1.1. Of steps that compare vectors the cosines that were made for each row are counted, which caches and memory have no
part in: where they stay the same, the step's own work is linear. Left out: perplexity and ifd, whose cost is a model's, and augment, which ``bench_augment.py`` measures.
"""

from __future__ import annotations

import json
import math
import statistics
from typing import Any

from harness import READ_ROWS, Contestant, data_of, parser

STEPS: dict[str, dict[str, Any]] = {
    "normalize": {},
    "redact": {},
    "stats": {},
    "tokens": {},
    "language": {},
    "quality": {},
    "pii": {},
    "toxicity": {},
    "filter": {"where": "turns() >= 2"},
    "embed": {},
    "categorize": {},
    "categorize clusters": {"method": "clusters"},
    "map2d": {},
    "near_dup": {},
    "semantic_dup": {},
    "dedup": {},
    "contamination": {"against": ["data/samples/benchmark.jsonl"]},
    "decontaminate": {},
    "sample": {"budget": {"share": 0.5}},
    "sample diverse": {"budget": {"share": 0.5}, "by": {"diverse": "static"}},
    "split": {"stratify": None},
    "balance": {"by": "source", "to": "uniform"},
    "balance diverse": {
        "by": "category",
        "to": "uniform",
        "budget": {"share": 0.5},
        "keep": {"diverse": "static"},
    },
}
FIRST_PROMPT = {"op": "embed"}
BEFORE: dict[str, list[dict[str, Any]]] = {
    "categorize": [{"op": "embed", "view": "exchange"}],
    "categorize clusters": [{"op": "embed", "view": "exchange"}],
    "map2d": [FIRST_PROMPT],
    "semantic_dup": [{"op": "embed", "view": "conversation", "tokens": 512}],
    "decontaminate": [{"op": "contamination", "against": ["data/samples/benchmark.jsonl"]}],
    "sample diverse": [FIRST_PROMPT],
    "balance diverse": [FIRST_PROMPT],
}
"""What has run before, untimed; embedding leaves its vectors in memory."""
PROGRAM = (
    READ_ROWS
    + """
import time
from curation.hashing import content_hashes
from curation.step import Context
from curation.steps import BY_OP
n, given = int(sys.argv[3]), json.loads(sys.argv[4])
rows = read_rows(sys.argv[1]).head(n)
rows = rows.with_columns(
    content_hash=pl.Series(content_hashes(rows["messages"])),
    source=pl.lit("made"), source_row=pl.int_range(pl.len(), dtype=pl.Int64), category=(pl.col("id").str.slice(-1)),
    parent_id=pl.lit(None, pl.String), made_by=pl.lit(None, pl.String), split=pl.lit(None, pl.String))
*before, step = [BY_OP[one["op"]].model_validate(one) for one in given]
if step.op == "balance": rows = rows.with_columns(split=pl.lit("train"))
if step.op == "categorize": rows = rows.with_columns(category=pl.lit(None, pl.String))
for one in before: rows = one.apply(rows, Context())
cosines = 0
def counted(module, name, of):
    inner = getattr(module, name)
    def outer(*given):
        global cosines
        cosines += of(*given)
        return inner(*given)
    setattr(module, name, outer)
if step.op in ("semantic_dup", "sample", "balance", "categorize"):
    from curation import diversity
    from curation.embedding import kmeans, near
    counted(kmeans, "_assign", lambda vectors, centres: len(vectors) * len(centres))
    counted(near, "_join", lambda vectors, inverse, left, right, *more: len(left) * len(right))
    counted(diversity, "_farthest_first", lambda vectors: len(vectors) ** 2)
started, cpu = time.perf_counter(), time.process_time()
step.apply(rows, Context())
seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
json.dump({"seconds": seconds, "cpu": cpu, "rows": rows.height, "cosines": cosines / rows.height}, open(sys.argv[2], "w"))
"""
)


def exponents(sizes: list[int], seconds: list[float]) -> str:
    """The exponent of each stretch between two sizes; a stretch that starts under 0.02 s says nothing."""
    said = []
    for place in range(1, len(seconds)):
        if seconds[place - 1] < 0.02:
            said.append("-")
            continue
        power = math.log(seconds[place] / seconds[place - 1]) / math.log(sizes[place] / sizes[place - 1])
        said.append(f"{power:.2f}")
    return ", ".join(said)


def main() -> None:
    """Run and print the table."""
    options = parser(__doc__ or "")
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    chosen = options.parse_args()
    chosen.rows = max(chosen.sizes)
    data = data_of(chosen)
    sizes = sorted(chosen.sizes)
    print(
        "| step | "
        + " | ".join(f"{size:,} rows, s" for size in sizes)
        + " | peak MB | exponents | cosines a row |"
    )
    print("|" + "---|" * (len(sizes) + 4))
    for name, given in STEPS.items():
        if chosen.only and name not in chosen.only:
            continue
        steps = [*BEFORE.get(name, []), {"op": name.split()[0], **given}]
        one = Contestant(name, PROGRAM)
        seconds, cosines = [], []
        for size in sizes:
            taken = []
            for _ in range(chosen.rounds):
                one.run(str(data), (str(size), json.dumps(steps)))
                if one.error:
                    break
                taken.append(one.result["cpu"])
            if one.error:
                break
            seconds.append(statistics.median(taken))
            cosines.append(one.result["cosines"])
        if one.error:
            print(f"| {name} | failed: {one.error} |")
            continue
        cells = " | ".join(f"{value:.2f}" for value in seconds)
        work = ", ".join(f"{value:,.0f}" for value in cosines) if any(cosines) else ""
        print(
            f"| {name} | {cells} | {max(one.peak):,.0f} | {exponents(sizes, seconds)} | {work} |", flush=True
        )


if __name__ == "__main__":
    main()
