"""The pieces of a report page: bars, histograms, paired dots, tables, examples; inline SVG and HTML, no scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

STYLE = """
:root{--paper:#FBFAF7;--raised:#fff;--line:#E4E0D8;--text:#1E2227;--quiet:#626A73;--accent:#0B6E6E;--original:#4C6A88;--repeat:#A9B8C6;--bad:#B3362B}
@media(prefers-color-scheme:dark){:root{--paper:#14171A;--raised:#1C2024;--line:#2C3238;--text:#E8E6E1;--quiet:#9AA3AD;--accent:#4FB8B0;--original:#8FB0CF;--repeat:#55697C;--bad:#E57F75}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--text);font:15px/1.5 system-ui,sans-serif}
main{max-width:960px;margin:0 auto;padding:32px 20px 64px}h1{font-size:28px;margin:0}h2{font-size:20px;margin:40px 0 12px}
h3{font-size:15px;margin:20px 0 8px}.quiet{color:var(--quiet);font-size:13px}.finding{font-size:20px;line-height:1.4;max-width:44em;margin:20px 0 0}
code,td.n,th.n,.v{font-family:ui-monospace,Menlo,Consolas,monospace;font-variant-numeric:tabular-nums;font-size:13px}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th{font-weight:400;color:var(--quiet);font-size:13px;text-align:left}
td,th{padding:4px 12px 4px 0;border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right}
.bar{display:grid;grid-template-columns:minmax(90px,180px) 1fr minmax(150px,auto);gap:12px;align-items:center;margin:4px 0}
.bar .t{height:14px;background:linear-gradient(var(--line),var(--line)) left/100% 1px no-repeat;background-position:0 50%}
.bar i{display:block;height:14px;background:var(--original);border-radius:1px}.bar i.w{height:3px;background:var(--repeat);margin-top:1px}
.name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}svg{width:100%;height:auto;display:block}svg text{fill:var(--quiet);font:11px ui-monospace,monospace}
article{background:var(--raised);border:1px solid var(--line);border-radius:6px;padding:12px 16px;margin:8px 0}
article p{margin:4px 0;white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid var(--line);padding-left:12px}article p.u{border-color:var(--accent)}
summary{cursor:pointer;padding:4px 0}
"""


def bars(values: Sequence[dict[str, Any]]) -> str:
    """Shares of rows (thick) and of words (thin), largest first, labelled directly; 40 at most."""
    top = max((max(v["share"], v["word_share"]) for v in values), default=0) or 1
    lines = [
        f"<div class='bar'><span class='name' title='{escape(str(v['value']), quote=True)}'>{escape(str(v['value']))}</span>"
        f"<span class='t'><i style='width:{100 * v['share'] / top:.2f}%'></i><i class='w' style='width:{100 * v['word_share'] / top:.2f}%'></i></span>"
        f"<span class='v'>{v['rows']:>9,} · {100 * v['share']:.1f}% · words {100 * v['word_share']:.1f}%</span></div>"
        for v in values[:40]
    ]
    more = f"<p class='quiet'>and {len(values) - 40:,} more</p>" if len(values) > 40 else ""
    return "".join(lines) + more + "<p class='quiet'>thick: share of rows; thin: share of words</p>"


def histogram(bins: Sequence[dict[str, Any]], unit: str) -> str:
    """Bins as columns, with the ends and the tallest labelled."""
    if not bins:
        return "<p class='quiet'>Nothing to count.</p>"
    top = max(b["rows"] for b in bins) or 1
    width = 900 / len(bins)
    columns = "".join(
        f"<rect x='{place * width:.1f}' y='{150 - 140 * b['rows'] / top:.1f}' width='{max(width - 1, 1):.1f}' "
        f"height='{140 * b['rows'] / top:.1f}' fill='var(--original)'><title>{b['start']:,.0f} to {b['end']:,.0f}: {b['rows']:,} rows</title></rect>"
        for place, b in enumerate(bins)
    )
    low, high = bins[0]["start"], bins[-1]["end"]
    said = f"Rows by {unit}, from {low:,.0f} to {high:,.0f}; the fullest bin holds {top:,}."
    return (
        f"<svg viewBox='0 0 900 172' role='img' aria-label='{said}'>{columns}<line x1='0' y1='150.5' x2='900' y2='150.5' stroke='var(--line)'/>"
        f"<text x='0' y='166'>{low:,.0f}</text><text x='900' y='166' text-anchor='end'>{high:,.0f} {escape(unit)}</text></svg>"
    )


def paired(rows: Sequence[dict[str, Any]]) -> str:
    """Before and after as two dots on one line for each category: hollow before, full after."""
    shown = rows[:40]
    top = max((max(row["before"], row["after"]) for row in shown), default=0) or 1
    lines = []
    for place, row in enumerate(shown):
        y = 14 + place * 22
        a, b = 180 + 600 * row["before"] / top, 180 + 600 * row["after"] / top
        lines.append(
            f"<text x='170' y='{y + 4}' text-anchor='end'>{escape(str(row['category'])[:24])}</text>"
            f"<line x1='{a:.1f}' y1='{y}' x2='{b:.1f}' y2='{y}' stroke='var(--repeat)' stroke-width='2'/>"
            f"<circle cx='{a:.1f}' cy='{y}' r='4' fill='var(--paper)' stroke='var(--original)' stroke-width='2'/>"
            f"<circle cx='{b:.1f}' cy='{y}' r='5' fill='var(--accent)'/>"
            f"<text x='{max(a, b) + 12:.1f}' y='{y + 4}'>{row['before']:,} → {row['after']:,}</text>"
        )
    return f"<svg viewBox='0 0 900 {len(shown) * 22 + 8}' role='img' aria-label='Rows before and after, by category'>{''.join(lines)}</svg>"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; figures stand right with thousands separators."""
    right = [
        bool(rows) and all(isinstance(row[i], int | float) or row[i] is None for row in rows)
        for i in range(len(head))
    ]

    def cell(value: Any) -> str:
        if isinstance(value, float):
            return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
        return "" if value is None else f"{value:,}" if isinstance(value, int) else escape(str(value))

    mark = [" class='n'" if r else "" for r in right]
    top = "".join(f"<th{m}>{escape(name)}</th>" for m, name in zip(mark, head, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{m}>{cell(v)}</td>" for m, v in zip(mark, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<div class='scroll'><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def examples(rows: Sequence[dict[str, str]]) -> str:
    """Conversations, as text: the first prompt and the first answer."""
    return "".join(
        f"<article><code>{escape(row['id'])}</code><p class='u'>{escape(row['prompt'])}</p><p>{escape(row['answer'])}</p></article>"
        for row in rows
    )
