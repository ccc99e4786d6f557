"""Two rows side by side, turn by turn, with the words that differ marked."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import streamlit as st

from curation.augment.difference import parts
from curation.errors import TomeError
from curation.findings import percent
from curation.store import Version
from curation.why import Story
from streamlit_app.components import data, shell
from streamlit_app.components.conversation import NAMES, provenance_html
from streamlit_app.components.rich_text import LIMIT, plain, to_html
from streamlit_app.components.safe_html import safe_html

MARKED = 0.3
"""The least share of the text that must be the same for marks to help."""


def difference_html(before: str, after: str) -> tuple[str, str]:
    """Both texts as HTML: what is gone is marked in the first, what is new in the second."""
    if before == after:
        return to_html(before), to_html(after)
    left, right = [], []
    for part in parts(before[:LIMIT], after[:LIMIT]):
        text = plain(part.text)
        if part.kind == "same":
            left.append(text)
            right.append(text)
        elif part.kind == "gone":
            left.append(f"<del>{text}</del>")
        else:
            right.append(f"<ins>{text}</ins>")
    return "".join(left), "".join(right)


def share_same(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> float:
    """The share of both conversations' characters that stand in both, turn by turn."""
    same = total = 0
    for x, y in zip_longest(a, b):
        before, after = (x or {}).get("content", ""), (y or {}).get("content", "")
        total += len(before) + len(after)
        same += 2 * sum(
            len(part.text) for part in parts(before[:LIMIT], after[:LIMIT]) if part.kind == "same"
        )
    return same / total if total else 1.0


def pair_html(a: list[dict[str, Any]], b: list[dict[str, Any]], *, differs: bool = True) -> str:
    """The turns of two conversations beside one another; with ``differs`` the words that do are marked."""
    lines = []
    for x, y in zip_longest(a, b):
        texts = (x or {}).get("content", ""), (y or {}).get("content", "")
        left, right = difference_html(*texts) if differs else map(to_html, texts)
        cells = "".join(
            f'<section class="tw-turn tw-{turn["role"]}"><header>{NAMES.get(turn["role"], "Other")}</header>'
            f'<div class="tw-body tw-differs" dir="auto">{body}</div></section>'
            if turn
            else '<section class="tw-turn tw-absent"><header>no such turn</header></section>'
            for turn, body in ((x, left), (y, right))
        )
        lines.append(f'<div class="tw-pair">{cells}</div>')
    return f'<div class="tw-pairs">{"".join(lines)}</div>'


def asked(version: Version) -> bool:
    """Draw both rows where the address names two (``row`` and ``beside``), in place of the page's own; whether it did."""
    row, other = st.query_params.get("row"), st.query_params.get("beside")
    if not (row and other):
        return False
    st.button("Back to the list", icon=":material/arrow_back:", type="tertiary", on_click=lambda: st.query_params.pop("beside", None))  # fmt: skip
    beside(version, row, other)
    return True


def beside(version: Version, one: str, other: str) -> None:
    """Draw two rows beside one another, a parent at the left of its child. Errors are shown."""
    try:
        left, right = data.story(version, one), data.story(version, other)
    except TomeError as error:
        shell.notice("bad", str(error))
        return
    if left.parent_id == right.id:
        left, right = right, left
    share = share_same(left.messages, right.messages)
    shell.finding(f"{_relation(left, right)}: {percent(share)} of the text is the same.")
    if share < MARKED:
        shell.note("Too little is the same for marking the words that differ.")
    heads = f'<div class="tw-pair">{provenance_html(left)}{provenance_html(right)}</div>'
    turns = pair_html(left.messages, right.messages, differs=share >= MARKED)
    safe_html(f"<div>{heads}{turns}</div>", key="beside")


def _relation(left: Story, right: Story) -> str:
    if right.parent_id == left.id:
        return f"Parent and child, made by {right.made_by}"
    return "Of one family" if left.family == right.family else "Two rows"
