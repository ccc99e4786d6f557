"""The pieces of a report page: tiles, bars, histograms, paired dots, tables, examples; inline SVG and HTML, no scripts.

Every piece escapes what comes from data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from curation.lengths import TURNS

MOST = 12
"""Values of a dimension that are drawn; the others are counted."""
WIDE, HIGH = 1000, 140
TICKS = 12
"""Most marks on an axis."""
ID = re.compile(r"[0-9a-f]{16}")
FIGURE = re.compile(r"[0-9]+\.[0-9]+|[0-9.]+%")
Bins = Sequence[Mapping[str, Any]]


def figure(value: Any) -> str:
    """A number as people read it; text as it is, escaped; nothing for null."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return escape(str(value))


def percent(share: float) -> str:
    """A share as per cent, to one decimal."""
    return f"{100 * share:.1f}%"


def tiles(values: Iterable[tuple[str, str, str]]) -> str:
    """The few figures that matter most: label, value, and a note under it."""
    cells = (
        f"<div class='tile'><span>{escape(label)}</span><b>{escape(value)}</b><small>{escape(note)}</small></div>"
        for label, value, note in values
    )
    return f"<div class='tiles'>{''.join(cells)}</div>"


def colours(names: Iterable[str]) -> dict[str, str]:
    """A colour for each category, in a fixed order by name as in the workbench; past eight they are grey."""
    return {name: f"var(--c{n})" if n < 8 else "var(--rest)" for n, name in enumerate(sorted(set(names)))}


def bars(values: Sequence[Mapping[str, Any]], tint: Mapping[str, str] | None = None, most: int = MOST) -> str:
    """Shares of rows (thick) and of words (thin), largest first, in a table of the same figures."""
    top = max((max(v["share"], v["word_share"]) for v in values), default=0) or 1
    lines = []
    for v in values[:most]:
        fill = (tint or {}).get(str(v["value"]), "var(--original)")
        lines.append(
            f"<tr><td class='name'>{escape(str(v['value']))}</td>"
            f"<td class='bar'><i style='width:{100 * v['share'] / top:.2f}%;background:{fill}'></i>"
            f"<i class='w' style='width:{100 * v['word_share'] / top:.2f}%;background:{fill}'></i></td>"
            f"<td class='n'>{v['rows']:,}</td><td class='n'>{percent(v['share'])}</td><td class='n'>{percent(v['word_share'])}</td></tr>"
        )
    head = "<tr><th></th><th>share of rows, of words below</th><th class='n'>rows</th><th class='n'>of rows</th><th class='n'>of words</th></tr>"
    rest = values[most:]
    more = (
        f"<p class='quiet'>and {len(rest):,} more, with {sum(v['rows'] for v in rest):,} rows ({percent(sum(v['share'] for v in rest))})</p>"
        if rest
        else ""
    )
    return f"<div class='scroll'><table class='bars'><thead>{head}</thead><tbody>{''.join(lines)}</tbody></table></div>{more}"


def median(bins: Bins) -> float:
    """The median, from bins: as far into its bin as its rank is into the bin's rows."""
    half, seen = float(sum(b["rows"] for b in bins)) / 2, 0
    for b in bins:
        if b["rows"] and seen + b["rows"] >= half:
            return float(b["start"] + (b["end"] - b["start"]) * (half - seen) / b["rows"])
        seen += b["rows"]
    return 0.0


def histogram(bins: Bins, unit: str, before: Bins | None = None) -> str:
    """Rows by length as columns, with the median; another version's shares as an outline over them.

    Words and tokens stand on a log axis, turns are counted one by one.
    """
    both = [*bins, *(before or [])]
    if not any(b["rows"] for b in both):
        return "<p class='quiet'>Nothing to count.</p>"
    starts = sorted({b["start"]: b["end"] for b in both}.items())
    width, whole = WIDE / len(starts), unit == "turns"
    totals = [max(sum(b["rows"] for b in side), 1) for side in (bins, before or [])]
    shares = [
        {b["start"]: b["rows"] / total for b in side}
        for side, total in zip((bins, before or []), totals, strict=True)
    ]
    top = max(max(side.values(), default=0) for side in shares) or 1
    rows_of = {b["start"]: b["rows"] for b in bins}

    def x(value: float) -> float:
        for place, (start, end) in enumerate(starts):
            if value < end:
                return float(width * (place + max(0.0, (value - start) / (end - start))))
        return float(WIDE)

    def y(share: float) -> float:
        return HIGH - (HIGH - 22) * share / top

    columns = "".join(
        f"<rect x='{place * width + 0.5:.1f}' y='{y(shares[0].get(start, 0)):.1f}' width='{width - 1:.1f}' "
        f"height='{HIGH - y(shares[0].get(start, 0)):.1f}' fill='var(--original)'>"
        f"<title>{_bin(start, end, whole)} {unit}: {rows_of.get(start, 0):,} rows</title></rect>"
        for place, (start, end) in enumerate(starts)
    )
    outline = ""
    if before:
        steps = " ".join(
            f"V{y(shares[1].get(start, 0)):.1f} H{(place + 1) * width:.1f}"
            for place, (start, _) in enumerate(starts)
        )
        outline = f"<path d='M0 {HIGH} {steps} V{HIGH}' fill='none' stroke='var(--accent)' stroke-width='2' vector-effect='non-scaling-stroke'/>"
    ticks = (
        [t + 0.5 for t in (1, 2, 4, 6, 8, 10, 12, 14, 16)] if whole else _ticks(starts[0][0], starts[-1][1])
    )
    marks = "".join(
        f"<span style='left:{100 * x(t) / WIDE:.2f}%'>{_tick(t, whole)}</span>"
        for t in ticks
        if starts[0][0] <= t <= starts[-1][1]
    )
    middle = median(bins)
    said = f"{int(middle) if whole else round(middle):,}"
    was = f"; it was {int(median(before)) if whole else round(median(before)):,}" if before else ""
    line = ""
    if not whole:
        at = 100 * x(middle) / WIDE
        line = f"<span class='cut{' left' if at > 80 else ''}' style='left:{at:.2f}%'>median {said}</span>"
    last = starts[-1][0] >= TURNS
    axis = "; 16 turns and more stand in the last bin" if whole and last else "" if whole else "; log axis"
    how = "; filled: after, outline: before, each as a share of its own rows" if before else ""
    label = f"The median is {said} {unit}{was}."
    return (
        f"<figure><div class='plot'><svg viewBox='0 0 {WIDE} {HIGH}' preserveAspectRatio='none' role='img' aria-label='{label}'>"
        f"{columns}{outline}</svg>{line}</div><div class='axis'>{marks}</div>"
        f"<figcaption>{label} {sum(b['rows'] for b in bins):,} rows{how}{axis}.</figcaption></figure>"
    )


def _ticks(first: float, last: float) -> list[float]:
    """Round numbers on a log axis: 1, 2, 5, 10, 20, ...; powers of ten alone where those would be too many."""
    every = [float(n * 10**power) for power in range(8) for n in (1, 2, 5)]
    shown = [tick for tick in every if first <= tick <= last]
    return shown if len(shown) <= TICKS else [tick for tick in shown if str(tick).startswith("1")]


def _bin(start: float, end: float, whole: bool) -> str:
    return f"{start:,.0f}" if whole else f"{start:,.0f} to {end:,.0f}"


def _tick(value: float, whole: bool) -> str:
    return f"{int(value)}{'+' if int(value) == 16 else ''}" if whole else f"{value:,.0f}"


def paired(rows: Sequence[Mapping[str, Any]], most: int = MOST) -> str:
    """Shares before and after as two dots on one line for each value: hollow before, full after.

    Rows hold name, before, after (rows) and share_before, share_after (0 to 1).
    """
    top = max((max(row["share_before"], row["share_after"]) for row in rows), default=0) or 1
    lines = []
    for row in rows[:most]:
        a, b = 100 * row["share_before"] / top, 100 * row["share_after"] / top
        lines.append(
            f"<tr><td class='name'>{escape(str(row['name']))}</td><td class='pair'><div>"
            f"<s style='left:{min(a, b):.2f}%;width:{abs(a - b):.2f}%'></s><i class='a' style='left:{a:.2f}%'></i><i class='b' style='left:{b:.2f}%'></i></div></td>"
            f"<td class='n'>{percent(row['share_before'])}</td><td class='n'>{percent(row['share_after'])}</td>"
            f"<td class='n'>{row['before']:,}</td><td class='n'>{row['after']:,}</td></tr>"
        )
    head = (
        "<tr><th></th><th>share of rows: hollow before, full after</th><th class='n'>before</th><th class='n'>after</th>"
        "<th class='n'>rows before</th><th class='n'>after</th></tr>"
    )
    rest = rows[most:]
    more = (
        f"<p class='quiet'>and {len(rest):,} more, with {sum(r['before'] for r in rest):,} rows before and {sum(r['after'] for r in rest):,} after</p>"
        if rest
        else ""
    )
    return f"<div class='scroll'><table class='bars'><thead>{head}</thead><tbody>{''.join(lines)}</tbody></table></div>{more}"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; figures stand right with thousands separators."""
    right = [bool(rows) and all(_is_figure(row[i]) for row in rows) for i in range(len(head))]
    top = "".join(
        f"<th{_class(r, None)}>{escape(name.strip())}</th>" for r, name in zip(right, head, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{_class(r, v)}>{_cell(v)}</td>" for r, v in zip(right, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<div class='scroll'><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def _is_figure(value: Any) -> bool:
    return value is None or isinstance(value, int | float) or bool(FIGURE.fullmatch(str(value)))


def _class(right: bool, value: Any) -> str:
    """Figures stand right; names and ids aren't broken over lines."""
    whole = isinstance(value, str) and len(value) <= 24 and " " not in value
    return " class='n'" if right else " class='w'" if whole else ""


def _cell(value: Any) -> str:
    return f"<code>{value}</code>" if isinstance(value, str) and ID.fullmatch(value) else figure(value)


def examples(rows: Sequence[Mapping[str, str]]) -> str:
    """Conversations, as text: the first prompt and the first answer; or a turn before and after an edit."""
    marks = {"prompt": "u", "answer": "a", "before": "old", "after": "new"}
    return "".join(
        f"<article><code>{escape(row['id'])}</code>"
        + "".join(
            f"<p class='{mark}'>{escape(row[name])}</p>" for name, mark in marks.items() if row.get(name)
        )
        + "</article>"
        for row in rows
    )


def folded(count: int, label: str, about: str, body: str) -> str:
    """A line with a count that opens."""
    return (
        f"<details><summary><span class='n'>{count:,}</span><span class='op'>{escape(label)}</span>{escape(about)}</summary>"
        f"<div>{body}</div></details>"
    )
