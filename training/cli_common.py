"""What the commands of this package share: their common options, and how they answer."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from training.errors import ConfigError

Source = Annotated[
    str | None, typer.Argument(metavar="EXPORT", help="An export's name, or its folder.", show_default=False)
]
Config = Annotated[
    str | None, typer.Option("--config", "-c", help="A YAML file or a preset's name.", show_default=False)
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="KEY=VALUE", help="Override a field; may be repeated."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]

EXTRA = {"allow_extra_args": True, "ignore_unknown_options": True}
"""For commands on which every field of the config is an option too."""


def parsed(source: str | None, overrides: list[str] | None, words: list[str]) -> tuple[str | None, list[str]]:
    """The export, and ``--set`` and fields written as options as ``key=value``. Raises ConfigError for a word too many.

    Options may stand before the export: Typer then takes the first of them, which it doesn't know, for it.
    """
    pairs, others = flags([*([source] if source is not None else []), *words])
    if len(others) > 1:
        raise ConfigError(f"{others[1]!r} is one word too many", mend="See --help.")
    return (others[0] if others else None), [*(overrides or []), *pairs]


def flags(words: list[str]) -> tuple[list[str], list[str]]:
    """``--batch 4`` and ``--batch=4`` as ``batch=4``, and the words that aren't options. Raises ConfigError."""
    pairs: list[str] = []
    others: list[str] = []
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            others.append(word)
            continue
        key, equals, value = word[2:].partition("=")
        if not equals:
            from training.config import resolve_key

            resolve_key(key)
            following = next(rest, None)
            if following is None:
                raise ConfigError(f"--{key} needs a value")
            value = following
        pairs.append(f"{key}={value}")
    return pairs, others


def needed(value: str | None, what: str = "export") -> str:
    """The value, or a ConfigError that says how to give it."""
    if value is not None:
        return value
    from training.config import preset_names

    if what == "config":
        mend = f"Write --config with a YAML file or a preset: {', '.join(preset_names())}."
    else:
        mend = "Write its name or folder behind the command."
    raise ConfigError(f"no {what} was given", mend=mend)


def say(line: str) -> None:
    """Progress for a person, on stderr."""
    print(line, file=sys.stderr, flush=True)


def answer(values: dict[str, Any]) -> None:
    """One JSON object as the last line of stdout."""
    print(json.dumps(values, ensure_ascii=False), flush=True)
