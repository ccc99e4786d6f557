"""A sweep as parallel coordinates, and the loss of every seed beside its mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import polars as pl

from streamlit_app.components.axes import figures
from streamlit_app.components.charts import FONT, MONO
from streamlit_app.components.tokens import palette

if TYPE_CHECKING:
    from streamlit_app.components.sweeps import Trial


def frame(done: list[Trial]) -> pl.DataFrame:
    """One line a trial and seed: trial, its values as text, run, loss, mean and spread of the trial."""
    return pl.DataFrame(
        [
            {
                "trial": one.number,
                "values": one.title,
                "run": run,
                "loss": loss,
                "mean": one.mean,
                "spread": one.spread,
            }
            for one in done
            for run, loss in zip(one.runs, one.losses, strict=False)
        ],
        schema={
            "trial": pl.Int64,
            "values": pl.String,
            "run": pl.String,
            "loss": pl.Float64,
            "mean": pl.Float64,
            "spread": pl.Float64,
        },
    )


def parallel(done: list[Trial]) -> dict[str, Any]:
    """The option of ECharts: an axis a parameter, then tokens a second and the loss; thin lines are seeds."""
    c = palette()
    params = list(dict.fromkeys(key for one in done for key in one.params))
    axes = [*({"dim": place, "name": name, **_axis([one.params.get(name) for one in done])} for place, name in enumerate(params)),
            {"dim": len(params), "name": "tokens/s", "type": "value", "scale": True},
            {"dim": len(params) + 1, "name": "evaluation loss", "type": "value", "scale": True}]  # fmt: skip
    spoken = {place: axes[place]["type"] == "category" for place in range(len(params))}

    def line(one: Trial, loss: float | None) -> list[Any]:
        values = [
            str(one.params.get(name)) if spoken[place] else one.params.get(name)
            for place, name in enumerate(params)
        ]
        return [
            *values,
            one.speed if one.speed is not None else "-",
            round(loss, 4) if loss is not None else "-",
        ]

    losses = [float(one.mean) for one in done if one.mean is not None]
    seeds = [line(one, loss) for one in done if len(one.losses) > 1 for loss in one.losses]
    low, high = min(losses), max(losses)
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT},
        "parallel": {"left": 60, "right": 90, "top": 44, "bottom": 28, "parallelAxisDefault": {
            "nameTextStyle": {"color": c["quiet"], "fontSize": 12, "fontFamily": FONT}, "nameGap": 16,
            "axisLine": {"lineStyle": {"color": c["quiet"], "width": 1}}, "axisTick": {"show": False}, "splitNumber": 4,
            "axisLabel": {"color": c["text"], "fontSize": 12, "fontFamily": MONO, "backgroundColor": c["paper"], "padding": [1, 4], "margin": 6},
            "areaSelectStyle": {"width": 18, "color": c["accent"], "opacity": 0.18, "borderColor": c["accent"], "borderWidth": 1},
        }},
        "parallelAxis": axes,
        "visualMap": {"show": False, "dimension": len(params) + 1, "min": low, "max": high if high > low else low + 1e-9,
                      "inRange": {"color": [c["accent"], c["repeat"]]}},
        "series": [
            {"type": "parallel", "name": "seeds", "data": seeds, "lineStyle": {"width": 1, "opacity": 0.55}, "inactiveOpacity": 0.03, "silent": True},
            {"type": "parallel", "name": "settings", "data": [line(one, one.mean) for one in done], "lineStyle": {"width": 3, "opacity": 0.95}, "inactiveOpacity": 0.06},
        ],
    }  # fmt: skip


def _axis(values: list[Any]) -> dict[str, Any]:
    """Few values stand as they are; many numbers share a scale, on a log one where they span more than a factor of 20."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values) and len(set(values)) > 6:
        wide = min(numbers) > 0 and max(numbers) / min(numbers) > 20
        return {"type": "log" if wide else "value", "scale": True}
    return {
        "type": "category",
        "data": [str(value) for value in sorted(set(values), key=lambda x: (str(type(x)), x))],
    }


def seeds(done: list[Trial]) -> alt.LayerChart:
    """Each trial's mean as a dot, its seeds as ticks, and the stretch between the least and the most as its interval."""
    c = palette()
    lines = frame(done)
    means = pl.DataFrame(
        [(one.title, one.mean, min(one.losses, default=one.mean), max(one.losses, default=one.mean),
          f"{one.mean:.3f}" + (f" ± {one.spread:.3f}" if one.spread is not None else "")) for one in done],
        schema={"values": pl.String, "mean": pl.Float64, "low": pl.Float64, "high": pl.Float64, "label": pl.String}, orient="row",
    )  # fmt: skip
    low, high = float(means["low"].min() or 0), float(means["high"].max() or 1)  # type: ignore[arg-type]
    room = max(high - low, 1e-3)
    y = alt.Y("values:N", sort=means["values"].to_list(), title=None, axis=alt.Axis(labelLimit=320))
    x = alt.X("mean:Q", title="evaluation loss, mean and every seed (lower is better)", scale=alt.Scale(domain=[low - 0.05 * room, high + 0.35 * room], nice=False),
              axis=alt.Axis(tickCount=6, gridOpacity=0.6, format=figures(1.4 * room)))  # fmt: skip
    base = alt.Chart(means)
    rule = base.mark_rule(color=c["text"], strokeWidth=1.4).encode(y=y, x="low:Q", x2="high:Q")
    ticks = alt.Chart(lines).mark_tick(thickness=2, height={"band": 0.5}, color=c["quiet"]).encode(y=y, x="loss:Q", tooltip=["run:N", alt.Tooltip("loss:Q", format=".4f")])  # fmt: skip
    dots = base.mark_point(size=110, filled=True, opacity=1, color=c["accent"]).encode(y=y, x=x, tooltip=["values:N", alt.Tooltip("mean:Q", format=".4f")])  # fmt: skip
    text = base.mark_text(align="left", dx=12, font=MONO, fontSize=12, color=c["quiet"]).encode(
        y=y, x="high:Q", text="label:N"
    )
    return alt.layer(dots, rule, ticks, text).properties(height=max(30 * len(done) + 44, 96))
