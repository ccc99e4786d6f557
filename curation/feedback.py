"""What people said of a run's answers, and what a reviewer decided: the JSON lines in ``<run>/feedback/``.

feedback-*.jsonl    remarks, one a line, as the chatbot writes them; never changed here
reviewed.jsonl      decisions, one a line, the last one about a remark counts
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from curation.contract import Home, RunInfo
from curation.errors import InputError

URI = "feedback:"
"""How a source names a run's feedback: ``feedback:RUN``."""
COLUMN = "feedback.review"
"""The state of a row that came from feedback: one of ``STATES``; only accepted rows may train."""
STATES = ("waiting", "accepted", "rejected", "evaluation")
REVIEWED = "reviewed.jsonl"
Choice = Literal["accept", "reject", "wait"]


@dataclass(frozen=True)
class Decision:
    """What a reviewer decided about a remark: ``answer`` replaces the model's or the person's, where it is given."""

    id: str
    decision: Choice
    answer: str | None = None
    note: str | None = None
    time: str = ""


def find_run(given: str, home: Home | None = None) -> Path:
    """The folder of a run: a path, or a name in the home's runs. Raises InputError, naming the runs that there are."""
    home = home or Home.find()
    for folder in (home.runs / given, Path(given)):
        if given and (folder / RunInfo.FILE).is_file():
            return folder
    known = sorted(path.parent.name for path in home.runs.glob(f"*/{RunInfo.FILE}"))
    raise InputError(
        f"there is no run {given!r}",
        where=str(home.runs),
        mend=f"Known: {', '.join(known[-12:])}." if known else "Train one: tome train EXPORT.",
    )


def default_name(uri: str) -> str | None:
    """What rows of ``feedback:RUN`` are called unless somebody says otherwise; null for another source."""
    return f"{Path(uri.removeprefix(URI)).name}-feedback"[:100] if uri.startswith(URI) else None


def by_state(rows: Any) -> dict[str, int]:
    """How many rows of a frame are in each state of review; empty where none comes from feedback."""
    found = rows[COLUMN].value_counts().rows() if COLUMN in rows.columns else []
    counts = dict(found)
    return {state: counts[state] for state in STATES if counts.get(state)}


def folder_of(run: Path) -> Path:
    """Where a run's feedback lies."""
    return run / "feedback"


def decisions(folder: Path) -> dict[str, Decision]:
    """The decision about each remark. Raises InputError, naming the line, for one that can't be read."""
    path = folder / REVIEWED
    found: dict[str, Decision] = {}
    lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            one = Decision(**{name: raw.get(name) for name in Decision.__dataclass_fields__})
        except (ValueError, AttributeError):
            raise InputError(
                "is no decision", where=f"{path}:{number}", mend="Mend or delete that line."
            ) from None
        texts = (one.answer, one.note)
        if (
            not isinstance(one.id, str)
            or one.decision not in ("accept", "reject", "wait")
            or not all(text is None or isinstance(text, str) for text in texts)
        ):
            raise InputError("is no decision", where=f"{path}:{number}", mend="Mend or delete that line.")
        found[one.id] = one
    return found


def decide(
    folder: Path,
    ids: Sequence[str],
    decision: Choice,
    *,
    answer: str | None = None,
    note: str | None = None,
) -> list[Decision]:
    """Write down a decision about remarks, whole ids; what they may be decided to is ``review.check``'s matter."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    made = [Decision(one, decision, (answer or "").strip() or None, note or None, now) for one in ids]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / REVIEWED).open("a", encoding="utf-8") as handle:
        for one in made:
            handle.write(json.dumps(_plain(one), ensure_ascii=False) + "\n")
    return made


def _plain(one: Decision) -> dict[str, Any]:
    return {"id": one.id, "time": one.time, "decision": one.decision, "answer": one.answer, "note": one.note}
