"""Small tables as HTML: figures right, thousands separated, bars inside cells for shares, no index column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import polars as pl
import streamlit as st

from curation.balance import Plan
from curation.findings import percent
from streamlit_app.components.rich_text import plain

Kind = Literal["text", "figure", "share", "code", "delta", "epochs", "category"]


def table(
    columns: Sequence[tuple[str, str, Kind]],
    rows: Iterable[Mapping[str, Any]],
    *,
    label: str,
    colours: Mapping[str, str] | None = None,
) -> None:
    """Draw a table. A column is (field, title, kind); ``label`` names the table for a screen reader."""
    st.html(table_html(columns, rows, label=label, colours=colours))


def table_html(
    columns: Sequence[tuple[str, str, Kind]],
    rows: Iterable[Mapping[str, Any]],
    *,
    label: str,
    colours: Mapping[str, str] | None = None,
) -> str:
    """The table's HTML; every text in it is escaped."""
    body = list(rows)
    most = {
        field: max([float(row[field] or 0) for row in body] or [1]) or 1
        for field, _, kind in columns
        if kind == "share"
    }
    head = "".join(f'<th scope="col" class="{kind}">{plain(title)}</th>' for _, title, kind in columns)
    lines = []
    for row in body:
        cells = [
            _cell(row.get(field), kind, most.get(field, 1), (colours or {})) for field, _, kind in columns
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="tw-scroll" tabindex="0" role="region" aria-label="{plain(label)}"><table class="tw-table">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _cell(value: Any, kind: Kind, most: float, colours: Mapping[str, str]) -> str:
    if value is None:
        return f'<td class="{kind}"></td>'
    if kind == "share":
        width = 100 * float(value) / most
        bar = f'<span class="bar" style="width:{width * 0.6:.2f}%"></span>' if value else ""
        return f'<td class="share">{bar}<span>{percent(float(value))}</span></td>'
    if kind == "delta":
        sign = "+" if value > 0 else "−" if value < 0 else ""
        return f'<td class="figure delta {"up" if value > 0 else "down" if value < 0 else ""}">{sign}{abs(value):,}</td>'
    if kind == "category":
        colour = colours.get(str(value))
        dot = f'<i class="dot" style="background:{colour}"></i>' if colour else ""
        return f'<td class="category">{dot}{plain(str(value))}</td>'
    if kind == "epochs":
        return f'<td class="figure">{float(value):.2f}×</td>'
    shown = (
        f"{value:,}" if type(value) is int else _written(value) if isinstance(value, float) else str(value)
    )
    inner = f"<code>{plain(shown)}</code>" if kind == "code" else plain(shown)
    return f'<td class="{kind}">{inner}</td>'


def _written(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def strip(figures: Sequence[tuple[str, str, str]]) -> None:
    """A line of figures: (value, unit or label, note)."""
    cells = "".join(
        f"<div><b>{plain(value)}</b><span>{plain(label)}</span>{f'<small>{plain(note)}</small>' if note else ''}</div>"
        for value, label, note in figures
    )
    st.html(f'<div class="tw-strip">{cells}</div>')


def plan_frame(plan: Plan) -> pl.DataFrame:
    """A plan as a frame: one line a category."""
    return pl.DataFrame(plan.to_dict()["lines"])


def plan_table(plan: Plan, colours: Mapping[str, str]) -> None:
    """A plan as a table."""
    lines = [
        {**line, "total": line["taken"] + line["augmented"] + line["repeats"]}
        for line in plan.to_dict()["lines"]
    ]
    table(
        [("category", "Category", "category"), ("now", "Now", "figure"), ("target", "Target", "figure"),
         ("taken", "Real", "figure"), ("augmented", "Augmented", "figure"), ("repeats", "Repeats", "figure"),
         ("to_augment", "Still short", "figure"), ("total", "In the mix", "figure"), ("epochs", "Epochs", "epochs"),
         ("share_after", "Share after", "share")],
        lines, label="The plan by category, in rows", colours=colours,
    )  # fmt: skip


def plan_figures(plan: Plan) -> list[tuple[str, str, str]]:
    """How even the mix is, before and after."""
    a, b = plan.before, plan.after
    return [
        (f"{b.rows:,}", "training rows", f"{a.rows:,} now"),
        (f"{b.effective:.2f}", "effective categories", f"{a.effective:.2f} now, {len(plan.lines)} at most"),
        (f"{b.entropy:.2f}", "bits of entropy", f"{a.entropy:.2f} now"),
        (f"{b.imbalance:.1f}×", "largest over smallest", f"{a.imbalance:.1f}× now"),
    ]
