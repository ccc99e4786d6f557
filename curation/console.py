"""What the commands print: progress to stderr, the answer to stdout, and one JSON object last when asked."""

from __future__ import annotations

import json
import os
import sys
import textwrap
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

SHORT = 16
"""Characters up to which a text in a table, such as an id, is never broken."""
HEAD = 8
"""Characters of a figure's head on one line at least, before it is wrapped."""
PIPED = 400
"""The width of a table that no terminal shows, in characters."""


def answer(payload: dict[str, Any], *, as_json: bool) -> None:
    """Print the JSON object of a command as its last line, when ``--json`` was given."""
    if as_json:
        sys.stdout.write(json.dumps(payload, ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()


def say(line: str, *, as_json: bool) -> None:
    """Print a line for people, as it stands but for control characters; with ``--json`` it goes to stderr."""
    (err if as_json else out).print(plain(line), markup=False)


def table(
    head: Sequence[str], rows: Iterable[Sequence[Any]], *, as_json: bool = False, title: str | None = None
) -> None:
    """Print a table: figures stand right with thousands separators, text is shown as text.

    Figures and ids are never broken; a narrow terminal folds longer texts, and a pipe gets each row on one line.
    """
    kept = [list(row) for row in rows]
    columns = [figures_of([row[place] for row in kept]) for place in range(len(head))]
    body = [[escape(plain(column[number])) for column in columns] for number in range(len(kept))]
    grid = Table(title=title, title_justify="left", box=None, header_style="dim", pad_edge=False)
    for place, name in enumerate(head):
        figures = bool(kept) and all(isinstance(row[place], int | float | None) for row in kept)
        widest = max((len(row[place]) for row in body), default=0)
        if figures:
            widest = max(widest, min(len(name), HEAD), *map(len, name.split()), 1)
            name = "\n".join(textwrap.wrap(name, widest))
        grid.add_column(
            name,
            justify="right" if figures else "left",
            overflow="fold",
            no_wrap=figures,
            min_width=widest if figures or widest <= SHORT else SHORT,
        )
    for row in body:
        grid.add_row(*row)
    printer = err if as_json else out
    if not printer.is_terminal and "COLUMNS" not in os.environ:
        printer.width = PIPED
    printer.print(grid)


def figure(value: Any) -> str:
    """A value as it stands in a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def evidence(value: Any) -> str:
    """Evidence or a score as text: the fields of an object with their names, the items of a list one after another."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {evidence(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(evidence(one) for one in value)
    return figure(value)


def figures_of(values: Sequence[Any]) -> list[str]:
    """The values of a column as they stand in a table: fractions with as many decimals as the one that has most."""
    told = [figure(value) for value in values]
    fractions = [text for value, text in zip(values, told, strict=True) if isinstance(value, float)]
    if not fractions or any(not text.strip("-").replace(".", "", 1).isdigit() for text in fractions):
        return told
    most = max(len(text.partition(".")[2]) for text in fractions)
    return [
        f"{value:,.{most}f}" if isinstance(value, float) else text
        for value, text in zip(values, told, strict=True)
    ]


def plain(text: str, limit: int | None = None) -> str:
    """Text of unknown origin, safe for a terminal: control characters are shown, not sent."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return "".join(c if c == "\n" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def account(asked: Mapping[str, Any]) -> str:
    """What a generator asked of its language model: requests sent and answered by the cache, tokens and cost of the sent ones."""
    who = f"{asked['generator']} by {asked['model']}" if asked.get("model") else str(asked["generator"])
    paid = f", {asked['cost']:.4f} at the prices given" if asked["cost"] else ""
    return (
        f"{who}: {asked['sent']:,} requests sent, {asked['cached']:,} answered by the cache; "
        f"{asked['tokens_in']:,} tokens in, {asked['tokens_out']:,} out{paid}"
    )


def span(seconds: float) -> str:
    """A stretch of time in the unit that suits it: 90 s, 12 min, 5.3 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


class Progress:
    """Draws the reports of a run on stderr: one line a step, with a rate and the time left while it goes on."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet, self.last, self.live = quiet, 0.0, sys.stderr.isatty()
        self.events, self.written = os.environ.get("TOME_EVENTS"), 0.0

    def _keep(self, event: str, fields: dict[str, Any]) -> None:
        """Write the report where a job wants it; progress at most twice a second."""
        if not self.events or (event == "progress" and time.monotonic() - self.written < 0.5):
            return
        from curation.contract import append_event

        self.written = time.monotonic()
        append_event(Path(self.events), event, **json.loads(json.dumps(fields, default=str)))

    def __call__(self, event: str, **fields: Any) -> None:
        """Take one report."""
        self._keep(event, fields)
        if self.quiet:
            return
        line = self._line(event, fields)
        if event == "progress":
            if line and time.monotonic() - self.last > (0.2 if self.live else 5.0):
                self.last = time.monotonic()
                err.print(line, end="\r" if self.live else "\n", markup=False)
        elif line:
            if self.live:
                err.print(" " * min(err.width - 1, 100), end="\r")
            err.print(line, markup=False)

    def _line(self, event: str, f: dict[str, Any]) -> str | None:
        if event == "source":
            return f"reading {f['name']} from {f['uri']}"
        if event == "source_done":
            from curation.findings import count

            why = f"; why: tome show {f['version']}" if f["rejects"] else ""
            told = f"{count(f['rows'], 'row')}, {count(f['rejects'], 'reject')}"
            return f"  {told}  (version {f['version']}{why})"
        if event == "progress":
            left = f", {span(f['left'])} left" if f.get("left") else ""
            of = f" of {f['total']:,}" if f.get("total") else ""
            pace = f" ({f['rate']:,.0f} a second{left})" if f.get("rate") else ""
            return f"  {f['op']}: {f['done']:,}{of}{pace}"
        if event == "pruned":
            return f"  cleared {f['freed'] / 1e9:.1f} GB of the cache, which may hold {f['bound'] / 1e9:g} GB (TOME_CACHE_GB)"
        if event == "asked":
            return f"     {account(f)}"
        if event == "step_done":
            done = [f"{f[name]:,} {name}" for name in ("dropped", "made", "edited") if f[name]]
            spent = "from cache" if f["cached"] else f"{f['seconds']:.1f} s"
            return f"  {f['place']:>2} {f['op']:<14} {f['in']:>9,} -> {f['out']:<9,} {spent:<11} {', '.join(done)}"
        return None
