"""How a column becomes colours of points: values by their names, numbers in classes of about as many rows from low to high."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from curation.browse import NONE
from streamlit_app.components.tokens import OKABE_ITO, REST, category_colours

OTHER = "other"
RAMP = {
    "light": ("#DDBF7D", "#B4BC86", "#86B394", "#4F9C95", "#1F7F84", "#0B5E6E", "#0A3D52"),
    "dark": ("#27596B", "#2B7077", "#3A918C", "#62AF98", "#96C79B", "#C9D89B", "#F4E6AE"),
}
"""From low to high, on either paper: what is more stands out more."""


@dataclass(frozen=True)
class Colouring:
    """The kinds of a column's values by name with a colour each. ``edges`` are where each class of numbers but the first begins;
    without them ``names`` are the values themselves. What is in no kind is the last one, grey.
    """

    names: tuple[str, ...]
    colours: tuple[str, ...]
    edges: tuple[float, ...] = ()

    def kind(self, column: str) -> pl.Expr:
        """The place of each row's kind (UInt8)."""
        last = len(self.names) - 1
        if self.edges:
            value = pl.col(column)
            above = pl.sum_horizontal((value >= edge).cast(pl.UInt8) for edge in self.edges)
            return pl.when(value.is_not_null()).then(above).otherwise(last).cast(pl.UInt8)
        order = {name: place for place, name in enumerate(self.names)}
        value = pl.col(column).cast(pl.String).fill_null(NONE)
        return value.replace_strict(order, default=last, return_dtype=pl.UInt8)


def of_values(counts: Iterable[str], categories: Iterable[str] | None = None) -> Colouring:
    """The colours of values, given most frequent first: the first eight of them, by name. ``categories`` are all that a version
    has, where the values are categories: those have the same colours everywhere.
    """
    found = list(counts)
    if categories is None:
        fixed = dict(zip(sorted(found[:8]), OKABE_ITO, strict=False))
    else:
        fixed = {name: one for name, one in category_colours(categories).items() if one != REST}
    named = [name for name in fixed if name in found]
    rest = [OTHER] if len(named) < len(found) else []
    return Colouring((*named, *rest), (*(fixed[name] for name in named), *(REST for _ in rest)))


def of_numbers(values: pl.Series, ramp: tuple[str, ...]) -> Colouring:
    """The colours of numbers: a class of about as many rows for each colour of the ramp, fewer where many rows have the same number."""
    held = values.drop_nulls()
    if held.dtype.is_float():
        held = held.filter(held.is_finite())
    low, high = held.min(), held.max()
    cuts = {held.quantile(place / len(ramp), "higher") for place in range(1, len(ramp))}
    edges = sorted(one for one in cuts if one is not None and one > low) or ([held.filter(held > low).min()] if low != high else [])  # type: ignore[operator,type-var]  # fmt: skip
    whole = held.dtype.is_integer()
    starts = [low, *edges]
    names = [_stretch(start, end, whole=whole) for start, end in zip(starts, edges, strict=False)]
    names.append(f"{_figure(starts[-1])} or more" if starts[-1] != high else _figure(high))
    last = max(len(names) - 1, 1)
    colours = [ramp[round(place * (len(ramp) - 1) / last)] for place in range(len(names))]
    return Colouring((*names, NONE), (*colours, REST), tuple(float(one) for one in edges))  # type: ignore[arg-type]


def _stretch(start: object, end: object, *, whole: bool) -> str:
    if whole:
        most = int(end) - 1  # type: ignore[call-overload]
        return _figure(start) if most == start else f"{_figure(start)} to {_figure(most)}"
    return f"{_figure(start)} to {_figure(end)}"


def _figure(number: object) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:.3g}"
