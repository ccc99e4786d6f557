"""Exact duplicates, whole rows kept: the ``dedup`` step beside polars, pandas and datasets.

    python benchmarks/bench_exact.py --rows 100000 --python /path/to/python/with/the/peers

``dedup`` reads a version's rows, which carry their content hashes since ingest; ``polars unique`` reads the same file
and compares the messages. ``hash, then dedup`` reads the raw Parquet file and makes the hashes too.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from harness import READ_ROWS, Contestant, compete, data_of, parser, table

DEDUP = """
from curation.step import Context
from curation.steps.dedup import Dedup
kept = Dedup().apply(rows, Context())
kept = kept.filter(kept["reason"].is_null())
json.dump({"rows": kept.height}, open(sys.argv[2], "w"))
"""
OURS = READ_ROWS + "rows = pl.read_parquet(sys.argv[3])\n" + DEDUP
HASHED = (
    READ_ROWS
    + "from curation.hashing import content_hashes\nrows = read_rows(sys.argv[1])\n"
    + 'rows = rows.with_columns(content_hash=pl.Series(content_hashes(rows["messages"])))\n'
    + DEDUP
)
POLARS = READ_ROWS + (
    'rows = pl.read_parquet(sys.argv[3]).unique("messages", keep="first", maintain_order=True)\n'
    'json.dump({"rows": rows.height}, open(sys.argv[2], "w"))\n'
)
PANDAS = """
import sys, json, pandas as pd
data = pd.read_parquet(sys.argv[1])
key = data["conversations"].map(lambda c: json.dumps([(t["from"], t["value"]) for t in c]))
json.dump({"rows": int(len(data[~key.duplicated()]))}, open(sys.argv[2], "w"))
"""
DATASETS = """
import sys, json, tempfile
from datasets import Dataset
data = Dataset.from_parquet(sys.argv[1], cache_dir=tempfile.mkdtemp())
seen = set()
def first(row):
    key = json.dumps(row["conversations"])
    new = key not in seen
    seen.add(key)
    return new
json.dump({"rows": len(data.filter(first))}, open(sys.argv[2], "w"))
"""


VERSION = READ_ROWS + (
    "from pathlib import Path\n"
    "from curation import parquet\n"
    "from curation.hashing import content_hashes\n"
    "rows = read_rows(sys.argv[1])\n"
    'rows = rows.with_columns(content_hash=pl.Series(content_hashes(rows["messages"])))\n'
    "parquet.write(rows, Path(sys.argv[3]))\n"
    'json.dump({}, open(sys.argv[2], "w"))\n'
)
"""The rows as a version keeps them. In a process of its own: a child's peak memory begins with its parent's."""


def main() -> None:
    """Run and print the table."""
    chosen = parser(__doc__ or "").parse_args()
    data = data_of(chosen)
    contestants = [
        Contestant("dedup", OURS),
        Contestant("hash, then dedup", HASHED),
        Contestant("polars unique", POLARS),
        Contestant("pandas", PANDAS, chosen.python),
        Contestant("datasets", DATASETS, chosen.python),
    ]
    contestants = [c for c in contestants if not chosen.only or c.name in chosen.only]
    with tempfile.TemporaryDirectory() as folder:
        version = Path(folder) / "rows.parquet"
        maker = Contestant("version", VERSION)
        maker.run(str(data), (str(version),))
        if maker.error:
            raise SystemExit(maker.error)
        compete(contestants, str(data), chosen.rounds, (str(version),))
    print(table(contestants, "polars unique", ("rows",)))


if __name__ == "__main__":
    main()
