"""A version's report: one HTML file that needs nothing else, and the same figures as JSON beside it.

With a second version the page sets both side by side (``report_pair``); that is what ``tome diff --report`` writes, too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from html import escape
from pathlib import Path
from typing import Any

from curation.contract import write_atomic
from curation.diff import diff
from curation.figures import changes, figures
from curation.report_augment import augmentation
from curation.report_pair import LABELS, pair_finding, pair_sections
from curation.report_parts import bars, colours, examples, folded, histogram, percent, table, tiles
from curation.store import Store, Version

STYLE = Path(__file__).with_name("report.css")


def write_report(
    store: Store, version: Version, path: Path, *, against: Version | None = None
) -> dict[str, Any]:
    """Write ``path`` (HTML) and the JSON beside it; return the figures. ``against`` is set beside it.

    With ``against`` the figures have also: against (the figures of that version), diff (counts, rows by category,
    reasons) and changes (examples).
    """
    found = figures(store, version)
    if against is not None:
        found["against"] = figures(store, against)
        between = diff(store, against, version)
        found["diff"] = between.to_dict()
        found["changes"] = changes(against, version, between)
    write_atomic(
        path.with_suffix(".json"), json.dumps(found, ensure_ascii=False, indent=1, default=str) + "\n"
    )
    write_atomic(path, render(found))
    return found


def finding(found: dict[str, Any]) -> str:
    """One sentence that says how the version stands."""
    categories = found["dimensions"]["category"]
    if not categories:
        return "This version has no rows."
    largest, smallest = categories[0], categories[-1]
    if largest is smallest:
        return f"All {largest['rows']:,} rows are {largest['value']}."
    times = largest["rows"] / max(smallest["rows"], 1)
    return (
        f"{smallest['value']} is {percent(smallest['share'])} of rows and {percent(smallest['word_share'])} of words; "
        f"the largest category, {largest['value']}, is {times:.1f} times as large."
    )


def render(found: dict[str, Any]) -> str:
    """The HTML page of figures. All text from data is escaped; the page loads nothing and runs nothing."""
    pair = "against" in found
    sections = [(title, body) for title, body in (pair_sections(found) if pair else _sections(found)) if body]
    name = escape(found["version"]["name"])
    title = f"{escape(found['against']['version']['name'])} → {name}" if pair else name
    links = "".join(f"<a href='#s{n}'>{escape(title)}</a>" for n, (title, _) in enumerate(sections))
    body = "".join(
        f"<section id='s{n}'><h2>{escape(title)}</h2>{body}</section>"
        for n, (title, body) in enumerate(sections)
    )
    head = pair_head(found) if pair else _head(found)
    said = pair_finding(found) if pair else finding(found)
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title} · Tomewright</title><style>{STYLE.read_text(encoding='utf-8')}</style></head><body><div class='page'>"
        f"<nav><span class='mark'>Tomewright</span>{links}</nav>"
        f"<main><h1>{title}</h1>{head[0]}<p class='finding'>{escape(said)}</p>{head[1]}{body}</main></div></body></html>\n"
    )


def moment(seconds: float) -> str:
    """A time in UTC."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def _head(found: dict[str, Any]) -> tuple[str, str]:
    about, m = found["version"], found["measures"]
    line = (
        f"<p class='quiet'>version <code>{escape(about['id'])}</code> · made {moment(about['created'])}</p>"
    )
    return line, tiles(_tiles(found, m))


def _tiles(found: dict[str, Any], m: dict[str, Any]) -> list[tuple[str, str, str]]:
    categories = found["dimensions"]["category"]
    words = sum(one["words"] for one in categories)
    held = sum(one["eval"] for one in categories)
    made = sum(one["made"] for one in categories)
    gone = sum(group["rows"] for group in found["dropped"])
    return [
        ("rows", f"{found['version']['rows']:,}", f"{made:,} of them made"),
        ("words", f"{words:,}", f"{words / max(found['version']['rows'], 1):,.0f} a row"),
        ("categories", f"{len(categories):,}", f"as even as {m['effective']:.1f} equal ones"),
        ("evaluation rows", f"{held:,}", f"{percent(held / max(found['version']['rows'], 1))} of rows"),
        ("dropped on the way", f"{gone:,}", "reasons below"),
        (
            "sources",
            f"{len(found['sources']):,}",
            f"{sum(1 for s in found['sources'] if not s['licence'])} without a licence",
        ),
    ]


def pair_head(found: dict[str, Any]) -> tuple[str, str]:
    """The line under the title, and both versions side by side."""
    sides = ""
    for word, mark, one in (("before", "a", found["against"]), ("after", "b", found)):
        about, m = one["version"], one["measures"]
        sides += (
            f"<div class='side {mark}'><span class='quiet'>{word}</span><br><b>{escape(about['name'])}</b> "
            f"<code>{escape(about['id'])}</code><br>{about['rows']:,} rows, as even as {m['effective']:.1f} equal categories"
            f"<br><span class='quiet'>made {moment(about['created'])}</span></div>"
        )
    return "<p class='quiet'>two versions side by side</p>", f"<div class='sides'>{sides}</div>"


def _sections(found: dict[str, Any]) -> list[tuple[str, str]]:
    parts = [
        (f"Rows by {LABELS.get(name, name)}", _dimension(found, name, values))
        for name, values in found["dimensions"].items()
        if len(values) > 1 or name == "category"
    ]
    parts += [(f"Length in {name}", histogram(bins, name)) for name, bins in found["lengths"].items()]
    return [
        *parts,
        ("Duplicates", duplicates(found["duplicates"])),
        ("Overlap with test sets", contamination(found["contamination"])),
        ("What steps found", _findings(found["findings"], found["dimensions"])),
        ("What augmentation made", augmentation(found["augmentation"])),
        ("What was done", _done(found["steps"])),
        ("What was dropped, and why", _dropped(found["dropped"])),
        ("Sources", _sources(found["sources"])),
        (
            "Examples by category",
            "".join(
                folded(len(rows), "shown", name, examples(rows)) for name, rows in found["examples"].items()
            ),
        ),
    ]


def _dimension(found: dict[str, Any], name: str, values: list[dict[str, Any]]) -> str:
    if name != "category":
        return bars(values)
    m = found["measures"]
    return bars(values, colours(str(v["value"]) for v in values), 40) + (
        f"<p class='quiet'>{m['rows']:,} rows; entropy {m['entropy']:.2f} bits; as even as {m['effective']:.1f} equal categories; "
        f"the largest is {m['imbalance']:.1f} times the smallest.</p>"
    )


def duplicates(found: list[dict[str, Any]]) -> str:
    """A line for each step that looked for duplicates or cut them."""
    if not found:
        return "<p class='quiet'>No step looked for duplicates.</p>"
    rows = [
        [
            one["step"],
            one["by"],
            one["clusters"],
            one["rows"],
            one["dropped"] if one["step"] == "dedup" else None,
        ]
        for one in found
    ]
    return table(["step", "by", "clusters", "rows in them", "dropped"], rows)


def contamination(found: dict[str, Any] | None) -> str:
    """What was compared with test sets, what was cut, and the evidence."""
    if found is None:
        return "<p class='quiet'>No step compared these rows with test sets.</p>"
    said = "".join(
        f"<p>{check['rows']:,} rows were compared with {escape(', '.join(check['against']))} by runs of {check['ngram']} words: "
        f"{check['hit']:,} had something in common.</p>"
        for check in found["checks"]
    )
    counts = [[name, rows] for check in found["checks"] for name, rows in check["by_benchmark"].items()]
    said += table(["test set", "rows with a hit"], counts) if counts else ""
    said += f"<p>{found['dropped']:,} rows were cut for it; {found['left_rows']:,} with a smaller overlap are left.</p>"
    head = ["row", "test set", "item", "overlap", "text in common"]
    for title, rows in (("Cut", found["cut"]), ("Left", found["left"])):
        if rows:
            lines = [[r["id"], r["benchmark"], r["item"], percent(r["overlap"]), r["match"]] for r in rows]
            said += f"<h3>{title}, highest overlap first</h3>" + table(head, lines)
    return said


def _findings(found: dict[str, Any], told: Collection[str]) -> str:
    """What annotate steps found; the values of columns that are ``told`` elsewhere are left out."""
    flags = [[name, one["rows"]] for name, one in found.items() if one["kind"] in ("flag", "text")]
    keys = ("mean", "p05", "median", "p95", "max")
    numbers = [
        [name, one["known"], *(one[key] for key in keys)]
        for name, one in found.items()
        if one["kind"] == "number" and any(one[key] for key in keys)
    ]
    nowhere = [name for name, rows in flags if not rows]
    nothing = [
        name for name, one in found.items() if one["kind"] == "number" and not any(one[key] for key in keys)
    ]
    values = "".join(
        f"<div><h3>{escape(name)}</h3>"
        + table(["value", "rows"], [[value or "(none)", count] for value, count in one["values"].items()])
        + "</div>"
        for name, one in found.items()
        if one["kind"] == "values" and one["values"] and name not in told
    )
    parts = []
    if flags:
        raised = sorted((row for row in flags if row[1]), key=lambda row: -row[1])
        parts.append("<h3>Flags</h3>" + (table(["column", "rows"], raised) if raised else ""))
        parts.append(_said("On no row", nowhere))
    if numbers:
        parts.append(
            "<h3>Numbers</h3>" + table(["column", "rows", "mean", "5%", "median", "95%", "max"], numbers)
        )
    parts.append(_said("0 on every row, or without a value", nothing))
    return "".join(parts) + (f"<div class='columns'>{values}</div>" if values else "")


def _said(what: str, names: list[str]) -> str:
    """A line that names columns of which there is nothing more to tell."""
    return f"<p class='quiet'>{what}: {escape(', '.join(names))}.</p>" if names else ""


def _done(steps: list[dict[str, Any]]) -> str:
    head = ["op", "in", "dropped", "made", "edited", "out"]
    return table(["step", *head[1:]], [[step[key] for key in head] for step in steps]) if steps else ""


def _dropped(groups: list[dict[str, Any]]) -> str:
    return "".join(
        folded(group["rows"], str(group["step"]), str(group["reason"]), examples(group["examples"]))
        for group in groups
    )


def _sources(sources: list[dict[str, Any]]) -> str:
    return table(
        ["source", "from", "licence", "rows", "rejects"],
        [[s["name"], s["uri"], s["licence"] or "not stated", s["rows"], s["rejects"]] for s in sources],
    )
