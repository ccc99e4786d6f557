"""The conversation view: roles told apart by place and edge, system prompts folded, provenance and story around it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from curation.findings import count
from curation.why import Decision, Story
from streamlit_app.components.rich_text import Mark, plain, to_html
from streamlit_app.components.safe_html import safe_html

NAMES = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}


def messages_html(
    messages: Sequence[Mapping[str, str]], marks: Mapping[int, Sequence[Mark]] | None = None
) -> str:
    """Turns as HTML. ``marks`` maps a turn's place to the spans to underline in it."""
    turns = []
    for place, message in enumerate(messages):
        role = message["role"]
        body = f'<div class="tw-body" dir="auto">{to_html(message["content"], (marks or {}).get(place, ()))}</div>'
        name = NAMES.get(role, "Other")
        if role == "system":
            first = plain(message["content"][:90].replace("\n", " "))
            turns.append(
                f'<details class="tw-turn tw-system"><summary>System prompt <span>{first}</span></summary>{body}</details>'
            )
        else:
            words = count(len(message["content"].split()), "word")
            turns.append(
                f'<section class="tw-turn tw-{role}" aria-label="{name}"><header>{name}<span>{words}</span></header>{body}</section>'
            )
    return f'<div class="tw-conversation">{"".join(turns)}</div>'


def provenance_html(story: Story) -> str:
    """One line on top: where the row comes from and where it stands."""
    parts = [
        f'<b class="tw-state tw-{story.state}">{story.state}</b>',
        f'<code class="tw-id">{plain(story.id)}</code>',
        f"{plain(story.source)} row {story.source_row:,}",
        plain(story.category or "no category"),
        plain(story.split or "no split"),
    ]
    if story.made_by:
        parts.append(f"made by {plain(story.made_by)} from <code>{plain(story.parent_id or '')}</code>")
    if story.children:
        parts.append(count(len(story.children), "child", "children"))
    return '<div class="tw-provenance">' + "<i></i>".join(parts) + "</div>"


def story_html(story: Story) -> str:
    """The decisions about a row as a timeline, and its scores."""
    origin = plain(str(story.origin.get("uri", story.source)))
    lines = [
        f"<li><b>read</b> <span>from {origin}, row {story.source_row:,}</span></li>",
        *(_decision(one) for one in story.decisions),
        f'<li class="tw-end"><b>{story.state}</b> <span>in version <code>{plain(story.version)}</code></span></li>',
    ]
    scores = "".join(
        f"<tr><th>{plain(name)}</th><td>{plain(_short(value))}</td></tr>"
        for name, value in sorted(story.scores.items())
    )
    table = f'<table class="tw-scores">{scores}</table>' if scores else ""
    return (
        f'<div class="tw-story"><h3>Its story</h3><ol class="tw-timeline">{"".join(lines)}</ol>{table}</div>'
    )


def _decision(one: Decision) -> str:
    reason = f"<span>{plain(one.reason)}</span>" if one.reason else ""
    return f'<li class="tw-{html.escape(one.action.split()[0])}"><b>{plain(one.op)}</b> {plain(one.action)} {reason}{_evidence(one)}</li>'


def _evidence(one: Decision) -> str:
    if not isinstance(one.evidence, dict):
        return ""
    turns = one.evidence.get("turns")
    if isinstance(turns, list) and turns and all(isinstance(turn, dict) for turn in turns):
        pairs = "".join(
            f"<del>{plain(_short(turn.get('before'), 300))}</del><ins>{plain(_short(turn.get('after'), 300))}</ins>"
            for turn in turns[:4]
        )
        return f'<div class="tw-edit">{pairs}</div>'
    facts = ", ".join(f"{plain(str(k))} {plain(_short(v))}" for k, v in list(one.evidence.items())[:6])
    return f"<small>{facts}</small>" if facts else ""


def _short(value: Any, limit: int = 120) -> str:
    text = f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def marks_of(story: Story) -> dict[int, list[Mark]]:
    """The spans that steps found in a row (columns called ``<op>.spans``), by turn."""
    found: dict[int, list[Mark]] = {}
    for name, value in story.scores.items():
        op, dot, column = name.rpartition(".")
        if not dot or column != "spans":
            continue
        try:
            spans = json.loads(value) if isinstance(value, str) else value
            for span in spans or []:
                kind = str(span.get("kind", ""))
                reason = f"{op}: {kind}" if kind else op
                found.setdefault(int(span["turn"]), []).append(
                    Mark(int(span["start"]), int(span["end"]), op, reason)
                )
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
    return found


def show(story: Story, *, key: str = "row") -> None:
    """Draw a row: provenance, conversation with its marked spans, story."""
    st.html(provenance_html(story))
    safe_html(messages_html(story.messages, marks_of(story)), key=f"conversation_{key}")
    safe_html(story_html(story), key=f"story_{key}")
