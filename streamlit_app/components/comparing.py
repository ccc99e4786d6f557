"""Two versions compared: rows by category before and after, and examples of what was added, dropped, edited and moved."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from curation import findings
from curation.augment.difference import parts
from curation.diff import Diff
from curation.errors import TomeError
from curation.store import Version
from curation.why import Story
from streamlit_app.components import charts, data, shell, tables
from streamlit_app.components.candidate_html import difference_html
from streamlit_app.components.conversation import messages_html
from streamlit_app.components.rich_text import plain
from streamlit_app.components.safe_html import safe_html
from streamlit_app.components.tokens import category_colours

EXAMPLES = 3


def panel(version: Version, versions: list[Version]) -> None:
    """Choose the other version, and show what changed from it to this one."""
    others = [one for one in versions if one.id != version.id]
    if not others:
        shell.note("There is one version only. Change its recipe and run it, then compare the two here.")
        return
    ids = {one.id: one for one in others}
    first = _before(version, others)
    titles = {one.id: f"{one.manifest.name} · {one.id[:8]} · {one.manifest.rows:,} rows" for one in others}
    chosen = ids[
        str(
            st.selectbox(
                "Compare with",
                list(ids),
                index=list(ids).index(first.id),
                format_func=titles.__getitem__,
                width=420,
                key="against",
            )
        )
    ]
    try:
        found = data.difference(chosen, version)
    except TomeError as error:
        shell.notice("bad", str(error))
        return
    old, new = chosen.manifest.name, version.manifest.name
    if old == new:
        old, new = f"{old} {chosen.id[:8]}", f"{new} {version.id[:8]}"
    says = findings.diff_finding(found.counts(), old, new)
    st.html(f"<h2 class='tw-h2'>{plain(says)}</h2>")
    by = found.by_category.with_columns(change=pl.col("after") - pl.col("before"))
    colours = category_colours(by["category"])
    if by.height:
        shell.legend([("before", old), ("after", new)])
        charts.draw(charts.paired(by, title="rows", colours=colours), says=says, data=by,
                    rows=int(by["before"].sum() + by["after"].sum()), name=f"{chosen.manifest.name}-{version.manifest.name}")  # fmt: skip
    tables.table(
        [("category", "Category", "category"), ("before", old, "figure"), ("after", new, "figure"),
         ("change", "Change", "delta"), ("added", "Added", "figure"), ("dropped", "Dropped", "figure"), ("edited", "Edited", "figure")],
        by.to_dicts(), label="Rows by category, before and after", colours=colours,
    )  # fmt: skip
    _examples(found, chosen, version)


def _before(version: Version, others: list[Version]) -> Version:
    """What a version is compared with at first: what one of its names stood for before, else its largest parent, else the newest."""
    store = data.store()
    by_id = {one.id: one for one in others}
    for name in store.refs():
        held = store.history(name)
        if version.id in held:
            earlier = [one for one in held[: held.index(version.id)] if one in by_id]
            if earlier:
                return by_id[earlier[-1]]
    parents = [one for one in others if one.id in version.manifest.parents]
    return max(parents, key=lambda one: one.manifest.rows) if parents else others[0]


def _examples(found: Diff, before: Version, after: Version) -> None:
    counts = found.counts()
    kinds = [kind for kind, rows in counts.items() if rows]
    if not kinds:
        return
    kind = str(st.segmented_control("Rows that were", kinds, default=kinds[0], required=True, key="kind", format_func=lambda one: f"{one} ({counts[one]:,})"))  # fmt: skip
    frame: pl.DataFrame = getattr(found, kind)
    if kind == "moved":
        _moved(frame)
        return
    if kind == "dropped":
        tables.table([("op", "Dropped by", "category"), ("reason", "Reason", "text"), ("rows", "Rows", "figure")],
                     found.reasons().head(8).to_dicts(), label="Why rows were dropped")  # fmt: skip
    place = (
        int(
            st.number_input(
                f"Examples, {EXAMPLES} at a time: page",
                1,
                -(-frame.height // EXAMPLES),
                1,
                key=f"example_page_{kind}",
                width=220,
            )
        )
        - 1
    )
    for line in frame.slice(place * EXAMPLES, EXAMPLES).to_dicts():
        _example(kind, line, before, after)


def _example(kind: str, line: dict[str, Any], before: Version, after: Version) -> None:
    try:
        story = data.story(before if kind == "dropped" else after, line["id"])
        old = data.story(before, line["id"]) if kind == "edited" else None
    except TomeError as error:
        shell.notice("bad", str(error))
        return
    why = (
        f"{line.get('op') or ''} {line.get('reason') or ''}".strip()
        or (story.made_by and f"made by {story.made_by}")
        or ""
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        shell.note(f"{line['id']} · {line['category'] or 'no category'}{' · ' + why if why else ''}")
        st.page_link(
            "screens/explore.py",
            label="Open it",
            query_params={"version": (before if kind == "dropped" else after).id, "row": line["id"]},
        )
    if old is None:
        safe_html(messages_html(story.messages[:2]), key=f"example_{kind}_{line['id']}")
    else:
        st.html(
            f'<div class="tw-candidate"><p class="tw-difference" dir="auto">{difference_html(_changed(old, story))}</p></div>'
        )


def _changed(old: Story, new: Story) -> list[dict[str, str]]:
    """The word-level difference of two conversations, roles named."""
    texts = [
        "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in story.messages) for story in (old, new)
    ]
    return [part._asdict() for part in parts(*texts)]


def _moved(frame: pl.DataFrame) -> None:
    shown = (
        frame.group_by("category", "category_after", "split", "split_after")
        .len("rows")
        .sort("rows", descending=True)
        .head(20)
    )
    rows = [
        {
            "from": f"{a or 'no category'}, {s or 'no split'}",
            "to": f"{b or 'no category'}, {t or 'no split'}",
            "rows": n,
        }
        for a, b, s, t, n in shown.iter_rows()
    ]
    tables.table(
        [("from", "From", "text"), ("to", "To", "text"), ("rows", "Rows", "figure")],
        rows,
        label="Rows that moved to another category or side",
    )
