"""The conversation view: roles told apart by place and edge, system prompts folded, provenance and story around it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from curation.augment.difference import parts
from curation.findings import count
from curation.why import Decision, Story
from streamlit_app.components.rich_text import LIMIT, Mark, plain, to_html

NAMES = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}


def messages_html(
    messages: Sequence[Mapping[str, str]],
    marks: Mapping[int, Sequence[Mark]] | None = None,
    edits: Mapping[int, str] | None = None,
) -> str:
    """Turns as HTML. ``marks`` maps a turn's place to the spans to underline in it, ``edits`` to its text once an
    edit that waits is made.
    """
    turns = []
    for place, message in enumerate(messages):
        role = message["role"]
        inner = to_html(message["content"], (marks or {}).get(place, ()))
        if place in (edits or {}):
            inner = edited_html(message["content"], (edits or {})[place])
        body = f'<div class="tw-body" dir="auto">{inner}</div>'
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


def edited_html(before: str, after: str) -> str:
    """One text with what goes and what comes marked in place."""
    tags = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}
    return '<span class="tw-differs">' + "".join(
        tags[part.kind].format(plain(part.text)) for part in parts(before[:LIMIT], after[:LIMIT])
    ) + "</span>"  # fmt: skip


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
    """The decisions about a row as a timeline."""
    origin = plain(str(story.origin.get("uri", story.source)))
    lines = [
        f"<li><b>read</b> <span>from {origin}, row {story.source_row:,}</span></li>",
        *(_decision(one) for one in story.decisions),
        f'<li class="tw-end"><b>{story.state}</b> <span>in version <code>{plain(story.version)}</code></span></li>',
    ]
    return f'<div class="tw-story"><ol class="tw-timeline">{"".join(lines)}</ol></div>'


def _decision(one: Decision) -> str:
    reason = f"<span>{plain(one.reason)}</span>" if one.reason else ""
    return f'<li class="tw-{html.escape(one.action.split()[0])}"><b>{plain(one.op)}</b> {plain(one.action)} {reason}{_evidence(one)}</li>'


def _evidence(one: Decision) -> str:
    if not isinstance(one.evidence, dict):
        return ""
    facts = dict(one.evidence)
    turns = facts.pop("turns", None)
    if isinstance(turns, list) and turns and all(isinstance(turn, dict) for turn in turns):
        shown = "".join(f"<p>{_turn_html(turn)}</p>" for turn in turns[:4])
        return f'<div class="tw-edit">{shown}</div>{_facts(facts)}'
    before, after = facts.pop("before", None), facts.pop("after", None)
    if isinstance(before, list) and isinstance(after, list):
        facts = {"turns": f"{len(before)} before, {len(after)} after", **facts}
    elif before is not None or after is not None:
        facts = {"before": before, "after": after, **facts}
    return _facts(facts)


def _facts(facts: Mapping[str, Any]) -> str:
    named = [f"{plain(str(k))} {plain(_short(v))}" for k, v in list(facts.items())[:6] if v is not None]
    return f"<small>{', '.join(named)}</small>" if named else ""


def _turn_html(turn: Mapping[str, Any]) -> str:
    """One turn of an edit: the words that went and came, or only what is left of a secret one."""
    before, after = (_content(turn.get(name)) for name in ("before", "after"))
    if before is None or after is None:
        return f"<ins>{plain(_short(after if before is None else before, 400))}</ins>"
    return f'<span class="tw-differs">{_changes(before, after)}</span>'


def _content(value: Any) -> str | None:
    """A turn's text, whether it was told alone or with its role."""
    found = value.get("content") if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


def _changes(before: str, after: str, around: int = 60) -> str:
    """The words that differ with some text around each; the rest of what is the same is left out."""
    found = parts(before[:LIMIT], after[:LIMIT])
    out = []
    for place, part in enumerate(found):
        text = part.text
        if part.kind == "same" and len(text) > 2 * around:
            head, tail = text[:around] if place else "", text[-around:] if place < len(found) - 1 else ""
            out.append(f"{plain(head)} … {plain(tail)}")
        else:
            tag = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}[part.kind]
            out.append(tag.format(plain(text if len(text) < 600 else text[:599] + "…")))
    return "".join(out)


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
