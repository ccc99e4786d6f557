"""Typed fields for a model's values: what a person changes goes back as the mapping that YAML would hold."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
import yaml
from pydantic import BaseModel

from curation.fieldnotes import Note, notes
from streamlit_app.components.shell import label

Write = Callable[[dict[str, Any]], None]
"""Takes the changed mapping; runs before the page is drawn again."""


def fields(
    model: type[BaseModel],
    values: Mapping[str, Any],
    write: Write,
    *,
    key: str,
    skip: tuple[str, ...] = (),
    across: int = 2,
) -> None:
    """Draw one field for each of the model's, ``across`` on a line, with the values that stand there.

    Nothing is checked here: a wrong value is for the recipe to say.
    """
    shown = [note for note in notes(model) if note.name not in skip]
    if not shown:
        st.html('<p class="tw-note">It has no parameters.</p>')
    cells = st.columns(across, gap="medium")
    for place, note in enumerate(shown):
        with cells[place % across]:
            _field(note, dict(values), write, f"{key}_{note.name}")


def _field(note: Note, values: dict[str, Any], write: Write, key: str) -> None:
    value = values.get(note.name, note.default)
    kind = note.kind if _fits(note, value) else "yaml"
    # set before the field is drawn, so that it shows what the text says however that came about
    st.session_state[key] = _shown(kind, value)
    said: dict[str, Any] = {
        "key": key,
        "help": note.says or None,
        "on_change": _changed,
        "args": (note, kind, values, write, key),
    }
    name = label(note.name)
    if kind == "yes":
        st.toggle(name, **said)
    elif kind == "choice":
        st.selectbox(name, [*((None,) if note.empty else ()), *note.choices], **said)
    elif kind in ("whole", "number"):
        step = 1 if kind == "whole" else 0.05 if abs(float(note.default or 0)) <= 1 else 0.5
        st.number_input(
            name,
            value=None,
            step=step,
            format="%d" if kind == "whole" else "%g",
            placeholder="not set",
            **said,
        )
    elif kind in ("choices", "texts"):
        st.multiselect(name, [*note.choices, *(one for one in value if one not in note.choices)], accept_new_options=kind == "texts",
                       select_all=False, placeholder="none" if kind == "choices" else "type and press Enter", **said)  # fmt: skip
    else:
        st.text_input(name, placeholder="not set" if note.empty else None, **said)


def _fits(note: Note, value: Any) -> bool:
    """Whether a value can stand in the field of its kind; another one is shown as YAML."""
    if value is None:
        return note.kind in ("whole", "number", "text") or (note.kind == "choice" and note.empty)
    if note.kind == "choice":
        return str(value) in note.choices
    if note.kind in ("choices", "texts"):
        items = value if isinstance(value, list) else None
        return (
            items is not None
            and all(isinstance(one, str) for one in items)
            and (note.kind == "texts" or set(items) <= set(note.choices))
        )
    wanted = {"yes": bool, "whole": int, "number": (int, float), "text": str}.get(note.kind)
    return (
        wanted is not None
        and isinstance(value, wanted)
        and (note.kind == "yes" or not isinstance(value, bool))
    )


def _shown(kind: str, value: Any) -> Any:
    if kind == "number" and value is not None:
        return float(value)
    if kind == "text":
        return value or ""
    if kind == "yaml":
        return (
            ""
            if value is None
            else yaml.safe_dump(
                value, default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True
            )
            .removesuffix("...\n")
            .strip()
        )
    return value


def _changed(note: Note, kind: str, values: dict[str, Any], write: Write, key: str) -> None:
    value = st.session_state[key]
    if kind == "yaml":
        # what isn't YAML stands in the recipe as typed, and the recipe says what is wrong with it
        with contextlib.suppress(yaml.YAMLError):
            value = yaml.safe_load(value)
    if kind == "number" and value is not None and float(value).is_integer() and isinstance(note.default, int):
        value = int(value)
    bare = value in (None, "") and not note.needed
    changed = {name: old for name, old in values.items() if name != note.name}
    if not bare and (note.needed or value != note.default):
        place = list(values).index(note.name) if note.name in values else len(changed)
        pairs = list(changed.items())
        changed = dict([*pairs[:place], (note.name, value), *pairs[place:]])
    write(changed)
