"""What an axis spans, and how its figures are written."""

from __future__ import annotations

import math

import polars as pl


def span(values: pl.Series) -> tuple[float, float]:
    """The stretch of an axis on which some values lie, with a little room on both sides."""
    low, high = (float(one) if one is not None else 0.0 for one in (values.min(), values.max()))  # type: ignore[arg-type]
    room = 0.06 * (high - low) or abs(high) / 100 or 1.0
    return low - room, high + room


def figures(width: float) -> str:
    """The number format of an axis of some width: as many decimals on every figure as its steps need."""
    return f",.{max(0, math.ceil(-math.log10(max(width, 1e-12) / 6)))}f"
