"""The versions as a list, what each step of one did, and its history as a graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from pathlib import Path

import streamlit as st

from curation.contract import ExportInfo, RunInfo
from curation.store import Version
from curation.views import ago, family_lines
from streamlit_app.components import cards, data, tables, verdicts
from streamlit_app.components.tokens import palette

MOST = 8
"""Runs and sweeps that the graph shows."""


def listing(versions: list[Version], current: Version) -> None:
    """All versions as a table; what is damaged is marked."""
    names: dict[str, list[str]] = {}
    for ref, one in data.store().refs().items():
        names.setdefault(one, []).append(ref)
    rows = [
        {"here": "▸" if v.id == current.id else "", "name": ", ".join(names.get(v.id, [])) or v.manifest.name, "id": v.id,
         "kind": v.manifest.kind, "rows": v.manifest.rows, "categories": len(v.manifest.categories),
         "dropped": sum(int(s["dropped"]) for s in v.manifest.steps), "made": ago(v.manifest.created),
         "state": {None: "not checked yet", "": "whole"}.get(said := verdicts.verdict(v), said)}
        for v in versions
    ]  # fmt: skip
    tables.table(
        [("here", "", "text"), ("name", "Name", "text"), ("id", "Id", "code"), ("kind", "Kind", "text"), ("rows", "Rows", "figure"),
         ("categories", "Categories", "figure"), ("dropped", "Dropped", "figure"), ("made", "Made", "text"), ("state", "State", "text")],
        rows, label="Versions",
    )  # fmt: skip


def steps(version: Version) -> None:
    """What each step did."""
    rows = [
        {**step, "why": "; ".join(f"{n:,} {why}" for why, n in list(step["reasons"].items())[:2])}
        for step in version.manifest.steps
    ]
    if rows:
        st.html("<h2 class='tw-h2'>What each step did</h2>")
        tables.table(
            [("op", "Step", "category"), ("in", "In", "figure"), ("dropped", "Dropped", "figure"), ("made", "Made", "figure"),
             ("edited", "Edited", "figure"), ("out", "Out", "figure"), ("why", "Reasons", "text")],
            rows, label="What each step did",
        )  # fmt: skip


def lineage(version: Version) -> None:
    """A graph from left to right: the versions it came from, those made of it, its exports, and the runs trained on them."""
    store, home = data.store(), data.home()
    edges = family_lines(store, version, data.shelf()[0])
    kin = set(dict.fromkeys([*(one for edge in edges for one in edge), version.id]))
    titles = {one.id: f"{one.manifest.name}<br/>{one.manifest.rows:,} rows" for one in data.shelf()[0]}
    lines = [
        f'  v{one}["{titles.get(one, one[:8] + "<br/>not here")}"]{":::here" if one == version.id else ""}'
        for one in sorted(kin)
    ]
    lines += [f"  v{a} --> v{b}" for a, b in edges]
    held: dict[str, str] = {}
    for place, (folder, info) in enumerate(cards.exports(home)):
        if isinstance(info, ExportInfo) and info.dataset_id in kin:
            held[folder.name] = f"e{place}"
            lines += [f'  e{place}(["export {folder.name}"]):::export', f"  v{info.dataset_id} --> e{place}"]
    for place, (name, export) in enumerate(_trained(held)):
        lines += [f'  r{place}{{{{"{name}"}}}}:::export', f"  {held[export]} --> r{place}"]
    st.mermaid_chart("\n".join([_theme(), "flowchart LR", *lines, *_classes()]), width="content",
                     alt=f"{len(kin)} versions around {version.manifest.name}, with their exports and runs")  # fmt: skip


def _trained(exports: Container[str]) -> list[tuple[str, str]]:
    """What was trained on some exports, with its export: runs, newest first, and a sweep's runs as one."""
    sweeps = {path.name for path in (data.home().root / "sweeps").glob("*") if path.is_dir()}
    found: Counter[tuple[str, str]] = Counter()
    for folder, run in cards.runs(data.home()):
        export = Path(str(run.dataset.get("path", ""))).name if isinstance(run, RunInfo) else ""
        sweep = folder.name.rpartition("-")[0]
        if export in exports:
            found[f"sweep {sweep}" if sweep in sweeps else f"run {folder.name}", export] += 1
    named = [(f"{name}: {n} runs" if n > 1 else name, export) for (name, export), n in found.items()]
    more = [(f"and {len(named) - MOST} more", named[MOST][1])] if len(named) > MOST else []
    return [*named[:MOST], *more]


def _theme() -> str:
    c = palette()
    return (
        '%%{init: {"theme": "base", "themeVariables": {"fontFamily": "Commissioner, sans-serif", "fontSize": "14px", '
        f'"primaryColor": "{c["raised"]}", "primaryTextColor": "{c["text"]}", "primaryBorderColor": "{c["line"]}", "lineColor": "{c["quiet"]}"'
        "}}}%%"
    )


def _classes() -> list[str]:
    c = palette()
    return [
        f"  classDef here stroke:{c['accent']},stroke-width:2px",
        f"  classDef export fill:{c['paper']},stroke:{c['line']},color:{c['quiet']}",
    ]
