"""Near-duplicates: the ``near_dup`` step beside daft, rensa and datasketch; recall and precision on planted truth.

    python benchmarks/bench_near_dup.py --rows 100000 --python /path/to/python/with/the/peers

The peers get lower-cased words, 5-word shingles and 128 permutations; rows that share a band are joined, as their
documentation does, without a check of the pairs. Recall: planted pairs at Jaccard 0.7 or more that end up in one
group. Precision: rows in groups that have a partner of the group at Jaccard 0.7 or more.
"""

from __future__ import annotations

import argparse
import re
import unicodedata
from pathlib import Path

from harness import READ_ROWS, Contestant, compete, data_of, parser, table

OURS = (
    READ_ROWS
    + """
from curation.step import Context
from curation.steps.near_dup import NearDup
out = NearDup().apply(read_rows(sys.argv[1]), Context())
groups = out["near_dup.cluster"].cast(pl.Int64).to_list()
json.dump({"groups": groups}, open(sys.argv[2], "w"))
"""
)
UNION = """
import sys, json, re
import numpy as np, polars as pl
def texts(path):
    return pl.read_parquet(path).select(
        text=pl.col("conversations").list.eval(pl.element().struct.field("value")).list.join(" "))["text"]
def finish(signatures, bands=32, rows=4):
    # rows that share a band are joined; vectorised, so that the peers don't pay for a slow union
    n = len(signatures)
    label = np.arange(n)
    edges = []
    for band in range(bands):
        part = np.ascontiguousarray(signatures[:, band * rows : (band + 1) * rows])
        keys = part.view(np.dtype((np.void, part.dtype.itemsize * rows))).ravel()
        order = np.argsort(keys, kind="stable")
        same = keys[order][1:] == keys[order][:-1]
        edges.append(np.stack((order[:-1][same], order[1:][same])))
    a, b = np.concatenate(edges, axis=1)
    while True:
        old = label.copy()
        low = np.minimum(label[a], label[b])
        for where in (a, b):
            np.minimum.at(label, label[where], low); np.minimum.at(label, where, low)
        while not np.array_equal(label, label[label]): label = label[label]
        if np.array_equal(label, old): break
    counts = np.bincount(label, minlength=n)
    json.dump({"groups": [int(l) if counts[l] > 1 else None for l in label]}, open(sys.argv[2], "w"))
"""
DAFT = (
    UNION
    + """
import daft
frame = daft.from_arrow(pl.DataFrame({"text": texts(sys.argv[1])}).to_arrow())
clean = daft.col("text").normalize(remove_punct=True, lowercase=True, nfd_unicode=True, white_space=True)
frame = frame.select(clean.minhash(num_hashes=128, ngram_size=5, seed=42, hash_function="xxhash").alias("m"))
column = frame.to_arrow()["m"].combine_chunks()
finish(column.flatten().to_numpy().reshape(-1, 128))
"""
)
RENSA = (
    UNION
    + """
import rensa
hashes = []
for text in texts(sys.argv[1]):
    words = re.findall(r"\\w+", text.lower())
    m = rensa.RMinHash(num_perm=128, seed=42)
    m.update([" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))])
    hashes.append(m.digest())
finish(np.array(hashes, dtype=np.uint32))
"""
)
DATASKETCH = (
    UNION
    + """
from datasketch import MinHash
hashes = []
for text in texts(sys.argv[1]):
    words = re.findall(r"\\w+", text.lower())
    m = MinHash(num_perm=128)
    m.update_batch([" ".join(words[i : i + 5]).encode() for i in range(max(1, len(words) - 4))])
    hashes.append(m.hashvalues)
finish(np.array(hashes, dtype=np.uint64))
"""
)


CJK = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
)


def plain_words(text: str) -> list[str]:
    """Lower-cased words in plain Python: combining marks belong to words, CJK and Thai go by character."""
    letters = [
        c if c.isalnum() or c == "_" or unicodedata.category(c)[0] == "M" else " " for c in text.lower()
    ]
    return re.findall(f"[{CJK}]|[^\\s{CJK}]+", "".join(letters))


def judge(contestant: Contestant, data: Path, truth: Path) -> None:
    """Put recall and precision in place of the groups."""
    from collections import defaultdict

    import polars as pl

    groups = contestant.result["groups"]
    planted = pl.read_parquet(truth).filter(pl.col("jaccard") >= 0.7)
    found = [
        groups[a] is not None and groups[a] == groups[b]
        for a, b in zip(planted["row"], planted["orig"], strict=True)
    ]
    turns = pl.read_parquet(data)["conversations"]
    members = defaultdict(list)
    for place, group in enumerate(groups):
        if group is not None:
            members[group].append(place)
    checked = right = 0
    for rows in list(members.values())[:3000]:
        sets = []
        for row in rows[:200]:
            words = plain_words(" ".join(t["value"] or "" for t in turns[row]))
            sets.append({tuple(words[i : i + 5]) for i in range(max(1, len(words) - 4))})
        for i, one in enumerate(sets):
            checked += 1
            right += any(len(one & o) >= 0.7 * len(one | o) for j, o in enumerate(sets) if i != j)
    contestant.result = {
        "recall": sum(found) / max(1, len(found)),
        "precision": right / max(1, checked),
        "grouped rows": sum(group is not None for group in groups),
    }


def main() -> None:
    """Run and print the table."""
    options: argparse.ArgumentParser = parser(__doc__ or "")
    options.add_argument("--truth", type=Path, help="the planted truth, where --data is given")
    chosen = options.parse_args()
    data = data_of(chosen)
    truth = chosen.truth or data.with_suffix(".truth.parquet")
    contestants = [
        Contestant("near_dup", OURS),
        Contestant("daft", DAFT, chosen.python),
        Contestant("rensa", RENSA, chosen.python),
        Contestant("datasketch", DATASKETCH, chosen.python),
    ]
    contestants = [c for c in contestants if not chosen.only or c.name in chosen.only]
    compete(contestants, str(data), chosen.rounds)
    for one in contestants:
        if one.error is None:
            judge(one, data, truth)
    print(table(contestants, "daft", ("recall", "precision", "grouped rows")))


if __name__ == "__main__":
    main()
