"""13-gram overlap with test sets: the ``contamination`` step beside datacruxai and plain Python.

    python benchmarks/bench_contamination.py --rows 100000 --against tests/*.jsonl --python /path/to/python/with/the/peers

Without ``--against`` items are made: a part of some rows, so that there is something to find, and shuffled words. All
look for 13-grams of every row; only the step names the item, its share, the text and its place.
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

from harness import READ_ROWS, Contestant, compete, data_of, parser, table

OURS = (
    READ_ROWS
    + """
from curation.step import Context
from curation.steps.contamination import Contamination
out = Contamination(against=tuple(sys.argv[3:])).apply(read_rows(sys.argv[1]), Context())
json.dump({"rows hit": int((out["contamination.hits"] > 0).sum())}, open(sys.argv[2], "w"))
"""
)
ITEMS = """
import sys, json, re, polars as pl
sets = {path: [json.loads(line)["question"] for line in open(path, encoding="utf-8")] for path in sys.argv[3:]}
talks = pl.read_parquet(sys.argv[1])["conversations"]
"""
PLAIN = (
    ITEMS
    + """
def grams(text):
    words = re.findall(r"\\w+", text.lower())
    return {" ".join(words[i : i + 13]) for i in range(len(words) - 12)}
known = set().union(*(grams(item) for items in sets.values() for item in items))
hit = sum(not known.isdisjoint(set().union(*(grams(t["value"]) for t in talk))) for talk in talks)
json.dump({"rows hit": hit}, open(sys.argv[2], "w"))
"""
)
DATACRUXAI = (
    ITEMS
    + """
from datacruxai.contamination import check_contamination
class Example:
    def __init__(self, text): self.text = text
examples = [Example("\\n".join(t["value"] for t in talk)) for talk in talks]
report = check_contamination(examples, benchmarks=sets, ngram_size=13)
json.dump({"rows hit": report.total_flagged}, open(sys.argv[2], "w"))
"""
)


def make_items(data: Path, folder: str, count: int = 20_000) -> Path:
    """A test set of ``count`` items: every fortieth holds a part of a row."""
    import polars as pl

    chance = random.Random(0)
    talks = pl.read_parquet(data, n_rows=5_000)["conversations"].to_list()
    vocabulary = sorted({word for talk in talks[:500] for turn in talk for word in turn["value"].split()})
    path = Path(folder) / "made.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for number in range(count):
            words = chance.choices(vocabulary, k=40)
            if number % 40 == 0:
                words = chance.choice(talks)[-1]["value"].split()[:40]
            out.write(json.dumps({"question": " ".join(words)}, ensure_ascii=False) + "\n")
    return path


def main() -> None:
    """Run and print the table."""
    options = parser(__doc__ or "")
    options.add_argument("--against", nargs="*", help="test sets as JSON lines with a question")
    chosen = options.parse_args()
    data = data_of(chosen)
    contestants = [
        Contestant("contamination", OURS),
        Contestant("plain Python", PLAIN),
        Contestant("datacruxai", DATACRUXAI, chosen.python),
    ]
    contestants = [c for c in contestants if not chosen.only or c.name in chosen.only]
    with tempfile.TemporaryDirectory() as folder:
        against = chosen.against or [str(make_items(data, folder))]
        compete(contestants, str(data), chosen.rounds, tuple(against))
    print(table(contestants, "datacruxai", ("rows hit",)))


if __name__ == "__main__":
    main()
