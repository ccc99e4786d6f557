"""The charts of training runs: figures by step, and evaluation before and after by category."""

from __future__ import annotations

import altair as alt
import polars as pl

from streamlit_app.components import axes, charts
from streamlit_app.components.tokens import RUNS, dark

LINE = 15
"""Pixels that a name at a line's end takes."""
AXIS = 56
"""Pixels of a chart's height that are under its lines: the steps and their title."""
NAME = 28
"""Characters of a run's name that stand at its line; its middle is left out of a longer one."""


def curve(
    frames: dict[str, pl.DataFrame], column: str, title: str, height: int = 260, *, named: bool = True
) -> alt.LayerChart:
    """A figure by step, one line a run, each named at its end.

    Without ``named`` the lines bear no names: beside a chart that does, in the same colours.
    """
    parts = [
        frame.select("step", pl.col(column).cast(pl.Float64), pl.lit(name).alias("run"))
        for name, frame in frames.items()
        if frame.height
    ]
    whole = (
        pl.concat(parts).drop_nulls()
        if parts
        else pl.DataFrame(schema={"step": pl.Int64, column: pl.Float64, "run": pl.String})
    )
    names = list(frames)
    colours = [RUNS[dark()][place % 6] for place in range(len(names))]
    colour = alt.Color("run:N", legend=None, scale=alt.Scale(domain=names, range=colours))
    low, high = axes.span(whole[column])
    x = alt.X("step:Q", title="step", axis=alt.Axis(grid=False, tickMinStep=1, format=",.0f"))
    y = alt.Y(
        f"{column}:Q",
        title=title,
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(tickCount=5, gridOpacity=0.6, format=axes.figures(high - low, 5)),
    )
    base = alt.Chart(whole)
    line = base.mark_line(strokeWidth=1.8, point={"size": 14} if whole.height < 80 else False).encode(
        x=x, y=y, color=colour, tooltip=["run:N", "step:Q", alt.Tooltip(f"{column}:Q", format=".4~g")]
    )
    if not named:
        return alt.layer(line).properties(height=height)
    placed = ends(whole, column, LINE * (high - low) / (height - AXIS))
    text = alt.Chart(placed).mark_text(align="left", dx=6, fontSize=12).encode(
        x="step:Q", y="at:Q", text="label:N", color=colour, tooltip=["run:N"])  # fmt: skip
    return alt.layer(line, text).properties(height=height)


def ends(whole: pl.DataFrame, column: str, gap: float) -> pl.DataFrame:
    """Where each run's name stands: at its last step, ``gap`` or more above the one below it where lines end side by side.

    Returns run, step, at, label. ``whole`` has run, step and ``column``.
    """
    last = whole.group_by("run", maintain_order=True).last().sort(column)
    near = 0.25 * float(whole["step"].max() or 0)  # type: ignore[arg-type]
    placed: list[tuple[str, int, float, str]] = []
    for run, step, value in last.select("run", "step", column).iter_rows():
        below = [one[2] + gap for one in placed if abs(one[1] - step) <= near]
        placed.append((run, step, max([value, *below]), shortened(run)))
    return pl.DataFrame(
        placed,
        schema={"run": pl.String, "step": pl.Int64, "at": pl.Float64, "label": pl.String},
        orient="row",
    )


def shortened(name: str) -> str:
    """A name of ``NAME`` characters at most, its middle left out: names of one family differ at their ends."""
    return name if len(name) <= NAME else f"{name[: NAME // 2]}…{name[1 - NAME // 2 :]}"


def evaluation_dots(frame: pl.DataFrame) -> alt.LayerChart:
    """Loss before and after by category; the overall loss is in ``all``."""
    return charts.paired(frame, title="evaluation loss (lower is better)", zero=False)
