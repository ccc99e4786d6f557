"""Load a Parquet file, count turns, characters and words per row, and count rows by source.

    python benchmarks/bench_load.py --rows 100000 --python /path/to/python/with/the/peers

``raw polars`` evaluates the very expressions of the ``stats`` step; the others do the same work their own way.
"""

from __future__ import annotations

from harness import READ_ROWS, Contestant, compete, data_of, parser, table

FINISH = """
json.dump({"words": int(words), "rows": int(rows), "sources": int(sources)}, open(sys.argv[2], "w"))
"""
OURS = (
    READ_ROWS
    + """
from curation.step import Context
from curation.steps.stats import Stats
rows = read_rows(sys.argv[1])
out = Stats().apply(rows, Context())
words, sources = out["stats.words"].sum(), pl.read_parquet(sys.argv[1], columns=["source"])["source"].n_unique()
rows = out.height
"""
    + FINISH
)
POLARS = (
    READ_ROWS
    + r"""
W = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}]|[^\s\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}]+"
e = pl.element().struct
def text(role=None):
    c = e.field("content")
    return pl.col("messages").list.eval(c if role is None else c.filter(e.field("role").is_in([role]))).list.join(" ")
rows = read_rows(sys.argv[1])
out = rows.with_columns(
    turns=pl.col("messages").list.len(),
    chars=pl.col("messages").list.eval(e.field("content").str.len_chars()).list.sum(),
    words=text().str.count_matches(W),
    user=text("user").str.count_matches(W),
    assistant=text("assistant").str.count_matches(W),
    system=pl.col("messages").list.eval(e.field("role") == "system").list.any().fill_null(False),
)
words, sources = out["words"].sum(), pl.read_parquet(sys.argv[1], columns=["source"])["source"].n_unique()
rows = out.height
"""
    + FINISH
)
DATASETS = (
    """
import sys, json, tempfile
from datasets import Dataset
data = Dataset.from_parquet(sys.argv[1], cache_dir=tempfile.mkdtemp())
def count(row):
    talk = row["conversations"]
    return {
        "turns": len(talk), "chars": sum(len(t["value"]) for t in talk), "words": sum(len(t["value"].split()) for t in talk),
        "user": sum(len(t["value"].split()) for t in talk if t["from"] == "human"),
        "assistant": sum(len(t["value"].split()) for t in talk if t["from"] == "gpt"),
    }
data = data.map(count)
words, rows, sources = sum(data["words"]), len(data), len(set(data["source"]))
"""
    + FINISH
)
DUCKDB = (
    """
import sys, json, duckdb
words, rows, sources = duckdb.sql(f'''
    with t as (select source, conversations as c from '{sys.argv[1]}')
    select sum(w), count(*), count(distinct source) from (select source, len(c) turns,
        list_sum([length(x.value) for x in c]) ch,
        list_sum([len(regexp_extract_all(x.value, '\\\\S+')) for x in c]) w,
        list_sum([len(regexp_extract_all(x.value, '\\\\S+')) for x in c if x."from" = 'human']) u,
        list_sum([len(regexp_extract_all(x.value, '\\\\S+')) for x in c if x."from" = 'gpt']) a from t)
''').fetchone()
"""
    + FINISH
)
PANDAS = (
    """
import sys, json, pandas as pd
data = pd.read_parquet(sys.argv[1])
talk = data["conversations"]
data["turns"] = talk.map(len)
data["chars"] = talk.map(lambda c: sum(len(t["value"]) for t in c))
data["words"] = talk.map(lambda c: sum(len(t["value"].split()) for t in c))
data["user"] = talk.map(lambda c: sum(len(t["value"].split()) for t in c if t["from"] == "human"))
data["assistant"] = talk.map(lambda c: sum(len(t["value"].split()) for t in c if t["from"] == "gpt"))
words, rows, sources = data["words"].sum(), len(data), data["source"].nunique()
"""
    + FINISH
)


def main() -> None:
    """Run and print the table."""
    chosen = parser(__doc__ or "").parse_args()
    contestants = [
        Contestant("stats", OURS),
        Contestant("raw polars", POLARS),
        Contestant("datasets", DATASETS, chosen.python),
        Contestant("duckdb", DUCKDB, chosen.python),
        Contestant("pandas", PANDAS, chosen.python),
    ]
    contestants = [c for c in contestants if not chosen.only or c.name in chosen.only]
    compete(contestants, str(data_of(chosen)), chosen.rounds)
    print(table(contestants, "raw polars", ("words", "rows")))


if __name__ == "__main__":
    main()
