"""What the token ids of a row must be like before anything trains on them, counted over all rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from training.errors import DataError
from training.template import IGNORE

Ints = npt.NDArray[np.int32]
SHOWN = 5
WIDTH = 64
"""Width in tokens of a bar of the length histogram."""


@dataclass
class Preflight:
    """Counts over the rows of a split.

    ``errors`` maps what is wrong to the ids of the rows (errors stop a run); ``warnings`` maps what is worth
    knowing to a count. ``lengths`` is a histogram: the lower edge in tokens (a multiple of 64) to rows.
    """

    rows: int = 0
    kept: int = 0
    tokens: int = 0
    supervised: int = 0
    longest: int = 0
    errors: dict[str, list[str]] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)

    def error(self, what: str, row_id: str) -> None:
        """Note a row that must not be trained on."""
        self.errors.setdefault(what, []).append(row_id)

    def warn(self, what: str, count: int = 1) -> None:
        """Count something worth knowing."""
        self.warnings[what] = self.warnings.get(what, 0) + count

    def keep(self, ids: Ints, labels: Ints) -> None:
        """Count a row that goes to training."""
        self.kept += 1
        self.tokens += len(ids)
        self.supervised += int((labels != IGNORE).sum())
        self.longest = max(self.longest, len(ids))
        bar = len(ids) // WIDTH * WIDTH
        self.lengths[bar] = self.lengths.get(bar, 0) + 1

    def stop_on_errors(self, where: str) -> None:
        """Raises DataError that names the first kind of error, how many rows have it, and some of them."""
        if self.errors:
            what, ids = next(iter(self.errors.items()))
            others = f", and {len(self.errors) - 1} other kinds of error" if len(self.errors) > 1 else ""
            shown = ", ".join(ids[:SHOWN]) + (", ..." if len(ids) > SHOWN else "")
            raise DataError(
                f"{what}: {len(ids)} of {self.rows} rows ({shown}){others}",
                where=where,
                mend="Look at one with: tome train preview EXPORT --row ID; drop or mend them in the recipe.",
            )
        if not self.kept:
            raise DataError("no row is left to train on", where=where, mend="Raise max_length.")

    def as_dict(self) -> dict[str, Any]:
        """The counts as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Preflight:
        """The counts read back."""
        return cls(**{**values, "lengths": {int(edge): n for edge, n in values["lengths"].items()}})


def check_row(
    report: Preflight, row_id: str, ids: Ints, labels: Ints, *, bos_id: int | None, end_id: int | None
) -> bool:
    """Check one row before truncation and note what is wrong; True where it may go on.

    Missing EOS: the last answer doesn't end in the template's end token. Double BOS: two at the start.
    """
    ends = span_ends(labels)
    if not len(ends):
        report.error("no supervised tokens", row_id)
        return False
    if bos_id is not None and len(ids) > 1 and ids[0] == bos_id and ids[1] == bos_id:
        report.error("double BOS", row_id)
        return False
    if end_id is None or labels[ends[-1] - 1] != end_id:
        report.error("missing EOS", row_id)
        return False
    unended = int((labels[ends - 1] != end_id).sum())
    if unended:
        report.warn("answers inside a conversation without an end token", unended)
    starts = span_starts(labels)
    empty = int(((ends - starts == 1) & (labels[starts] == end_id)).sum())
    if empty:
        report.warn("empty answers", empty)
    return True


def truncate(report: Preflight, ids: Ints, labels: Ints, max_length: int, overflow: str) -> int:
    """How many tokens of a row to keep; 0 drops it. Everything lost is counted.

    With ``overflow`` "turns" the row ends after the last answer that fits whole, its end token included;
    "drop" drops every row that is too long; "cut" cuts at ``max_length`` and so may lose an end token.
    """
    if len(ids) <= max_length:
        return len(ids)
    keep = 0
    if overflow == "turns":
        ends = span_ends(labels)
        fitting = ends[ends <= max_length]
        keep = int(fitting[-1]) if len(fitting) else 0
    elif overflow == "cut" and (labels[:max_length] != IGNORE).any():
        keep = max_length
    report.warn("tokens lost to max_length", len(ids) - keep)
    if not keep:
        report.warn("rows dropped, no whole answer fits" if overflow == "turns" else "rows dropped, too long")
    elif overflow == "turns":
        report.warn("rows truncated to whole turns")
    else:
        report.warn("rows cut hard")
    return keep


def span_ends(labels: Ints) -> npt.NDArray[np.int64]:
    """The places just behind each supervised span."""
    on = np.concatenate(([0], (labels != IGNORE).astype(np.int8), [0]))
    return np.flatnonzero(np.diff(on) == -1)


def span_starts(labels: Ints) -> npt.NDArray[np.int64]:
    """The places where each supervised span begins."""
    on = np.concatenate(([0], (labels != IGNORE).astype(np.int8), [0]))
    return np.flatnonzero(np.diff(on) == 1)
