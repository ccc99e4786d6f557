"""Cards of Home: versions, exports, runs, jobs, and what to do next."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from curation.contract import ContractError, ExportInfo, Home, RunInfo
from curation.store import Version
from curation.views import ago
from streamlit_app.components.rich_text import plain
from streamlit_app.components.tokens import REST, category_colours


def when(moment: float) -> str:
    """A time as people say it, with the exact one on hover."""
    exact = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f'<time title="{exact}">{plain(ago(moment))}</time>'


def proportions(counts: dict[str, int], colours: dict[str, str]) -> str:
    """A thin bar of category shares, largest first."""
    total = sum(counts.values()) or 1
    colours = colours or category_colours(counts)
    parts = "".join(
        f'<i title="{plain(name)}: {rows:,}" style="width:{100 * rows / total:.2f}%;background:{colours.get(name, REST)}"></i>'
        for name, rows in list(counts.items())[:24]
    )
    return f'<span class="tw-props">{parts}</span>'


def version_card(version: Version, names: list[str], colours: dict[str, str]) -> str:
    """A version: its names, rows, how it came about, and its categories as a bar."""
    m = version.manifest
    kind = {"ingest": "read from a source", "run": "made by a recipe", "edit": "edited by hand"}[m.kind]
    name = ", ".join(names) or m.name
    return (
        f'<article class="tw-card"><header><b>{plain(name)}</b><code>{m.id[:8]}</code></header>'
        f"<p><strong>{m.rows:,}</strong> rows, {len(m.categories)} categories</p>{proportions(m.categories, colours)}"
        f"<footer>{kind} · {when(m.created)}</footer></article>"
    )


def runs(home: Home) -> list[tuple[Path, RunInfo | str]]:
    """The training runs, newest first; a run that can't be read comes with the reason."""
    found: list[tuple[Path, RunInfo | str]] = []
    for path in sorted(home.runs.glob("*/run.json"), key=lambda p: -p.stat().st_mtime):
        try:
            found.append((path.parent, RunInfo.read(path.parent)))
        except ContractError as error:
            found.append((path.parent, str(error)))
    return found


def exports(home: Home) -> list[tuple[Path, ExportInfo | str]]:
    """The export folders, newest first; one that can't be read comes with the reason."""
    found: list[tuple[Path, ExportInfo | str]] = []
    for path in sorted(home.exports.glob("[!.]*/export.json"), key=lambda p: -p.stat().st_mtime):
        try:
            found.append((path.parent, ExportInfo.read(path.parent)))
        except ContractError as error:
            found.append((path.parent, str(error)))
    return found


def export_card(folder: Path, info: ExportInfo | str) -> str:
    """An export: rows on each side, and the version that it holds."""
    if isinstance(info, str):
        return f'<article class="tw-card tw-broken"><header><b>{plain(folder.name)}</b></header><p>{plain(info)}</p></article>'
    sides = {side: sum(counts.values()) for side, counts in info.counts.items()}
    return (
        f'<article class="tw-card"><header><b>{plain(info.name)}</b><code>{info.dataset_id[:8]}</code></header>'
        f"<p><strong>{sides.get('train', 0):,}</strong> training, {sides.get('eval', 0):,} evaluation rows</p>"
        f"<footer>{plain(folder.parent.name)}/{plain(folder.name)} in the home folder</footer></article>"
    )


def run_card(folder: Path, info: RunInfo | str) -> str:
    """A training run: its state, base model and last losses."""
    if isinstance(info, str):
        return f'<article class="tw-card tw-broken"><header><b>{plain(folder.name)}</b></header><p>{plain(info)}</p></article>'
    facts = ", ".join(
        f"{plain(name.replace('_', ' '))} {value:.3g}"
        for name, value in info.metrics.items()
        if isinstance(value, float)
    )
    return (
        f'<article class="tw-card"><header><b>{plain(info.run_id)}</b><span class="tw-chip tw-{plain(info.state)}">{plain(info.state)}</span></header>'
        f"<p>{plain(Path(info.base_model).name)}</p><footer>{facts[:160] or plain(str(info.dataset.get('name', '')))}</footer></article>"
    )


def grid(title: str, cards: list[str], otherwise: str) -> None:
    """A group of cards under its name, or what to do where there are none."""
    body = (
        f'<div class="tw-grid">{"".join(cards)}</div>'
        if cards
        else f'<p class="tw-note">{plain(otherwise)}</p>'
    )
    st.html(f"<h2 class='tw-h2'>{plain(title)}</h2>{body}")
