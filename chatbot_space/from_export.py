"""The run's own export made into what ships with the chat: the why index and the starting examples."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chatbot_space.errors import MissingError
from chatbot_space.run import Run
from chatbot_space.why import FOLDER, SHOWN, Example, Index, Row

LONGEST_EXAMPLE = 110
MOST_EXAMPLES = 8


def find_export(run: Run, home: Path | None = None) -> Path | None:
    """The export folder that the run was trained on; None where it is no longer here or was changed."""
    home = home or Path(os.environ.get("TOME_HOME") or "data")
    for place in (
        Path(str(run.dataset.get("path") or "")),
        home / "exports" / str(run.dataset.get("name") or ""),
    ):
        try:
            info = json.loads((place / "export.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(info, dict) and info.get("dataset_id") == run.dataset.get("dataset_id"):
            return place
    return None


def prepare(run: Run, home: Path | None = None, *, again: bool = False) -> tuple[Index | None, list[Example]]:
    """The index and the examples of a run: as they lie in its folder, or made from its export and kept there.

    Without an export, and without files made earlier, both are empty. Raises MissingError without pyarrow.
    """
    folder = run.folder / FOLDER
    if again or not (folder / "examples.json").is_file():
        export = find_export(run, home)
        if export:
            make(export, folder)
    return Index.load(folder), read_examples(folder)


def make(export: Path, folder: Path) -> None:
    """Make the index and the examples of an export folder into ``folder``; the examples, last, mean done."""
    Index.build((row_of(raw), _asked(raw)) for raw in _rows(export / "train.parquet")).save(folder)
    chosen = choose_examples(list(_rows(export / "eval.parquet")))
    text = json.dumps([asdict(example) for example in chosen], ensure_ascii=False, indent=1)
    (folder / "examples.json").write_text(text + "\n", encoding="utf-8")


def read_examples(folder: Path) -> list[Example]:
    """The examples in ``folder``; none where there is no file."""
    path = folder / "examples.json"
    if not path.is_file():
        return []
    return [Example(**raw) for raw in json.loads(path.read_text(encoding="utf-8"))]


def choose_examples(rows: list[dict[str, Any]]) -> list[Example]:
    """One short opening question from each category, in the order of the categories' names.

    The shortest question of 20 characters or more is taken, so the choice is the same every time.
    """
    best: dict[str | None, str] = {}
    for raw in rows:
        first = next((m["content"].strip() for m in raw["messages"] if m["role"] == "user"), "")
        question = " ".join(first.split())
        if not 20 <= len(question) <= LONGEST_EXAMPLE:
            continue
        now = best.get(raw["category"])
        if now is None or (len(question), question) < (len(now), now):
            best[raw["category"]] = question
    ordered = sorted(best.items(), key=lambda pair: (pair[0] is None, pair[0] or ""))
    return [Example(question, category) for category, question in ordered[:MOST_EXAMPLES]]


def row_of(raw: dict[str, Any]) -> Row:
    """A training row, with its first question and the answer to it cut to what is shown."""
    turns = [m for m in raw["messages"] if m["role"] in ("user", "assistant")]
    question = next((m["content"] for m in turns if m["role"] == "user"), "")
    answer = next((m["content"] for m in turns if m["role"] == "assistant"), "")
    return Row(
        id=raw["id"],
        question=_cut(question),
        answer=_cut(answer),
        category=raw["category"],
        source=raw["source"],
        made_by=raw["made_by"],
    )


def _asked(raw: dict[str, Any]) -> str:
    return "\n".join(m["content"] for m in raw["messages"] if m["role"] == "user")


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "\u2026"


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise MissingError("pyarrow isn't installed", mend="Install it with: pip install pyarrow.") from None
    if not path.is_file():
        return
    for batch in parquet.ParquetFile(path).iter_batches(
        1000, columns=["id", "messages", "category", "source", "made_by"]
    ):
        yield from batch.to_pylist()
