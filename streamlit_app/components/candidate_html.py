"""One candidate as HTML: parent and child as one text with the words that differ, and each gate's value against its limits."""

from __future__ import annotations

import json
from typing import Any

from streamlit_app.components.rich_text import plain

MOST = 4_000
"""Characters of a difference that are shown."""


def candidate_html(one: dict[str, Any], *, kept: bool, by_hand: str | None = None) -> str:
    """The candidate, as ``tome augment preview --json`` tells it; every text in it is escaped."""
    verdict = f"{'kept' if kept else 'rejected'}{' by hand' if by_hand else ''}"
    why = f" <span>{plain(one['reason'])}</span>" if one["reason"] and not by_hand else ""
    options = ", ".join(
        f"{name} {value}" for name, value in json.loads(one["parameters"]).items() if value not in (None, "")
    )
    text = (
        difference_html(one["parts"])
        if one["after"] is not None
        else f"{plain(one['before'][:MOST])}<em> Nothing was made of it.</em>"
    )
    answer = (
        f"<details><summary>The answer changed too</summary><p>{difference_html(one['answer_parts'])}</p></details>"
        if one["answer_parts"]
        else ""
    )
    return (
        f'<article class="tw-candidate{"" if kept else " tw-lost"}"><header><b>{plain(one["generator"])}</b>'
        f'<code>{plain(one["parent_id"])}</code><i title="{plain(options)}">{plain(one["category"] or "no category")}, try {int(one["attempt"]) + 1}</i>'
        f'<strong class="tw-{"good" if kept else "bad"}">{verdict}</strong>{why}</header>'
        f'<p class="tw-difference" dir="auto">{text}</p>{answer}{gates_html(one["gates"])}</article>'
    )


def difference_html(parts: list[dict[str, str]]) -> str:
    """The parts of a difference: what went is struck, what came is underlined, what stayed stands as it is."""
    tags, out, left = {"gone": "del", "new": "ins"}, [], MOST
    for part in parts:
        text = part["text"][:left]
        left -= len(text)
        tag = tags.get(part["kind"])
        out.append(f"<{tag}>{plain(text)}</{tag}>" if tag else plain(text))
        if left <= 0:
            out.append(f"<em> … cut after {MOST:,} characters</em>")
            break
    return "".join(out)


def gates_html(gates: list[dict[str, Any]]) -> str:
    """Each gate as a line: its name, its value, the stretch that is allowed, and the value on it."""
    lines = []
    for gate in gates:
        value, low, high = gate["value"], gate["low"], gate["high"]
        state = {True: "good", False: "bad"}.get(gate["passed"], "none")
        said = f"{value:.3g}" if value is not None else plain(gate["text"] or "none")
        lines.append(
            f'<div class="tw-gate tw-gate-{state}"><span>{plain(gate["gate"].replace("_", " "))}</span>'
            f"{_track(value, low, high)}<b>{said}</b><small>{_limits(low, high)}</small></div>"
        )
    return f'<div class="tw-gates">{"".join(lines)}</div>' if lines else ""


def _limits(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"at least {low:g}" if low is not None else f"under {high:g}" if high is not None else ""


def _track(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or (low is None and high is None):
        return '<i class="tw-track tw-empty"></i>'
    start = min(0.0, value, low if low is not None else 0.0)
    end = max(1.0, value, high if high is not None else 1.0)
    place = lambda x: 100 * (x - start) / (end - start)  # noqa: E731
    left, right = place(low if low is not None else start), place(high if high is not None else end)
    return (
        f'<i class="tw-track"><i class="tw-allowed" style="left:{left:.1f}%;width:{right - left:.1f}%"></i>'
        f'<i class="tw-at" style="left:{place(value):.1f}%"></i></i>'
    )
