"""The share of candidates that each generator gets through the gates, with its interval."""

from __future__ import annotations

import math

import altair as alt
import polars as pl

from curation.findings import percent
from streamlit_app.components.charts import MONO
from streamlit_app.components.tokens import palette


def wilson(kept: int, tried: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share, 95% by default: Wilson 1927, which holds for few tries and near 0 and 1."""
    if not tried:
        return 0.0, 1.0
    share, square = kept / tried, z * z / tried
    middle = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / tried + square / (4 * tried)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def rates(frame: pl.DataFrame) -> alt.LayerChart:
    """Bars of shares, best first, each with its 95% interval and its counts. ``frame`` has generator, tried, kept, rate."""
    c = palette()
    bounds = [wilson(kept, tried) for kept, tried in frame.select("kept", "tried").iter_rows()]
    shown = frame.with_columns(
        low=pl.Series([low for low, _ in bounds], dtype=pl.Float64),
        high=pl.Series([high for _, high in bounds], dtype=pl.Float64),
        label=pl.Series([f"{k} of {n} · {percent(r)}" for k, n, r in frame.select("kept", "tried", "rate").iter_rows()], dtype=pl.String),
    ).sort("rate", "tried", descending=True)  # fmt: skip
    base = alt.Chart(shown)
    y = alt.Y("generator:N", sort=shown["generator"].to_list(), title=None)
    x = alt.X("rate:Q", title="share that passes the gates, with its 95% interval", scale=alt.Scale(domain=[0, 1.3]),
              axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], gridOpacity=0.6))  # fmt: skip
    tips = [
        "generator:N",
        "kept:Q",
        "tried:Q",
        alt.Tooltip("low:Q", format=".0%"),
        alt.Tooltip("high:Q", format=".0%"),
    ]
    bars = base.mark_bar(height={"band": 0.56}, color=c["augmented"], cornerRadiusEnd=1).encode(
        y=y, x=x, tooltip=tips
    )
    rule = base.mark_rule(color=c["text"], strokeWidth=1.4).encode(y=y, x="low:Q", x2="high:Q", tooltip=tips)
    text = base.mark_text(align="left", dx=8, font=MONO, fontSize=12).encode(y=y, x="high:Q", text="label:N")
    return alt.layer(bars, rule, text).properties(height=max(32 * frame.height + 44, 96))
