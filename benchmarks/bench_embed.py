"""What embedding costs, and what rests on it: each step in its own process, from Parquet to result.

    python benchmarks/bench_embed.py --data rows.parquet
    python benchmarks/bench_embed.py --rows 10000 --rounds 3 --minilm 500

``embed (static)`` reads and embeds; the others embed too, since no cache is given. ``sentence-transformers`` is
what one would otherwise take: all-MiniLM-L6-v2 on the first ``--minilm`` rows (0 leaves it out); its column
``texts/s`` compares, its seconds are of those rows alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from harness import READ_ROWS, Contestant, compete, data_of, parser, table

BODY = """
import time
from curation.step import Context
ctx = Context()
from curation.rows import rehash
rows = read_rows(sys.argv[1])
rows = rows.with_columns(rehash(rows), category=pl.lit(None, pl.String))
start = time.perf_counter()
{work}
seconds = time.perf_counter() - start
json.dump({{"step s": round(seconds, 1), "texts/s": int(rows.height / seconds), "found": found}}, open(sys.argv[2], "w"))
"""
WORK = {
    "embed (static)": """
from curation.steps.embed import Embed
found = Embed().apply(rows, ctx)["embed.key"].n_unique()""",
    "categorize zero_shot": """
from curation.steps.categorize import Categorize
found = int((Categorize().apply(rows, ctx)["category"] != "unsure").sum())""",
    "categorize clusters": """
from curation.steps.categorize import Categorize
found = Categorize(method="clusters").apply(rows, ctx)["category"].n_unique()""",
    "semantic_dup": """
from curation.steps.semantic_dup import SemanticDup
found = SemanticDup().apply(rows, ctx)["semantic_dup.cluster"].drop_nulls().len()""",
    "map2d": """
from curation.steps.map2d import Map2d
found = Map2d().apply(rows, ctx).select("map2d.x", "map2d.y").n_unique()""",
    "diversity_rank": """
from curation.diversity import diversity_rank
found = diversity_rank(rows, ctx).len()""",
}
MINILM = """
rows = rows.head({count})
from curation.steps.embed import Embed
found = Embed(model="minilm", tokens=128).apply(rows, ctx)["embed.key"].n_unique()"""


def main() -> None:
    arguments: argparse.ArgumentParser = parser(__doc__ or "")
    arguments.add_argument(
        "--minilm", type=int, default=500, help="rows for the transformer; 0 leaves it out"
    )
    args = arguments.parse_args()
    contestants = [Contestant(name, READ_ROWS + BODY.format(work=work)) for name, work in WORK.items()]
    contestants = [c for c in contestants if not args.only or c.name in args.only]
    if args.minilm:
        work = MINILM.format(count=args.minilm)
        contestants.append(Contestant("sentence-transformers", READ_ROWS + BODY.format(work=work)))
    file: Path = data_of(args)
    compete(contestants, str(file), args.rounds)  # a line a round on stderr
    print(table(contestants, "embed (static)", ("step s", "texts/s", "found")))


if __name__ == "__main__":
    main()
