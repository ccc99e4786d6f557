"""Decisions that a person took about single rows: drop, edit, another category, a flag. Files of them are JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from curation.contract import write_atomic
from curation.errors import InputError
from curation.findings import count

Act = Literal["drop", "edit", "category", "flag"]
WORDS: dict[Act, tuple[str, str]] = {
    "edit": ("edit", "edits"),
    "drop": ("drop", "drops"),
    "category": ("new category", "new categories"),
    "flag": ("flag", "flags"),
}


class Decision(BaseModel):
    """One decision about one row. It holds for the text that was judged: with ``hash``, for no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    row: Annotated[str, Field(min_length=1)]
    """The row's id."""
    do: Act
    hash: str | None = None
    """The content hash of the text that was judged; null takes the text as it comes."""
    to: str | None = None
    """The new category (null: none), or the flag (null takes it away)."""
    turns: dict[Annotated[int, Field(ge=0)], str] | None = None
    """The new text of each turn that changes, by its place from 0; an empty text takes the turn out."""
    reason: str | None = None
    by: str | None = None
    """Who decided."""
    secret: bool = False
    """The edit takes a secret out: the ledger keeps the text after, never the one before."""

    @model_validator(mode="after")
    def _whole(self) -> Decision:
        if (self.do == "edit") != bool(self.turns):
            raise ValueError("an edit gives the new text in turns, and nothing else does")
        if self.to is not None and self.do in ("drop", "edit"):
            raise ValueError(f"{self.do} has no 'to'")
        if self.to is not None and not self.to.strip():
            raise ValueError("'to' is empty; leave it out to take the category or the flag away")
        if self.secret and self.do != "edit":
            raise ValueError("only an edit can be secret")
        return self


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions of a JSON Lines file, one a line. Raises InputError that names the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"decisions can't be read: {error}", where=str(path)) from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(Decision.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            what = f"{field}: {first['msg']}" if field else str(first["msg"])
            raise InputError(what, where=f"{path}:{number}", mend='One line is {"row": ID, "do": "drop"}.') from None  # fmt: skip
    return tuple(found)


def write_decisions(path: Path, decisions: Iterable[Decision]) -> None:
    """Write decisions as JSON Lines, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, "".join(to_json(one) + "\n" for one in decisions))


def to_json(decision: Decision) -> str:
    """One decision as one line, without the fields that say nothing."""
    return json.dumps(brief(decision), ensure_ascii=False)


def brief(decision: Decision) -> dict[str, object]:
    """A decision as a person would write it: defaults left out."""
    return decision.model_dump(mode="json", exclude_defaults=True)


def fold(decisions: Iterable[Decision]) -> list[Decision]:
    """What stands after all of them: of two decisions of one kind about a row the later one, in the order of rows."""
    last: dict[tuple[str, str], Decision] = {}
    for one in decisions:
        last[one.row, one.do] = one
    return list(last.values())


def twice(decisions: Iterable[Decision]) -> str | None:
    """The row about which two decisions of one kind are told, or null."""
    seen: set[tuple[str, str]] = set()
    for one in decisions:
        if (one.row, one.do) in seen:
            return f"row {one.row} has two decisions to {one.do}"
        seen.add((one.row, one.do))
    return None


def tally(decisions: Sequence[Decision]) -> str:
    """How many of each kind: ``3 edits, 2 drops``."""
    found = [(act, sum(one.do == act for one in decisions)) for act in WORDS]
    return ", ".join(count(number, *WORDS[act]) for act, number in found if number)
