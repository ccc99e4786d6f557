"""Review of a run's feedback by a person: what there is, what may be decided, and the questions on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from curation import feedback
from curation.console import figure, out, plain, table
from curation.contract import Home
from curation.errors import InputError
from curation.feedback import COLUMN, Choice
from curation.ingest import ingest

KEYS = "[a]ccept, [e]dit the answer and accept, [r]eject, [s]kip, [q]uit"


def remarks(home: Home, run: str) -> pl.DataFrame:
    """A run's feedback as rows, with their state and what they share with evaluation rows; nothing is stored.

    Raises InputError for an unknown run, one without feedback, and one whose evaluation rows aren't here.
    """
    uri = f"{feedback.URI}{run}"
    return ingest(uri, name=feedback.default_name(uri) or "feedback", home=home).rows


def decide(
    home: Home,
    run: str,
    found: pl.DataFrame,
    chosen: Mapping[str, Sequence[str]],
    *,
    answer: str | None = None,
    note: str | None = None,
) -> int:
    """Check and write down decisions: ``chosen`` maps accept, reject and wait to ids or their starts.

    Nothing is written unless all of them hold. Returns how many. Raises InputError: an id that no remark has or
    several begin with, a remark twice, a disliked answer accepted as it stands, an evaluation row repeated.
    """
    whole = {choice: [_whole(one, found) for one in ids] for choice, ids in chosen.items()}
    every = [one for ids in whole.values() for one in ids]
    if len(set(every)) < len(every):
        raise InputError("a remark is decided twice", where="feedback", mend="Name each once.")
    rows = {row["feedback.id"]: row for row in found.iter_rows(named=True)}
    for one in whole.get("accept", []):
        check_acceptable(rows[one], answer)
    folder = feedback.folder_of(feedback.find_run(run, home))
    kinds: tuple[Choice, ...] = ("accept", "reject", "wait")
    for choice in kinds:
        if ids := whole.get(choice):
            feedback.decide(folder, ids, choice, answer=answer if choice == "accept" else None, note=note)
    return len(every)


def check_acceptable(row: Mapping[str, Any], answer: str | None) -> None:
    """Raise InputError where this row can't be accepted, with the answer that is given for it."""
    where = f"remark {row['feedback.id'][:8]}"
    if row[COLUMN] == "evaluation":
        raise InputError(
            f"repeats evaluation row {row['feedback.eval_row']}, so it may never train",
            where=where,
            mend="Reject it, or leave it.",
        )
    disliked = row["feedback.kind"] == "down" and row["feedback.answer"] == "model"
    if disliked and not (answer or "").strip():
        raise InputError(
            "the person didn't like this answer and gave no better one",
            where=where,
            mend="Accept it with --answer TEXT, or reject it.",
        )


def _whole(start: str, found: pl.DataFrame) -> str:
    """The one remark that an id or the start of it means."""
    ids = [one for one in found["feedback.id"].to_list() if one.startswith(start) and start]
    if len(ids) == 1:
        return str(ids[0])
    what = f"could be any of {len(ids)} remarks" if ids else "is no remark of this run"
    raise InputError(
        f"{start!r} {what}",
        mend="Give more of the id." if ids else "tome feedback review RUN --list shows them.",
    )


def facts(found: pl.DataFrame) -> list[dict[str, Any]]:
    """The remarks as plain values, for ``--json``: ``answer`` is the text that would train, ``by`` who gave it."""
    return [
        {
            "id": row["feedback.id"],
            "row": row["id"],
            "state": row[COLUMN],
            "asked": _asked(row),
            "answer": row["messages"][-1]["content"],
            "by": row["feedback.answer"],
            **{
                name: row[f"feedback.{name}"]
                for name in ("kind", "complaint", "remark", "model", "dataset_id", "time", "note")
            },
            "eval": {name: row[f"feedback.eval_{name}"] for name in ("row", "part", "share", "match", "near")}
            if row["feedback.eval_row"]
            else None,
        }
        for row in found.iter_rows(named=True)
    ]


def show(found: pl.DataFrame, *, as_json: bool = False) -> None:
    """Print the remarks as a table, those that wait first."""
    order = {state: place for place, state in enumerate(feedback.STATES)}
    lines = sorted(facts(found), key=lambda one: (order[one["state"]], one["time"] or ""))
    table(
        ["remark", "state", "kind", "complaint", "asked", "answer", "by"],
        [
            (one["id"][:8], one["state"], one["kind"], one["complaint"], plain(one["asked"], 50), plain(one["answer"], 50), one["by"])
            for one in lines
        ],
        as_json=as_json,
    )  # fmt: skip


def ask(home: Home, run: str, found: pl.DataFrame) -> int:
    """Show what waits, one by one, and write down each decision at once; returns how many were made."""
    waiting = found.filter(pl.col(COLUMN) == "waiting").sort("feedback.time", "feedback.id")
    decided = 0
    for place, row in enumerate(waiting.iter_rows(named=True), 1):
        _show_one(row, place, waiting.height)
        choice = answer = None
        while choice is None:
            key = input(f"{KEYS}: ").strip().lower()[:1]
            if key == "q":
                return decided
            answer = input("The answer: ").strip() if key == "e" else None
            choice = {"a": "accept", "e": "accept", "r": "reject", "s": "skip"}.get(key)
            if choice == "accept":
                try:
                    check_acceptable(row, answer)
                except InputError as error:
                    out.print(plain(str(error)), markup=False)
                    choice = None
        if choice != "skip":
            decided += decide(home, run, found, {choice: [row["feedback.id"]]}, answer=answer)
    return decided


def _show_one(row: Mapping[str, Any], place: int, of: int) -> None:
    told = [
        f"{place} of {of}",
        row["feedback.id"][:8],
        row["feedback.kind"],
        row["feedback.complaint"],
        row["feedback.time"],
    ]
    out.print("\n" + plain("  ".join(figure(one) for one in told if one)), style="bold", markup=False)
    for message in row["messages"][:-1]:
        out.print(f"[{message['role']}] {plain(message['content'])}", markup=False)
    by = {"person": "the person's correction", "reviewer": "a reviewer's answer"}.get(
        row["feedback.answer"], f"the model's answer ({row['feedback.model']})"
    )
    out.print(f"[{plain(by)}] {plain(row['messages'][-1]['content'])}", markup=False)
    if row["feedback.remark"]:
        out.print(f"Remark: {plain(row['feedback.remark'])}", markup=False)


def _asked(row: Mapping[str, Any]) -> str:
    """The last question of a conversation."""
    return next((str(m["content"]) for m in reversed(row["messages"]) if m["role"] == "user"), "")
