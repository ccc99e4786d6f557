"""A run's feedback as a source, ``feedback:RUN``: a remark a row, waiting until a person has accepted it.

A liked answer stands as the model gave it, a corrected one as the person wrote it, and of a vote the answer that
won. Which it was, which model gave it, what it had learned from and what was wrong with it stand in the columns
``feedback.*``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from curation.contract import Home, RunInfo
from curation.errors import InputError
from curation.feedback import COLUMN, REVIEWED, URI, Decision, decisions, find_run, folder_of
from curation.ingest import reasons
from curation.ingest.conversation import Message, to_messages
from curation.ingest.converters import Shape, conversation
from curation.ingest.jsonl import JsonLines
from curation.ingest.local import fingerprint
from curation.ingest.parts import Part
from curation.ingest.reasons import Reject
from curation.ingest.record import File, Record, Source, Wanted
from curation.ingest.text import blank

SHAPE: Shape = conversation("messages", name="feedback")
VERSION = 1
KEPT = (
    "id",
    "time",
    "model",
    "base_model",
    "dataset",
    "dataset_id",
    "kind",
    "complaint",
    "remark",
    "seed",
    "consent",
)
"""Fields of a remark that its row keeps, each as ``feedback.<name>``; ``run_id`` is ``feedback.run``."""


def feedback_source(uri: str, home: Home) -> Source:
    """The files of a run's feedback. Raises InputError: no such run, or nothing said about it yet."""
    run = find_run(uri.removeprefix(URI), home)
    about = RunInfo.read(run)
    folder = folder_of(run)
    files = [File(path, path.name) for path in sorted(folder.glob("feedback-*.jsonl"))]
    if not files:
        raise InputError(
            f"nobody has said anything about run {about.run_id} yet",
            where=str(folder),
            mend="Rate an answer in its chat, or bring a Space's feedback: tome feedback pull RUN.",
        )
    reviewed = folder / REVIEWED
    named = [*files, File(reviewed, reviewed.name)] if reviewed.is_file() else files
    return Source("feedback", files, [], fingerprint(named), facts={"run": about.run_id})


def feedback_parts(source: Source) -> tuple[list[Part], list[str]]:
    """The files as parts of remarks, and the names of the empty ones."""
    decided = decisions(source.files[0].path.parent)
    known: set[str] = set()
    parts: list[Part] = []
    empty: list[str] = []
    start = 0
    for file in source.files:
        reader = Remarks(file, decided, known)
        if height := reader.count():
            parts.append(Part(file, "feedback", reader, start, height, False))
            start += height
        else:
            empty.append(file.name)
    if not parts:
        raise InputError("holds no remark", where=str(Path(source.files[0].path).parent))
    return parts, empty


class Remarks:
    """A reader of one feedback file; ``known`` is shared among the files of a run, so no remark counts twice."""

    def __init__(self, file: File, decided: Mapping[str, Decision], known: set[str]) -> None:
        self.lines, self.decided, self.known = JsonLines(file), decided, known

    def count(self) -> int:
        """How many remarks the file has."""
        return self.lines.count()

    def records(self, wanted: Wanted | None = None) -> Iterator[Record]:
        """One record a remark: its row's columns, or the reason why it is none."""
        for record in self.lines.records(wanted):
            if record.value is not None:
                raw = record.value
                try:
                    record.value = self._row(raw)
                except Reject as reject:
                    record.value, record.problem = None, reject.reason
                    record.raw = raw if reject.evidence is None else reject.evidence
            yield record

    def _row(self, raw: dict[str, Any]) -> dict[str, Any]:
        name = raw.get("id")
        if raw.get("schema_version") != VERSION or not isinstance(name, str) or not name:
            raise Reject(reasons.NOT_A_REMARK)
        if not isinstance(raw.get("consent"), str) or blank(raw["consent"]):
            raise Reject(reasons.NO_CONSENT)
        if name in self.known:
            raise Reject(reasons.REMARK_TWICE, name)
        self.known.add(name)
        messages, by, model = answered(raw)
        decision = self.decided.get(name)
        if decision and decision.answer:
            messages[-1]["content"], by = decision.answer, "reviewer"
        fit = not (by == "model" and raw["kind"] == "down")
        row = {f"feedback.{key}": _scalar(raw.get(key)) for key in KEPT}
        return {
            "messages": messages,
            **row,
            "feedback.run": _scalar(raw.get("run_id")),
            "feedback.model": _scalar(model),
            "feedback.answer": by,
            "feedback.model_turns": sum(m["role"] == "assistant" for m in messages[:-1]) + (by == "model"),
            "feedback.note": decision.note if decision else None,
            COLUMN: state(decision, fit),
        }


def held_against_eval(rows: pl.DataFrame, source: Source, home: Home) -> pl.DataFrame:
    """The rows with what they share with the run's evaluation rows; where that is too much, the state is evaluation.

    Raises InputError where the evaluation rows aren't here any more.
    """
    from curation.eval_overlap import eval_rows, overlap

    run = RunInfo.read(source.files[0].path.parent.parent)
    found = overlap(rows["messages"], eval_rows(run, home))
    shared = pl.col("feedback.eval_row").is_not_null() & (pl.col(COLUMN) != "rejected")
    return rows.with_columns(found).with_columns(
        pl.when(shared).then(pl.lit("evaluation")).otherwise(COLUMN).alias(COLUMN)
    )


def state(decision: Decision | None, fit: bool) -> str:
    """The state that a decision gives: an answer that was disliked can't be accepted as it stands (``fit``)."""
    chosen = decision.decision if decision else "wait"
    if chosen == "accept" and not fit:
        chosen = "wait"
    return {"accept": "accepted", "reject": "rejected", "wait": "waiting"}[chosen]


def answered(raw: Mapping[str, Any]) -> tuple[list[Message], str, Any]:
    """A remark's conversation up to its answer, who gave that (person or model), and which model.

    Raises Reject for a kind of remark that there isn't, a vote that chose no answer, and a torn conversation.
    """
    messages = to_messages(raw.get("messages"), Counter())
    kind, model = raw.get("kind"), raw.get("model")
    if kind == "vote":
        side = _chosen(raw)
        model = side.get("name")
        messages.append({"role": "assistant", "content": side["answer"]})
    elif kind not in ("up", "down"):
        raise Reject(reasons.NOT_A_REMARK)
    if messages[-1]["role"] != "assistant" or not any(m["role"] == "user" for m in messages):
        raise Reject(reasons.NO_ANSWER)
    correction = raw.get("correction")
    if isinstance(correction, str) and not blank(correction):
        messages[-1]["content"] = correction
        return messages, "person", model
    if blank(messages[-1]["content"]):
        raise Reject(reasons.NO_ANSWER)
    return messages, "model", model


def _chosen(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The side that a vote chose."""
    if raw.get("choice") in ("tie", "neither"):
        raise Reject(reasons.NO_CHOICE, raw["choice"])
    sides, place = raw.get("sides"), {"A": 0, "B": 1}.get(str(raw.get("choice")))
    if place is None or not isinstance(sides, list) or len(sides) != 2 or not isinstance(sides[place], dict):
        raise Reject(reasons.NOT_A_REMARK)
    side: dict[str, Any] = sides[place]
    if not isinstance(side.get("answer"), str) or blank(side["answer"]):
        raise Reject(reasons.NO_ANSWER)
    return side


def _scalar(value: Any) -> Any:
    """A field as a column can hold it: a text, a whole number, or null for anything else."""
    return (
        value if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)) else None
    )
