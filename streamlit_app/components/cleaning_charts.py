"""The pictures of Clean: how a signal is distributed, with the cut as a line where there is one."""

from __future__ import annotations

import altair as alt
import polars as pl

from curation import browse
from curation.cut_kinds import Alike, Overlap
from curation.cuts import AnyCut, Cut
from curation.findings import count
from curation.signals import PERSONAL, Signal
from curation.store import Version
from streamlit_app.components import answers, charts, data, shell
from streamlit_app.components.tokens import palette


def draw(version: Version, index: browse.Index, one: Signal, cut: AnyCut | None) -> None:
    """Draw the distribution of a signal."""
    name = f"{version.manifest.name}-{one.column}"
    if one.kind in ("copies", "near") and isinstance(cut, Alike):
        _groups(index, cut, name) if one.kind == "copies" or cut.at is None else _numbers(index, "near_dup.similarity", "similarity", cut.at, name)  # fmt: skip
    elif one.kind == "overlap":
        at = cut.at if isinstance(cut, Overlap) else None
        _numbers(index, one.column, "share of a test set's item", at, name)
    elif one.kind in ("flags", "personal"):
        found = dict(answers.flags(index)) if one.kind == "flags" else answers.personal(index)
        names = {key: n for key, n in found.items() if one.kind == "personal" or key.startswith("quality.")}
        told = [PERSONAL.get(key) or key.removeprefix("quality.").replace("_", " ") for key in names]
        _counts(told, list(names.values()), "rows", name, index.narrow.height)
    elif one.kind == "values":
        shares = data.shares(version, one.column)
        charts.draw(charts.share_bars(shares, words=False), says=f"Rows by {one.title.lower()}.", data=shares,
                    rows=int(shares["rows"].sum()), name=name)  # fmt: skip
    else:
        at = cut.at if isinstance(cut, Cut) else None
        _numbers(index, one.column, one.title.lower(), at, name)


def _numbers(index: browse.Index, column: str, title: str, at: float | None, name: str) -> None:
    held = answers.spread(index, column)
    if held is None or held.bins.is_empty():
        shell.note("No row has a value here.")
        return
    if held.bins.height == 1:  # one bar as wide as the page says nothing
        _counts([f"{held.bins['start'][0]:,.4g}"], [held.shown], "rows", name, index.narrow.height)
    else:
        says = f"Distribution of {title} over {count(held.shown, 'row')}."
        charts.draw(charts.histogram(held.bins, title, at), says=says, data=held.bins, rows=held.shown, name=name)  # fmt: skip
    if held.zeros:
        shell.note(
            f"{count(held.zeros, 'row')} with 0 {'is' if held.zeros == 1 else 'are'} left out of the picture."
        )
    if held.none:
        one = held.none == 1
        shell.note(
            f"{count(held.none, 'row')} {'has' if one else 'have'} no such value and {'stays' if one else 'stay'}."
        )


def _groups(index: browse.Index, cut: Alike, name: str) -> None:
    """How many groups there are of each size."""
    by = answers.group_sizes(index, cut)
    if by.is_empty():
        shell.note(f"Each of {count(index.narrow.height, 'row')} stands alone.")
        return
    _counts(
        [f"{size:,} rows" for size in by["size"]],
        by["groups"].to_list(),
        "groups",
        name,
        int((by["size"] * by["groups"]).sum()),
    )


def _counts(names: list[str], numbers: list[int], unit: str, name: str, rows: int) -> None:
    """A bar for each name with its number beside it, in the given order."""
    if not names:
        return
    c = palette()
    frame = pl.DataFrame({"value": names, unit: numbers}, schema={"value": pl.String, unit: pl.Int64})
    frame = frame.with_columns(label=pl.Series([f"{n:,}" for n in numbers], dtype=pl.String))
    y = alt.Y("value:N", sort=names, title=None)
    scale = alt.Scale(domain=[0, 1.15 * max(numbers)], nice=False)
    x = alt.X(
        f"{unit}:Q",
        title=unit,
        scale=scale,
        axis=alt.Axis(tickMinStep=1, tickCount=5, format=",d", gridOpacity=0.6),
    )
    base = alt.Chart(frame)
    bars = base.mark_bar(height={"band": 0.62}, cornerRadiusEnd=1, color=c["original"]).encode(y=y, x=x)
    text = base.mark_text(align="left", dx=8, font=charts.MONO, fontSize=12).encode(
        y=y, x=f"{unit}:Q", text="label:N"
    )
    chart = alt.layer(bars, text).properties(height=max(26 * len(names) + 40, 84))
    says = "; ".join(f"{value}: {n:,}" for value, n in zip(names[:12], numbers, strict=False))
    charts.draw(chart, says=says, data=frame.drop("label"), rows=rows, name=name, unit="rows")
