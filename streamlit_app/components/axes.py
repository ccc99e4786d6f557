"""What an axis spans, and how its figures are written."""

from __future__ import annotations

import math

import polars as pl


def span(values: pl.Series) -> tuple[float, float]:
    """The stretch of an axis on which some values lie, with a little room on both sides."""
    low, high = (float(one) if one is not None else 0.0 for one in (values.min(), values.max()))  # type: ignore[arg-type]
    room = 0.06 * (high - low) or abs(high) / 100 or 1.0
    return low - room, high + room


def figures(width: float, ticks: int = 6) -> str:
    """The number format of an axis of some width: as many decimals on every figure as its steps need.

    The steps are d3's, which Vega draws: 1, 2, 5 or 10 times a power of ten, whichever comes nearest to ``ticks`` of them.
    """
    step = max(width, 1e-12) / ticks
    power = math.floor(math.log10(step))
    whole = step / 10**power >= math.sqrt(50)  # the step is the next power of ten
    return f",.{max(0, -power - whole)}f"
