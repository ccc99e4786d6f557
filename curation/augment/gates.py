"""The limits that a candidate must keep, and what was measured of one: the value of every gate beside its limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

EMPTY = "empty prompt"
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


def _in_order(band: tuple[float, float]) -> tuple[float, float]:
    if band[0] > band[1]:
        raise ValueError(f"the least, {band[0]:g}, is over the most, {band[1]:g}")
    return band


Band = Annotated[tuple[Share, Share], AfterValidator(_in_order)]
"""Least and most."""


def brief(reason: str) -> str:
    """What reasons are counted by: the gate, or what a generator lacked, without the values."""
    return reason.partition(":")[0].partition(", the parent is ")[0]


class Gates(BaseModel):
    """The limits; null turns a gate off, but for the near-duplicates of rows, which are always refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    lexical: Band | None = (0.3, 0.98)
    """Least and most likeness of the words to the parent's: Dice coefficient of words and pairs of them, 0 to 1."""
    semantic: Band | None = (0.7, 1.0)
    """Least and most likeness of the meaning to the parent's: cosine of embeddings, limits from 0 to 1."""
    language: bool = True
    """Whether the language must stay."""
    length: Annotated[tuple[Positive, Positive], AfterValidator(_in_order)] | None = (0.5, 2.0)
    """Least and most characters, as a multiple of the parent's."""
    copied: Share | None = 0.5
    """How much of a changed line (its runs of three words) the answer may repeat: more, and it works on that very line."""
    near_dup: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Likeness (Jaccard, of pairs of words in the prompts) to any other row, evaluation rows too, that rejects; one under 0.7 isn't looked for, unless the limit is lower."""
    flags: bool = True
    """Whether a candidate may raise no quality flag that its parent doesn't."""
    fit: Annotated[float, Field(ge=0, le=2)] | None = 0.15
    """How much less (cosine) prompt and answer may agree than the parent's do."""
    against: tuple[str, ...] = ()
    """Benchmark files: a candidate with more of their 13-grams than its parent is rejected."""
    perplexity: str | None = None
    """A causal model, folder or Hub id: a prompt may be at most ``perplexity_ratio`` times as surprising."""
    perplexity_ratio: Annotated[float, Field(gt=0)] = 2.0
    """Most perplexity of the candidate's prompts, as a multiple of the parent's."""
    encoder: str = "static"
    """The embedding model for meaning and fit, as in ``embed``."""


class Measured(NamedTuple):
    """One gate's measurement: the value, the limits it had to keep (None for no limit), and whether it did."""

    gate: str
    value: float | str | None
    low: float | None
    high: float | None
    passed: bool


@dataclass
class Verdict:
    """What was measured of a candidate, gate by gate, and the first reason against it, if any."""

    reason: str | None = None
    measured: list[Measured] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    """What else is worth a line in the ledger: the nearest row, how sure the language is."""

    @property
    def values(self) -> dict[str, Any]:
        """Value by gate, and the notes."""
        return {one.gate: one.value for one in self.measured} | self.notes

    def measure(
        self, gate: str, value: float | str | None, against: str | None, *,
        low: float | None = None, high: float | None = None, **notes: Any,
    ) -> None:  # fmt: skip
        """Note a gate's value; ``against`` is the reason to reject, None where it passed. The first one stands."""
        self.measured.append(Measured(gate, value, low, high, against is None))
        self.notes |= notes
        if against is not None:
            self.reason = self.reason or f"{gate}: {against}"
