"""What the steps measured about a row: one fold a step, its gist beside its name, values with their units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamlit_app.components.rich_text import plain

OWN = "of the data"
UNITS = {
    "words": "words", "user_words": "words", "assistant_words": "words", "chars": "characters", "turns": "turns", "total": "",
    "tokens": "tokens", "user": "", "loss": "nats a token", "perplexity": "", "overlap": "of its words",
}  # fmt: skip
SHARES = ("confidence", "share", "digits", "symbols", "repeated", "overlap", "jaccard")
"""Endings of what is a share from 0 to 1."""
FIRST = ("words", "turns", "total", "category", "code", "cluster", "overlap", "score")
"""What a step's gist begins with, where it is there."""
HIDDEN = ("spans", "evidence", "key")
"""Machine's own: in the row's download, not here."""


def groups(scores: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Scores by the step that made them; those that came with the data stand under ``OWN``, last."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in sorted(scores.items()):
        step, dot, column = name.partition(".")
        if dot and column in HIDDEN:
            continue
        group, column = (step, column) if dot else (OWN, name)
        found.setdefault(group, {})[column] = value
    if OWN in found:
        found[OWN] = found.pop(OWN)
    return found


def shown(column: str, value: Any) -> str:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and column.endswith(SHARES) and 0 <= value <= 1:
        return f"{100 * value:.1f}%"
    text = f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
    unit = UNITS.get(column, "")
    return (text if len(text) <= 160 else text[:159] + "…") + (f" {unit}" if unit and text else "")


def gist(values: Mapping[str, Any]) -> str:
    """A step's values in a few words: what is up, the first figures, or that nothing was found."""
    if values.get("flags"):
        return str(values["flags"]).replace(",", ", ")
    if "total" in values and type(values["total"]) is int:
        found = [f"{count} {name}" for name, count in values.items() if name != "total" and type(count) is int and count]  # fmt: skip
        return ", ".join(found) if found else "nothing found"
    up = [name.replace("_", " ") for name, value in values.items() if value is True]
    if up:
        return ", ".join(up)
    if any(isinstance(value, bool) for value in values.values()) or "flags" in values:
        plain_ones = {k: v for k, v in values.items() if not isinstance(v, bool) and k != "flags"}
        first = next(((k, v) for k, v in plain_ones.items() if k in ("code", "score", "words")), None)
        return _named(*first) if first else "no flags"
    best = [name for name in FIRST if name in values] or list(values)
    return ", ".join(_named(name, values[name]) for name in best[:2])


def _named(name: str, value: Any) -> str:
    """A value with its name, unless its unit says it already."""
    said = shown(name, value)
    return said if UNITS.get(name) == name else f"{name.replace('_', ' ')} {said}"


def measured_html(scores: Mapping[str, Any]) -> str:
    """All groups as folds; nothing where nothing was measured."""
    parts = []
    for step, values in groups(scores).items():
        lines = "".join(
            f"<tr><th>{plain(name.replace('_', ' '))}</th><td>{plain(shown(name, value))}</td></tr>"
            for name, value in values.items()
        )
        parts.append(
            f'<details class="tw-fold"><summary><b>{plain(step)}</b><span>{plain(gist(values)[:90])}</span></summary>'
            f'<table class="tw-scores">{lines}</table></details>'
        )
    return f'<div class="tw-measured">{"".join(parts)}</div>' if parts else ""
