"""The arithmetic of balance: counts in, a plan out. No rows are touched here.

Measures: Shannon entropy in bits, effective number of categories (2 to the entropy; Hill number of order
1, Hill 1973), imbalance ratio (largest over smallest). Temperature: share ~ n^alpha, as in multilingual
sampling (Conneau and Lample 2019, "Cross-lingual Language Model Pretraining").
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

from curation.errors import InputError, nearest

Target = Literal["uniform", "largest", "median"] | float | Mapping[str, float]
NONE = "(none)"
"""How rows without a category are called in plans and tables."""


@dataclass(frozen=True)
class Line:
    """One category's line of a plan, in rows; ``epochs`` is how often its rows are seen on average.

    Shares are from 0 to 1; cost shares are of tokens (or words) where those were counted, else of rows.
    """

    category: str
    now: int
    target: int
    taken: int
    augmented: int
    repeats: int
    to_augment: int
    epochs: float
    share_now: float
    share_after: float
    cost_share_now: float
    cost_share_after: float

    @property
    def after(self) -> int:
        """Rows in the mix: taken, augmented and repeats."""
        return self.taken + self.augmented + self.repeats


@dataclass(frozen=True)
class Measures:
    """How even a distribution is: entropy in bits, effective categories, largest over smallest."""

    rows: int
    entropy: float
    effective: float
    imbalance: float


@dataclass(frozen=True)
class Plan:
    """What a balance would do, by category, and the measures before and after."""

    lines: tuple[Line, ...]
    before: Measures
    after: Measures

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def measures(counts: Sequence[int]) -> Measures:
    """The measures of rows by category; categories of no rows count for nothing."""
    held = [count for count in counts if count > 0]
    total = sum(held)
    entropy = sum(count / total * math.log2(total / count) for count in held) if held else 0.0
    ratio = max(held) / min(held) if held else 0.0
    return Measures(total, round(entropy, 4), round(2**entropy if held else 0.0, 3), round(ratio, 3))


def shares(counts: Mapping[str, int], to: Target) -> dict[str, float]:
    """The share of the mix that each category should have, summing to 1.

    Raises InputError for weights that don't sum to 1, that leave a category out, or that name an unknown one.
    """
    if isinstance(to, Mapping):
        for name in to:
            if name not in counts:
                raise InputError(
                    f"category {name!r} has no rows", where="balance: to", mend=nearest(name, counts)
                )
        for name in counts:
            if name not in to:
                raise InputError(
                    f"category {name!r} has {counts[name]:,} rows but no weight",
                    where="balance: to",
                    mend="Give it one; 0 drops it.",
                )
        total = sum(to.values())
        if abs(total - 1) > 1e-6:
            raise InputError(
                f"weights sum to {total:g}, not 1", where="balance: to", mend="Divide each by their sum."
            )
        return dict(to)
    if isinstance(to, str):
        return {name: 1 / len(counts) for name in counts}
    powers = {name: float(count) ** to for name, count in counts.items()}
    total = sum(powers.values())
    return {name: power / total if total else 1 / len(powers) for name, power in powers.items()}


def targets(
    counts: Mapping[str, int], to: Target, budget: float | None, costs: Mapping[str, float] | None = None
) -> dict[str, int]:
    """How many rows each category should have; largest remainders make them sum to a budget in rows exactly.

    Without a budget, ``largest`` and ``median`` bring every category to that count, and the others keep the
    total as it is. With ``costs`` (tokens of a row, on average, by category) the budget and the shares are
    in tokens.
    """
    if not counts:
        return {}
    wanted = shares(counts, to)
    if budget is None:
        if to == "largest":
            return {name: max(counts.values()) for name in counts}
        if to == "median":
            return {name: round(median(counts.values())) for name in counts}
        budget = sum(counts.values())
    if costs is not None:
        return {name: math.floor(share * budget / max(costs[name], 1e-9)) for name, share in wanted.items()}
    # six decimals, so that a machine whose powers differ in the last bit makes the same plan
    exact = {name: round(share * budget, 6) for name, share in wanted.items()}
    whole = {name: math.floor(value) for name, value in exact.items()}
    rest = round(budget) - sum(whole.values())
    for name in sorted(exact, key=lambda name: (whole[name] - exact[name], name))[:rest]:
        whole[name] += 1
    return whole


def plan(
    originals: Mapping[str, int],
    to: Target,
    *,
    augmented: Mapping[str, int] | None = None,
    budget: float | None = None,
    max_repeats: float = 3.0,
    costs: Mapping[str, float] | None = None,
    budget_in_costs: bool = False,
) -> Plan:
    """Fill each category's target with real rows, then augmented rows, then repeats, and say what is short.

    ``max_repeats`` is how often a row may stand in the mix at most, itself included (its epochs). ``costs``
    are mean tokens (or words) a row by category; ``budget_in_costs`` makes the budget one in tokens.
    """
    made = augmented or {}
    each = costs or dict.fromkeys(originals, 1.0)
    goal = targets(originals, to, budget, costs if budget_in_costs else None)
    filled = []
    for name, target in goal.items():
        taken = min(originals[name], target)
        extra = min(made.get(name, 0), target - taken)
        repeats = min(target - taken - extra, math.floor((taken + extra) * (max_repeats - 1) + 1e-9))
        filled.append((name, originals[name] + made.get(name, 0), target, taken, extra, repeats))
    filled.sort(key=lambda line: (-line[1], line[0]))
    now = {name: rows for name, rows, *_ in filled}
    after = {name: taken + extra + repeats for name, _, _, taken, extra, repeats in filled}
    lines = tuple(
        Line(
            category=name,
            now=rows,
            target=target,
            taken=taken,
            augmented=extra,
            repeats=repeats,
            to_augment=target - after[name],
            epochs=round(after[name] / (taken + extra), 3) if taken + extra else 0.0,
            share_now=_share(now, name),
            share_after=_share(after, name),
            cost_share_now=_share(now, name, each),
            cost_share_after=_share(after, name, each),
        )
        for name, rows, target, taken, extra, repeats in filled
    )
    return Plan(lines, measures(list(now.values())), measures(list(after.values())))


def _share(counts: Mapping[str, int], name: str, each: Mapping[str, float] | None = None) -> float:
    """The share of one category, of rows or of what they cost, to five decimals."""
    cost = each or dict.fromkeys(counts, 1.0)
    total = sum(count * cost[other] for other, count in counts.items())
    return round(counts[name] * cost[name] / total, 5) if total else 0.0
