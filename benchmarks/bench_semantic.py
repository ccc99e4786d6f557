"""What ``semantic_dup`` finds within cells: beside all pairs of the same vectors, and on planted near-duplicates.

    python benchmarks/bench_semantic.py --data rows.parquet --truth rows_truth.parquet

Recall of pairs: rows whose nearest partner among all others is at the threshold or more, and that found one as near.
Planted: pairs at Jaccard 0.7 or more that end up in one cluster; precision: rows of clusters that were planted.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from harness import ROOT, data_of, parser

sys.path.insert(0, str(ROOT))


def _quiet(*_: int) -> None:
    """Nobody watches the progress."""


def main() -> None:
    """Run and print."""
    options = parser(__doc__ or "")
    options.add_argument("--truth", type=Path, help="the planted truth, where --data is given")
    options.add_argument("--threshold", type=float, default=0.97)
    chosen = options.parse_args()

    import numpy as np
    import polars as pl

    from curation.embedding import near, vectors
    from curation.hashing import content_hashes
    from curation.step import Context

    data = data_of(chosen)
    truth = pl.read_parquet(chosen.truth or data.with_suffix(".truth.parquet"))
    turn = pl.struct(
        role=pl.element().struct.field("from").replace({"human": "user", "gpt": "assistant"}),
        content=pl.element().struct.field("value"),
    )
    rows = pl.read_parquet(data).select(messages=pl.col("conversations").list.eval(turn))
    rows = rows.with_columns(content_hash=pl.Series(content_hashes(rows["messages"])))
    found = vectors(rows, model="static", view="conversation", tokens=512, ctx=Context())

    def clusters(exact: bool) -> tuple[object, ...]:
        near.EXACT_BELOW = len(found) if exact else 10_000
        started = time.process_time()
        label, cosine, _ = near.near_clusters(found, chosen.threshold, 0, _quiet)
        return label, cosine, time.process_time() - started

    label, cosine, seconds = clusters(exact=False)
    every, best, longer = clusters(exact=True)
    held = best >= chosen.threshold
    pairs = truth.filter(pl.col("jaccard") >= 0.7)
    planted = np.zeros(len(found), bool)
    planted[truth["row"].to_numpy()] = planted[truth["orig"].to_numpy()] = True
    print("| | CPU s | pairs found | planted pairs in one cluster | clustered rows that were planted |")
    print("|---|---|---|---|---|")
    for name, of, near_by, spent in (("cells", label, cosine, seconds), ("all pairs", every, best, longer)):
        sizes = np.bincount(of, minlength=len(of))[of]
        together = (of[pairs["row"].to_numpy()] == of[pairs["orig"].to_numpy()]).mean()
        share = (near_by[held] == best[held]).mean()
        print(f"| {name} | {spent:.1f} | {share:.4f} | {together:.4f} | {planted[sizes > 1].mean():.4f} |")


if __name__ == "__main__":
    main()
