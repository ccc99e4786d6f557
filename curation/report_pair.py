"""Two versions side by side: what a report's page shows when there is one to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from curation.report_parts import bars, examples, folded, histogram, paired, percent, table, tiles

KINDS = ("added", "dropped", "edited", "moved")
"""What may have happened to a row; moved is to another category or side."""
LABELS = {
    "split": "side",
    "made_by": "the step that made them",
    "language.code": "language",
    "language.user": "language of the user",
    "language.assistant": "language of the assistant",
}
"""What dimensions are called, where their columns don't say it."""
NOT_HERE = {"rows": 0, "share": 0.0, "word_share": 0.0}


def pair_finding(found: Mapping[str, Any]) -> str:
    """One sentence that says what changed."""
    before, after = found["against"], found
    rows, was = after["version"]["rows"], before["version"]["rows"]
    apart = abs(rows - was)
    how = f"{apart:,} {'more' if rows > was else 'fewer'} {'row' if apart == 1 else 'rows'} than"
    more = how if apart else "as many rows as"
    even = after["measures"]["effective"] - before["measures"]["effective"]
    mix = "as even as before" if abs(even) < 0.05 else "more even" if even > 0 else "less even"
    now, then = (_spread(side) for side in (after, before))
    return f"{after['version']['name']} has {more} {before['version']['name']} and is {mix}: {then} before, and {now} after."


def _spread(side: Mapping[str, Any]) -> str:
    count = len(side["dimensions"]["category"])
    if count < 2:
        return "there was one category" if count else "there were no rows"
    return f"the largest of {count} categories was {side['measures']['imbalance']:.1f} times the smallest"


def pair_sections(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Titles and bodies, in order; an empty body is left out."""
    before = found["against"]
    parts = [("What changed", _changed(found))]
    for name in dict.fromkeys([*before["dimensions"], *found["dimensions"]]):
        a, b = (side["dimensions"].get(name, []) for side in (before, found))
        if name == "category" or max(len(a), len(b)) > 1:
            parts.append((f"Rows by {LABELS.get(name, name)}", _dimension(a, b, name == "category")))
        if name == "category":
            parts.append(("Rows by category, one by one", _by_category(found)))
    for name in dict.fromkeys([*before["lengths"], *found["lengths"]]):
        a, b = (side["lengths"].get(name, []) for side in (before, found))
        parts.append((f"Length in {name}", histogram(b, name, a) if b else ""))
    return [
        *parts,
        ("Duplicates and test sets", _cut(before, found)),
        ("What steps found", _findings(before["findings"], found["findings"])),
        ("Steps", _steps(before, found)),
        ("Sources", _sources(before, found)),
    ]


def _changed(found: Mapping[str, Any]) -> str:
    counts, shown = found["diff"], found["changes"]
    notes = ("only after", "only before", "another text", "another category or side")
    body = tiles((kind, f"{counts[kind]:,}", note) for kind, note in zip(KINDS, notes, strict=True))
    if counts["reasons"]:
        rows = [[r["op"], r["reason"], r["rows"]] for r in counts["reasons"]]
        body += "<h3>Why rows were dropped</h3>" + table(["step", "reason", "rows"], rows)
    some = [(kind, shown[kind]) for kind in ("edited", "dropped", "added") if shown[kind]]
    if some:
        body += "<h3>Examples</h3>" + "".join(
            folded(counts[kind], kind, f"{len(rows)} shown", examples(rows)) for kind, rows in some
        )
    return body


def _dimension(a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]], whole: bool) -> str:
    """Shares by value, before and after; of a ``whole`` dimension 40 values, of others 12."""
    if not a or not b:
        missing = "before" if not a else "after"
        return bars(b or a) + f"<p class='quiet'>Nothing to count in the version {missing}.</p>"
    old, new = ({str(one["value"]): one for one in side} for side in (a, b))
    names = sorted(
        {*old, *new},
        key=lambda name: (-new.get(name, NOT_HERE)["rows"], -old.get(name, NOT_HERE)["rows"], name),
    )
    rows = []
    for name in names:
        was, now = old.get(name, NOT_HERE), new.get(name, NOT_HERE)
        rows.append(
            {
                "name": name,
                "before": was["rows"],
                "after": now["rows"],
                "share_before": was["share"],
                "share_after": now["share"],
            }
        )
    return paired(rows, 40 if whole else 12)


def _by_category(found: Mapping[str, Any]) -> str:
    old, new = (
        {str(o["value"]): o for o in side["dimensions"]["category"]} for side in (found["against"], found)
    )
    head = ["category", "before", "after", "added", "dropped", "edited", "of words before", "after "]
    rows = [
        [
            *(row[name] for name in head[:6]),
            percent(old.get(row["category"], NOT_HERE)["word_share"]),
            percent(new.get(row["category"], NOT_HERE)["word_share"]),
        ]
        for row in found["diff"]["by_category"]
    ]
    m, w = found["measures"], found["against"]["measures"]
    lines = [
        [name, w[key], m[key]]
        for name, key in (
            ("entropy, bits", "entropy"),
            ("effective categories", "effective"),
            ("largest over smallest", "imbalance"),
        )
    ]
    return table(head, rows) + "<h3>How even the mix is</h3>" + table(["measure", "before", "after"], lines)


def _cut(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    rows: list[list[Any]] = []
    for side, name in ((before, "before"), (after, "after")):
        rows += [
            [
                name,
                one["step"],
                one["by"],
                one["clusters"],
                one["dropped"] if one["step"] == "dedup" else None,
            ]
            for one in side["duplicates"]
        ]
        tests = side["contamination"]
        for check in tests["checks"] if tests else []:
            rows.append(
                [
                    name,
                    "contamination",
                    ", ".join(check["against"]),
                    check["hit"],
                    tests["dropped"] if tests else 0,
                ]
            )
    if not rows:
        return ""
    return table(["version", "step", "by, or against", "clusters, or rows hit", "dropped"], rows)


def _findings(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    """Flags and numbers of both; counted values have their own sections."""
    flags, numbers = [], []
    for name in dict.fromkeys([*a, *b]):
        one = [side.get(name) for side in (a, b)]
        kind = next(o["kind"] for o in one if o)
        if kind in ("flag", "text"):
            flags.append([name, *(o["rows"] if o and "rows" in o else None for o in one)])
        elif kind == "number":
            numbers.append(
                [name, *(o.get(key) if o else None for key in ("mean", "median", "p95") for o in one)]
            )
    flags, numbers = ([row for row in rows if any(row[1:])] for rows in (flags, numbers))
    parts = ""
    if flags:
        parts += "<h3>Flags</h3>" + table(
            ["column", "rows before", "rows after"], sorted(flags, key=lambda row: -(row[2] or row[1] or 0))
        )
    if numbers:
        head = ["column", "mean before", "after", "median before", "after ", "95% before", "after  "]
        parts += "<h3>Numbers</h3>" + table(head, numbers)
    return (
        parts + "<p class='quiet'>Columns that are 0 everywhere on both sides are left out.</p>"
        if parts
        else ""
    )


def _steps(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    head = ["op", "in", "dropped", "made", "edited", "out"]
    return "".join(
        f"<h3>{word}: {escape(side['version']['name'])}</h3>"
        + table(["step", *head[1:]], [[s[key] for key in head] for s in side["steps"]])
        for word, side in (("Before", before), ("After", after))
        if side["steps"]
    )


def _sources(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    old, new = ({(s["name"], s["uri"]): s for s in side["sources"]} for side in (before, after))
    rows = [
        [name, uri, (new.get((name, uri)) or old[(name, uri)])["licence"] or "not stated",
         *(side[(name, uri)]["rows"] if (name, uri) in side else None for side in (old, new))]
        for name, uri in dict.fromkeys([*old, *new])
    ]  # fmt: skip
    return table(["source", "from", "licence", "rows read before", "after"], rows)
