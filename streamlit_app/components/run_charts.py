"""The charts of training runs: figures by step, and evaluation before and after by category."""

from __future__ import annotations

import altair as alt
import polars as pl

from streamlit_app.components import charts
from streamlit_app.components.tokens import OKABE_ITO, palette


def curve(frames: dict[str, pl.DataFrame], column: str, title: str, height: int = 260) -> alt.LayerChart:
    """A figure by step, one line a run, each named at its end."""
    c = palette()
    parts = [
        frame.select("step", column, pl.lit(name).alias("run"))
        for name, frame in frames.items()
        if frame.height
    ]
    whole = (
        pl.concat(parts).drop_nulls()
        if parts
        else pl.DataFrame(schema={"step": pl.Int64, column: pl.Float64, "run": pl.String})
    )
    names = list(frames)
    colour = alt.Color(
        "run:N",
        legend=None,
        scale=alt.Scale(domain=names, range=[c["accent"], *OKABE_ITO][: max(len(names), 1)]),
    )
    x = alt.X("step:Q", title="step", axis=alt.Axis(grid=False, tickMinStep=1))
    y = alt.Y(
        f"{column}:Q",
        title=title,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(tickCount=5, gridOpacity=0.6, format=".3~r"),
    )
    base = alt.Chart(whole)
    line = base.mark_line(strokeWidth=1.8, point={"size": 14} if whole.height < 80 else False).encode(
        x=x, y=y, color=colour, tooltip=["run:N", "step:Q", alt.Tooltip(f"{column}:Q", format=".4~g")]
    )
    ends = alt.Chart(whole.group_by("run", maintain_order=True).last()).mark_text(align="left", dx=6, fontSize=12).encode(
        x="step:Q", y=f"{column}:Q", text="run:N", color=colour)  # fmt: skip
    return alt.layer(line, ends).properties(height=height)


def evaluation_dots(frame: pl.DataFrame) -> alt.LayerChart:
    """Loss before and after by category; the overall loss is in ``all``."""
    return charts.paired(frame, title="evaluation loss (lower is better)", zero=False)
