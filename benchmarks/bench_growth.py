"""How the cost of each operator grows: seconds at several numbers of rows, and the exponent between the last two.

    python benchmarks/bench_growth.py --sizes 10000 100000 1000000

Each measure is a process of its own, which reads the first rows of one Parquet file; the time of the step alone is
shown, so that reading doesn't hide it. An exponent of 1.0 is linear; n log n is about 1.1.
"""

from __future__ import annotations

import json
import math
import statistics

from harness import READ_ROWS, Contestant, data_of, parser

STEPS = {
    "stats": {"op": "stats"},
    "normalize": {"op": "normalize"},
    "filter": {"op": "filter", "where": "turns() >= 2"},
    "dedup": {"op": "dedup"},
    "near_dup": {"op": "near_dup"},
    "split": {"op": "split", "stratify": None},
    "balance": {"op": "balance", "by": "source", "to": "uniform"},
}
PROGRAM = (
    READ_ROWS
    + """
import time
from curation.hashing import content_hashes
from curation.rows import CORE
from curation.step import Context
from curation.steps import BY_OP
n, step = int(sys.argv[3]), json.loads(sys.argv[4])
rows = read_rows(sys.argv[1]).head(n)
rows = rows.with_columns(
    content_hash=pl.Series(content_hashes(rows["messages"])),
    source=pl.lit("made"), source_row=pl.int_range(pl.len(), dtype=pl.Int64), category=(pl.col("id").str.slice(-1)),
    parent_id=pl.lit(None, pl.String), made_by=pl.lit(None, pl.String), split=pl.lit(None, pl.String))
if step["op"] == "balance": rows = rows.with_columns(split=pl.lit("train"))
step = BY_OP[step["op"]].model_validate(step)
started, cpu = time.perf_counter(), time.process_time()
step.apply(rows, Context())
json.dump({"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu, "rows": rows.height}, open(sys.argv[2], "w"))
"""
)


def main() -> None:
    """Run and print the table."""
    options = parser(__doc__ or "")
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    options.add_argument("--step", action="append", default=[], help="more steps, as JSON")
    chosen = options.parse_args()
    chosen.rows = max(chosen.sizes)
    data = data_of(chosen)
    steps = STEPS | {json.loads(text)["op"]: json.loads(text) for text in chosen.step}
    sizes = sorted(chosen.sizes)
    print("| step | " + " | ".join(f"{size:,} rows, s" for size in sizes) + " | peak MB | exponent |")
    print("|" + "---|" * (len(sizes) + 3))
    for name, step in steps.items():
        if chosen.only and name not in chosen.only:
            continue
        seconds, peak, error = [], 0.0, None
        for size in sizes:
            one, taken = Contestant(name, PROGRAM), []
            for _ in range(chosen.rounds):
                one.run(str(data), (str(size), json.dumps(step)))
                if one.error:
                    error = one.error
                    break
                taken.append(one.result["cpu"])
            if error:
                break
            seconds.append(statistics.median(taken))
            peak = max(one.peak)
        if error:
            print(f"| {name} | failed: {error} |")
            continue
        power = (
            math.log(seconds[-1] / max(seconds[-2], 1e-4)) / math.log(sizes[-1] / sizes[-2])
            if len(sizes) > 1
            else math.nan
        )
        print(
            f"| {name} | "
            + " | ".join(f"{value:.2f}" for value in seconds)
            + f" | {peak:,.0f} | {power:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
