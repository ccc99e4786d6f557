"""Cards of Home: versions, exports, runs, jobs, and what to do next."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from curation.contract import ContractError, ExportInfo, Home, RunInfo
from curation.findings import count
from curation.jobs import Job
from curation.store import Version
from curation.views import ago
from streamlit_app.components.card_links import address
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


def _link(name: str, to: str) -> str:
    return f'<b><a class="tw-go" href="{plain(to)}">{plain(name)}</a></b>'


def version_card(version: Version, names: list[str], colours: dict[str, str]) -> str:
    """A version: its names, rows, how it came about, and its categories as a bar. It leads to its rows."""
    m = version.manifest
    kind = {"ingest": "read from a source", "run": "made by a recipe", "edit": "edited by hand"}[m.kind]
    return (
        f'<article class="tw-card"><header>{_link(", ".join(names) or m.name, address("explore", version=m.id))}<code>{m.id[:8]}</code></header>'
        f"<p><strong>{m.rows:,}</strong> rows, {count(len(m.categories), 'category', 'categories')}</p>{proportions(m.categories, colours)}"
        f"<footer>{kind} · {when(m.created)}</footer></article>"
    )


def source_card(version: Version, names: list[str], colours: dict[str, str]) -> str:
    """A source as it was read: rows and rejects, where it came from, its licence. It leads to its rows."""
    m = version.manifest
    said = m.sources[0] if m.sources else {}
    uri = str(said.get("uri") or "")
    lost = int(said.get("rejects") or 0)
    rejects = f", {count(lost, 'reject')}" if lost else ""
    licence = str(said.get("licence") or "no licence stated")
    head = _link(", ".join(names) or m.name, address("explore", version=m.id))
    where = uri if uri.startswith("hf://") else Path(uri).name
    return (
        f'<article class="tw-card"><header>{head}<code>{m.id[:8]}</code></header>'
        f"<p><strong>{m.rows:,}</strong> rows{rejects}</p>{proportions(m.categories, colours)}"
        f'<footer><span title="{plain(uri)}">{plain(where)}</span> · {plain(licence)} · {when(m.created)}</footer></article>'
    )


def job_card(job: Job) -> str:
    """A job that ended: its title and state, how long it took, and its command on hover."""
    ended = job.ended or job.started
    return (
        f'<article class="tw-card"><header><b title="{plain(job.command)}">{plain(job.title)}</b><span class="tw-chip tw-{plain(job.status)}">{plain(job.status)}</span></header>'
        f"<footer>{when(ended)} · took {span(ended - job.started)}</footer></article>"
    )


def span(seconds: float) -> str:
    """A stretch of time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


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
        f'<article class="tw-card"><header>{_link(info.name, address("versions", version=info.dataset_id, tab="Card"))}<code>{info.dataset_id[:8]}</code></header>'
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
        f'<article class="tw-card"><header>{_link(info.run_id, address("train", run=info.run_id))}<span class="tw-chip tw-{plain(info.state)}">{plain(info.state)}</span></header>'
        f"<p>{plain(Path(info.base_model).name)}</p><footer>{facts[:160] or plain(str(info.dataset.get('name', '')))}</footer></article>"
    )


def grid(title: str, cards: list[str], otherwise: str, *, more: str = "") -> None:
    """A group of cards under its name, or what to do where there are none; ``more`` says what isn't shown."""
    body = (
        f'<div class="tw-grid">{"".join(cards)}</div>'
        if cards
        else f'<p class="tw-note">{plain(otherwise)}</p>'
    )
    rest = f'<p class="tw-note">{plain(more)}</p>' if more else ""
    st.html(f"<h2 class='tw-h2'>{plain(title)}</h2>{body}{rest}")
