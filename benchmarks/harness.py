"""Contestants side by side: each a whole process, from Parquet to result; median of several rounds.

A contestant is a piece of Python that reads the file ``sys.argv[1]`` and writes its result, as JSON, to
``sys.argv[2]``. Contestants take turns round by round, each round begun by another one, so that a busy machine slows
all of them alike and nobody is always the one who comes after a pause. Wall seconds, processor seconds and peak
memory (resident, of the process alone) are taken from the operating system.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "data" / "samples" / "finetome_sample.jsonl"


@dataclass
class Contestant:
    """A name, its program, the interpreter that runs it, and what it took."""

    name: str
    program: str
    python: str = sys.executable
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    result: Any = None
    error: str | None = None

    def run(self, argument: str, extra: tuple[str, ...] = ()) -> None:
        """Run once and note seconds and megabytes."""
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "result.json"
            errors = Path(folder) / "stderr"
            started = time.perf_counter()
            with errors.open("wb") as stderr:
                child = subprocess.Popen(
                    [self.python, "-c", self.program, argument, str(out), *extra],
                    stderr=stderr,
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": str(ROOT)},
                )
                _, status, usage = os.wait4(child.pid, 0)
            wall = time.perf_counter() - started
            if status or not out.exists():
                lines = errors.read_text(errors="replace").strip().splitlines()
                self.error = lines[-1] if lines else f"status {status}"
                return
            self.wall.append(wall)
            self.cpu.append(usage.ru_utime + usage.ru_stime)
            self.peak.append(usage.ru_maxrss / 1024)
            self.result = json.loads(out.read_text())


def compete(contestants: list[Contestant], argument: str, rounds: int, extra: tuple[str, ...] = ()) -> None:
    """Run all of them, round by round; what was written for them is on disk before the first starts."""
    os.sync()
    for number in range(rounds):
        first = number % len(contestants)
        for contestant in contestants[first:] + contestants[:first]:
            if contestant.error is None:
                print(f"round {number + 1}: {contestant.name}", file=sys.stderr, flush=True)
                contestant.run(argument, extra)


def table(contestants: list[Contestant], peer: str, columns: tuple[str, ...] = ()) -> str:
    """A Markdown table: medians, the ratio of wall seconds to the peer's, and figures of each result."""
    heads = ["contestant", "wall s", "CPU s", "peak MB", f"x {peer}", *columns]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    base = next((statistics.median(c.wall) for c in contestants if c.name == peer and c.wall), None)
    for one in contestants:
        if one.error or not one.wall:
            lines.append(f"| {one.name} | failed: {one.error} |" + " |" * (len(heads) - 2))
            continue
        wall = statistics.median(one.wall)
        cells = [
            one.name,
            f"{wall:.2f}",
            f"{statistics.median(one.cpu):.2f}",
            f"{statistics.median(one.peak):,.0f}",
            f"{wall / base:.2f}" if base else "",
            *(_cell(one.result, column) for column in columns),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(result: Any, column: str) -> str:
    value = result.get(column) if isinstance(result, dict) else None
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else f"{value:,}"


def parser(description: str) -> argparse.ArgumentParser:
    """The options that all benchmarks share."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--data", type=Path, help="a Parquet file in FineTome's schema; made when not given")
    options.add_argument("--rows", type=int, default=100_000, help="rows to make when no file is given")
    options.add_argument("--rounds", type=int, default=3, help="rounds; the median is shown")
    options.add_argument("--python", default=sys.executable, help="the interpreter that has the peers")
    options.add_argument("--only", nargs="*", help="names of contestants")
    return options


def words_of_samples() -> list[str]:
    """Paragraphs of the bundled samples, to build rows from."""
    texts = []
    for line in SAMPLE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        turns = row.get("conversations") or row.get("messages") or []
        texts += [turn.get("value") or turn.get("content") or "" for turn in turns]
    return [part for text in texts for part in text.split("\n") if len(part) > 40]


def make_data(path: Path, rows: int, seed: int = 0) -> Path:
    """Write rows of about 2.4 KB in FineTome's schema: 80% distinct, 17% near and 3% exact duplicates.

    Beside it goes ``<name>.truth.parquet``: row, orig (its original's place), kind and jaccard (of lower-cased
    5-word shingles). Paragraphs of the samples are shuffled word by word in part, so that rows differ.
    """
    import re

    import polars as pl

    chance = random.Random(seed)
    pool = words_of_samples()
    vocabulary = sorted({word for text in pool for word in text.split()})

    def paragraph() -> str:
        words = chance.choice(pool).split()
        return " ".join(w if chance.random() > 0.3 else chance.choice(vocabulary) for w in words)

    def shingles(turns: list[dict[str, str]]) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", " ".join(t["value"] for t in turns).lower())
        return {tuple(words[i : i + 5]) for i in range(max(1, len(words) - 4))}

    made: list[tuple[list[dict[str, str]], int, str, float]] = []
    base = int(rows * 0.8)
    for _ in range(base):
        target, answer = min(20_000, chance.lognormvariate(7.5, 0.62)), ""
        while len(answer) < target:
            answer += paragraph() + "\n\n"
        made.append(
            (
                [{"from": "human", "value": paragraph()}, {"from": "gpt", "value": answer.strip()}],
                -1,
                "base",
                1.0,
            )
        )
    for _ in range(int(rows * 0.17)):
        origin = chance.randrange(base)
        rate = chance.choice([0.003, 0.006, 0.01, 0.015, 0.02, 0.03])
        turns = [
            {
                "from": turn["from"],
                "value": " ".join(
                    w if chance.random() > rate else chance.choice(vocabulary)
                    for w in turn["value"].split(" ")
                ),
            }
            for turn in made[origin][0]
        ]
        a, b = shingles(made[origin][0]), shingles(turns)
        made.append((turns, origin, "near", len(a & b) / len(a | b)))
    while len(made) < rows:
        origin = chance.randrange(base)
        made.append((made[origin][0], origin, "exact", 1.0))
    order = chance.sample(range(rows), rows)
    place = {old: new for new, old in enumerate(order)}
    pl.DataFrame(
        {
            "conversations": [made[old][0] for old in order],
            "source": ["made"] * rows,
            "score": [4.0] * rows,
        }
    ).write_parquet(path)
    truth = [(place[i], place[o], kind, j) for i, (_, o, kind, j) in enumerate(made) if o >= 0]
    pl.DataFrame(truth, schema=["row", "orig", "kind", "jaccard"], orient="row").sort("row").write_parquet(
        path.with_suffix(".truth.parquet")
    )
    return path


def data_of(options: argparse.Namespace) -> Path:
    """The Parquet file to run on, made in the temporary folder where none is given."""
    if options.data is not None:
        return Path(options.data)
    path = Path(tempfile.gettempdir()) / f"tomewright-bench-{options.rows}.parquet"
    return path if path.exists() else make_data(path, options.rows)


MACHINE = f"{os.cpu_count()} cores"
READ_ROWS = """
import sys, json, polars as pl
def read_rows(path):
    # FineTome's schema to ours, without the hashes that ingest adds
    turn = pl.struct(
        role=pl.element().struct.field("from").replace({"human": "user", "gpt": "assistant"}),
        content=pl.element().struct.field("value"))
    return pl.read_parquet(path).select(
        id=pl.int_range(pl.len()).cast(pl.String).str.zfill(8),
        messages=pl.col("conversations").list.eval(turn),
        family=pl.int_range(pl.len()).cast(pl.String))
"""
