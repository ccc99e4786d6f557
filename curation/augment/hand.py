"""What a person decided about single candidates, by their ids: it outranks the gates, and is on record as theirs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from curation.augment.gates import EMPTY, Verdict

if TYPE_CHECKING:
    from curation.augment.engine import Candidate

FIRM = ("near_dup", "contamination")
"""Gates that no word of mouth overrules: they guard evaluation."""


def may_accept(made: bool, verdict: Verdict) -> bool:
    """Whether a person may keep it: something was made, and no firm gate is against it."""
    firm = any(one.gate in FIRM and not one.passed for one in verdict.measured)
    return made and not firm and verdict.reason != EMPTY


@dataclass(frozen=True)
class Hand:
    """The ids of candidates that were accepted and rejected by hand."""

    accept: frozenset[str] = frozenset()
    reject: frozenset[str] = frozenset()

    def decide(self, candidate: Candidate) -> Candidate:
        """The candidate with the person's verdict, where there is one, in place of the gates'."""
        verdict = candidate.verdict
        if candidate.id in self.reject:
            return replace(candidate, hand="reject", verdict=self._over(verdict, "rejected by hand"))
        if candidate.id in self.accept and may_accept(candidate.messages is not None, verdict):
            return replace(candidate, hand="accept", verdict=self._over(verdict, None))
        return candidate

    @staticmethod
    def _over(verdict: Verdict, reason: str | None) -> Verdict:
        notes = verdict.notes | ({"gates_said": verdict.reason} if verdict.reason else {})
        return Verdict(reason, verdict.measured, notes)

    def unseen(self, seen: Iterable[str]) -> list[str]:
        """Decided ids that no candidate had: the recipe before them has changed, or the run ended earlier."""
        return sorted((self.accept | self.reject) - set(seen))
