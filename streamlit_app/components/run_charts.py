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
        axis=alt.Axis(tickCount=5, gridOpacity=0.6, format="~g"),
    )
    base = alt.Chart(whole)
    line = base.mark_line(strokeWidth=1.8, point={"size": 14} if whole.height < 80 else False).encode(
        x=x, y=y, color=colour, tooltip=["run:N", "step:Q", alt.Tooltip(f"{column}:Q", format=".4~g")]
    )
    ends = alt.Chart(whole.group_by("run", maintain_order=True).last()).mark_text(align="left", dx=6, fontSize=12).encode(
        x="step:Q", y=f"{column}:Q", text="run:N", color=colour)  # fmt: skip
    return alt.layer(line, ends).properties(height=height)


def evaluation_dots(frame: pl.DataFrame) -> alt.LayerChart:
    """Loss before and after training by category: two dots on one line; the overall loss is in ``all``."""
    c = palette()
    shown = frame.with_columns(
        label=pl.Series(
            [f"{b:.2f} → {a:.2f}" for b, a in frame.select("before", "after").iter_rows()], dtype=pl.String
        ),
        end=pl.max_horizontal("before", "after"),
    )
    base = alt.Chart(shown)
    y = alt.Y("category:N", sort=shown["category"].to_list(), title=None)
    low, high = min(shown["before"].min(), shown["after"].min()), shown["end"].max()  # type: ignore[type-var]
    scale = alt.Scale(domain=[float(low) * 0.95, float(high) * 1.12], nice=False)  # type: ignore[arg-type]
    x = alt.X(
        "before:Q",
        title="evaluation loss (lower is better)",
        scale=scale,
        axis=alt.Axis(tickCount=6, gridOpacity=0.6),
    )
    rule = base.mark_rule(strokeWidth=3, opacity=0.35, color=c["accent"]).encode(y=y, x=x, x2="after:Q")
    before = base.mark_point(
        size=70, filled=True, fill=c["paper"], stroke=c["quiet"], strokeWidth=1.6, opacity=1
    ).encode(y=y, x="before:Q")
    after = base.mark_point(size=110, filled=True, opacity=1, color=c["accent"]).encode(y=y, x="after:Q")
    text = base.mark_text(align="left", dx=12, font=charts.MONO, color=c["quiet"]).encode(
        y=y, x="end:Q", text="label:N"
    )
    return alt.layer(rule, before, after, text).properties(height=max(28 * frame.height + 40, 96))
