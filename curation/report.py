"""A version's report: one HTML file that needs nothing else, and the same figures as JSON beside it."""

from __future__ import annotations

import json
import time
from html import escape
from pathlib import Path
from typing import Any

from curation.contract import write_atomic
from curation.diff import diff
from curation.figures import figures
from curation.report_parts import STYLE, bars, examples, histogram, paired, table
from curation.store import Store, Version


def write_report(
    store: Store, version: Version, path: Path, *, against: Version | None = None
) -> dict[str, Any]:
    """Write ``path`` (HTML) and the JSON beside it; return the figures. ``against`` is set beside it."""
    found = figures(store, version)
    if against is not None:
        found["against"] = figures(store, against)
        found["diff"] = diff(store, against, version).to_dict()
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
        f"{smallest['value']} is {100 * smallest['share']:.1f}% of rows and {100 * smallest['word_share']:.1f}% of words; "
        f"the largest category, {largest['value']}, is {times:.1f} times as large."
    )


def render(found: dict[str, Any]) -> str:
    """The HTML page of figures. All text from data is escaped; the page loads nothing."""
    about, before = found["version"], found.get("against")
    made = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(about["created"]))
    parts = [
        f"<h1>{escape(about['name'])}</h1>",
        f"<p class='quiet'>version <code>{escape(about['id'])}</code> · {about['rows']:,} rows · {made}</p>",
        f"<p class='finding'>{escape(finding(found))}</p>",
    ]
    if before is not None:
        parts.append(_section("Before and after", _comparison(found, before)))
    for name, values in found["dimensions"].items():
        if len(values) > 1 or name == "category":
            parts.append(_section(f"Rows by {name}", bars(values) + _measures(found, name)))
    for name, bins in found["lengths"].items():
        parts.append(_section(f"Length in {name}", histogram(bins, name)))
    if found["findings"]:
        parts.append(_section("What steps found", _findings(found["findings"])))
    if found["steps"]:
        head = ["op", "in", "dropped", "made", "edited", "out"]
        done = [[step[key] for key in head] for step in found["steps"]]
        parts.append(_section("What was done", table(["step", *head[1:]], done)))
    if found["dropped"]:
        parts.append(_section("What was dropped, and why", _dropped(found["dropped"])))
    parts.append(
        _section(
            "Sources",
            table(
                ["source", "from", "licence", "rows", "rejects"],
                [
                    [s["name"], s["uri"], s["licence"] or "not stated", s["rows"], s["rejects"]]
                    for s in found["sources"]
                ],
            ),
        )
    )
    parts.append(
        _section(
            "Examples by category",
            "".join(f"<h3>{escape(name)}</h3>{examples(rows)}" for name, rows in found["examples"].items()),
        )
    )
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(about['name'])} · Tomewright</title><style>{STYLE}</style></head><body><main>"
        + "".join(parts)
        + "</main></body></html>\n"
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _measures(found: dict[str, Any], name: str) -> str:
    if name != "category":
        return ""
    m = found["measures"]
    return (
        f"<p class='quiet'>{m['rows']:,} rows; entropy {m['entropy']:.2f} bits; as even as {m['effective']:.1f} equal categories; "
        f"largest {m['imbalance']:.1f} times the smallest.</p>"
    )


def _comparison(found: dict[str, Any], before: dict[str, Any]) -> str:
    counts = found["diff"]
    line = ", ".join(f"{counts[kind]:,} {kind}" for kind in ("added", "dropped", "edited", "moved"))
    said = (
        f"<p>From <code>{escape(before['version']['id'])}</code> ({escape(before['version']['name'])}, {before['version']['rows']:,} rows): {line}. "
        f"Effective categories {before['measures']['effective']:.1f} → {found['measures']['effective']:.1f}.</p>"
    )
    head = ["category", "before", "after", "added", "dropped", "edited"]
    rows = [[row[name] for name in head] for row in counts["by_category"]]
    return said + paired(counts["by_category"]) + table(head, rows)


def _findings(found: dict[str, Any]) -> str:
    flags = [[name, one["rows"]] for name, one in found.items() if one["kind"] in ("flag", "text")]
    numbers = [
        [name, one["known"], *(one[key] for key in ("mean", "p05", "median", "p95", "max"))]
        for name, one in found.items()
        if one["kind"] == "number"
    ]
    values = "".join(
        f"<h3>{escape(name)}</h3>"
        + table(["value", "rows"], [[value, count] for value, count in one["values"].items()])
        for name, one in found.items()
        if one["kind"] == "values" and one["values"]
    )
    parts = []
    if flags:
        parts.append(table(["flag", "rows"], sorted(flags, key=lambda row: -row[1])))
    if numbers:
        parts.append(table(["column", "rows", "mean", "5%", "median", "95%", "max"], numbers))
    return "".join(parts) + values


def _dropped(groups: list[dict[str, Any]]) -> str:
    return "".join(
        f"<details><summary><b>{group['rows']:,}</b> by {escape(str(group['step']))}: {escape(str(group['reason']))}</summary>"
        f"{examples(group['examples'])}</details>"
        for group in groups
    )
