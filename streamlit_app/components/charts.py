"""Charts in one style: sorted bars labelled directly, before and after on one line, faint grids, a text alternative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import altair as alt
import polars as pl
import streamlit as st

from curation.balance import Plan
from curation.findings import percent
from curation.views import length_names
from streamlit_app.components.axes import figures, span
from streamlit_app.components.picture import png_button
from streamlit_app.components.tokens import dark, palette

FONT, MONO = "Commissioner, sans-serif", "JetBrains Mono, monospace"


def config() -> dict[str, Any]:
    """The one Vega config of the workbench, in the colours of the theme in use."""
    c = palette()
    axis = {
        "labelFont": FONT, "titleFont": FONT, "labelFontSize": 13, "titleFontSize": 12, "titleFontWeight": 400,
        "labelColor": c["text"], "titleColor": c["quiet"], "gridColor": c["line"], "domain": False, "ticks": False,
        "labelPadding": 8, "titlePadding": 8, "labelLimit": 170,
    }  # fmt: skip
    return {
        "background": "transparent",
        "view": {"stroke": None},
        "font": FONT,
        "axis": axis,
        "axisX": {"labelColor": c["quiet"], "labelFontSize": 12},
        "axisYQuantitative": {"labelColor": c["quiet"], "labelFontSize": 12},
        "text": {"font": FONT, "fontSize": 12, "color": c["text"]},
        "legend": {"labelFont": FONT, "titleFont": FONT, "labelColor": c["text"], "titleColor": c["quiet"]},
    }


def draw(
    chart: alt.TopLevelMixin,
    *,
    says: str,
    data: pl.DataFrame,
    rows: int,
    name: str,
    unit: str = "rows",
    on_select: Literal["ignore", "rerun"] = "ignore",
) -> Any:
    """Draw a chart with its text alternative, the number of rows it is made of, its picture, and its data as CSV.

    With ``on_select`` the chart's own selections come back as Streamlit gives them.
    """
    styled = chart.configure(**config())  # type: ignore[attr-defined]
    with st.container(key=f"box_{name}"):
        chosen = st.altair_chart(
            styled, width="stretch", theme=None, alt=says, key=f"chart_{name}", on_select=on_select
        )
    below(name, data=data, rows=rows, unit=unit)
    return chosen


def below(name: str, *, data: pl.DataFrame, rows: int, unit: str = "rows") -> None:
    """What stands under the chart in the container ``box_NAME``: how many rows it is made of, its picture, its data."""
    with st.container(horizontal=True, key=f"under_{name}", vertical_alignment="center"):
        st.html(f'<p class="tw-note">{rows:,} {unit}</p>')
        with st.container(horizontal=True, width="content", gap="small", key=f"take_{name}"):
            png_button(f"box_{name}", name)
            st.download_button(
                "CSV", data.write_csv, file_name=f"{name}.csv", mime="text/csv", type="tertiary", key=f"csv_{name}",
                on_click="ignore", help="The figures of this chart",
            )  # fmt: skip


def share_bars(
    shares: pl.DataFrame, *, words: bool = True, unit: str = "words", most: int = 24
) -> alt.LayerChart:
    """Rows by value as bars, split by origin; a tick shows the share of words (or tokens: ``unit``).

    ``shares`` as views.shares gives it; its order is the order of the bars.
    """
    c = palette()
    top = shares.head(most)
    total, total_words = max(shares["rows"].sum(), 1), max(shares["words"].sum(), 1)
    order = top["value"].to_list()
    parts = top.select("value", "original", pl.col("made").alias("repeats and augmented")).unpivot(
        index="value", variable_name="origin", value_name="rows"
    )
    parts = parts.with_columns(
        share=pl.col("rows") / total, place=(pl.col("origin") != "original").cast(pl.Int8)
    )
    labels = top.with_columns(
        label=pl.Series([f"{n:,} · {percent(s)}" for n, s in top.select("rows", "share").iter_rows()], dtype=pl.String),
        word_share=pl.col("words") / total_words,
        end=pl.max_horizontal("share", "word_share") if words else pl.col("share"),
    )  # fmt: skip
    y = alt.Y("value:N", sort=order, title=None)
    limit = float(labels["end"].max() or 1) * 1.28
    x = alt.X("share:Q", title="share of rows", scale=alt.Scale(domain=[0, limit]),
              axis=alt.Axis(format="%", tickCount=5, gridOpacity=0.6, labelExpr="datum.value > 1 ? '' : datum.label"))  # fmt: skip
    bars = alt.Chart(parts).mark_bar(height={"band": 0.62}, cornerRadiusEnd=1).encode(
        y=y, x=x, order="place:O",
        color=alt.Color("origin:N", legend=None, scale=alt.Scale(
            domain=["original", "repeats and augmented"], range=[c["original"], c["repeat"]])),
        tooltip=[alt.Tooltip("value:N", title="value"), "origin:N", alt.Tooltip("rows:Q", format=",")],
    )  # fmt: skip
    base = alt.Chart(labels)
    text = base.mark_text(align="left", dx=8, font=MONO, fontSize=12).encode(y=y, x="end:Q", text="label:N")
    layers: list[Any] = [bars, text]
    if words:
        tick = base.mark_tick(thickness=2, height={"band": 0.86}, color=c["accent"]).encode(
            y=y, x="word_share:Q",
            tooltip=[alt.Tooltip("value:N", title="value"), alt.Tooltip("word_share:Q", format=".1%", title=f"share of {unit}")],
        )  # fmt: skip
        layers.insert(1, tick)
    return alt.layer(*layers).properties(height=max(26 * len(order) + 40, 96))


def plan_dots(plan: Plan, colours: Mapping[str, str]) -> alt.LayerChart:
    """Share before and after by category."""
    frame = pl.DataFrame(
        [(line.category, line.share_now, line.share_after) for line in plan.lines],
        schema={"category": pl.String, "before": pl.Float64, "after": pl.Float64},
        orient="row",
    )
    return paired(frame, title="share of training rows", colours=colours, share=True)


def paired(
    frame: pl.DataFrame,
    *,
    title: str,
    colours: Mapping[str, str] | None = None,
    share: bool = False,
    zero: bool = True,
) -> alt.LayerChart:
    """Before and after as two dots on one line, the figures at the right, in the order of the frame.

    ``frame`` has category, before and after; ``low`` and ``high``, where it has them, are drawn as the interval of
    after. With ``share`` figures are per cent; without ``zero`` the axis begins near the smallest value.
    """
    c = palette()
    whole = frame["before"].dtype.is_integer()
    show = percent if share else (lambda x: f"{x:,}") if whole else (lambda x: f"{x:.3f}")
    shown = frame.with_columns(
        label=pl.Series(
            [f"{show(b)} → {show(a)}" for b, a in frame.select("before", "after").iter_rows()],
            dtype=pl.String,
        ),
        end=pl.max_horizontal([name for name in ("before", "after", "high") if name in frame.columns]),
        colour=pl.Series(
            [(colours or {}).get(name, c["accent"]) for name in frame["category"]], dtype=pl.String
        ),
    )
    high = float(shown["end"].max() or 1)  # type: ignore[arg-type]
    low = 0.0 if zero else span(pl.concat([shown["before"], shown["after"]]))[0]
    scale = alt.Scale(domain=[low, high + 0.3 * (high - low)], nice=False)
    written = "%" if share else "~s" if whole else figures(1.3 * (high - low))
    axis = alt.Axis(format=written, tickCount=6, gridOpacity=0.6)
    base = alt.Chart(shown)
    y = alt.Y("category:N", sort=shown["category"].to_list(), title=None)
    colour = alt.Color("colour:N", scale=None)
    form = ".1%" if share else "," if whole else ".3f"
    tips = ["category:N", alt.Tooltip("before:Q", format=form), alt.Tooltip("after:Q", format=form)]
    line = base.mark_rule(strokeWidth=3, opacity=0.35).encode(
        y=y, x=alt.X("before:Q", title=title, scale=scale, axis=axis), x2="after:Q", color=colour
    )
    before = base.mark_point(size=70, filled=True, fill=c["paper"], stroke=c["quiet"], strokeWidth=1.6, opacity=1).encode(
        y=y, x="before:Q", tooltip=tips)  # fmt: skip
    after = base.mark_point(size=110, filled=True, opacity=1).encode(
        y=y, x="after:Q", color=colour, tooltip=tips
    )
    text = base.mark_text(align="left", dx=12, font=MONO, fontSize=12, color=c["quiet"]).encode(
        y=y, x="end:Q", text="label:N"
    )
    layers: list[Any] = [line, before, after, text]
    if {"low", "high"} <= set(frame.columns):
        layers.insert(1, base.mark_rule(color=c["text"], strokeWidth=1.4).encode(y=y, x="low:Q", x2="high:Q"))
    return alt.layer(*layers).properties(height=max(30 * frame.height + 40, 96))


def histogram(bins: pl.DataFrame, title: str, cut: float | None = None) -> alt.LayerChart:
    """A distribution, and the cut as a line. ``bins`` as views.histogram gives it."""
    c = palette()
    base = alt.Chart(bins)
    form = "~s" if float(bins["end"].max() or 0) >= 1000 else "~r"  # type: ignore[arg-type]
    bars = base.mark_bar(color=c["original"], binSpacing=1).encode(
        x=alt.X("start:Q", bin="binned", title=title, axis=alt.Axis(grid=False, format=form, tickCount=8)), x2="end:Q",
        y=alt.Y("rows:Q", title="rows", axis=alt.Axis(tickCount=4, tickMinStep=1, format="~s")),
        tooltip=[alt.Tooltip("start:Q", format=",.4~g"), alt.Tooltip("end:Q", format=",.4~g"), alt.Tooltip("rows:Q", format=",")],
    )  # fmt: skip
    if cut is None:
        return alt.layer(bars).properties(height=180)
    rule = (
        alt.Chart(pl.DataFrame({"cut": [float(cut)]}))
        .mark_rule(color=c["bad"], strokeWidth=2)
        .encode(x="cut:Q")
    )
    return alt.layer(bars, rule).properties(height=180)


def heat(cross: pl.DataFrame, across: str, down: str) -> alt.LayerChart:
    """Rows by two columns, one hue; each cell has its count and its share of all rows. ``cross`` as views.cross gives it.

    A click on a cell is the selection ``cell``.
    """
    c = palette()
    most = float(cross["share"].max() or 1)  # type: ignore[arg-type]
    shown = cross.with_columns(
        label=pl.Series([percent(s) for s in cross["share"]], dtype=pl.String),
        deep=pl.col("share")
        > (0.5 if dark() else 0.75) * most,  # where light ink on it reads better than dark
    )
    order = {side: _order(cross, side) for side in ("across", "down")}
    picked = alt.selection_point(name="cell", fields=["down", "across"], empty=False)
    base = alt.Chart(shown).encode(
        x=alt.X("across:N", title=across, sort=order["across"],
                axis=alt.Axis(orient="top", labelAngle=0, labelLimit=96, labelOverlap=False)),
        y=alt.Y("down:N", title=None, sort=order["down"]),
        tooltip=[alt.Tooltip("down:N", title=down), alt.Tooltip("across:N", title=across), alt.Tooltip("rows:Q", format=","),
                 alt.Tooltip("share:Q", format=".1%", title="of all rows"), alt.Tooltip("line:Q", format=".1%", title=f"of this {down}")],
    )  # fmt: skip
    scale = alt.Scale(domain=[0, most], range=[c["line"], c["accent"]], interpolate="lab")
    cells = (
        base.mark_rect(cornerRadius=3, cursor="pointer")
        .encode(
            color=alt.Color("share:Q", legend=None, scale=scale),
            stroke=alt.condition(picked, alt.value(c["text"]), alt.value(c["paper"])),
            strokeWidth=alt.value(2),
        )
        .add_params(picked)
    )
    ink = alt.condition("datum.deep", alt.value(c["paper"]), alt.value(c["text"]))
    figure = base.mark_text(font=MONO, fontSize=13, dy=-7).encode(
        text=alt.Text("rows:Q", format=","), color=ink
    )
    part = base.mark_text(font=MONO, fontSize=11, dy=9, opacity=0.85).encode(text="label:N", color=ink)
    return alt.layer(cells, figure, part).properties(height=44 * len(order["down"]) + 48)


def _order(cross: pl.DataFrame, side: str) -> list[str]:
    """Values of one side, most rows first; lengths from the shortest on."""
    sizes = (
        cross.group_by(side)
        .agg(pl.col("rows").sum())
        .sort("rows", side, descending=[True, False])[side]
        .to_list()
    )
    lengths = length_names()
    return sorted(sizes, key=lengths.index) if set(sizes) <= set(lengths) else sizes
