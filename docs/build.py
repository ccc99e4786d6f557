"""Write docs/commands.md, docs/steps.md and docs/generators.md from the program itself; ``--check`` says whether they are up to date.

python docs/build.py            write
python docs/build.py --check    exit 1, naming the pages, when they differ
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import types
import typing
from pathlib import Path
from typing import Any

os.environ.update(COLUMNS="100", TERM="dumb", NO_COLOR="1")

import yaml

import tome  # after the width is set, since help texts wrap to it

DOCS = Path(__file__).resolve().parent
NOTE = "<!-- made by docs/build.py: change the program, then run `make docs` -->\n\n"
SUBCOMMANDS = re.compile(r"^  ([a-z][a-z-]*)  ", re.MULTILINE)


def help_of(*words: str) -> str:
    """The help text of a command, as a person sees it."""
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen):
        code = tome.run([*words, "--help"])
    if code:
        raise SystemExit(f"`tome {' '.join(words)} --help` left with {code}")
    return "\n".join(line.rstrip() for line in screen.getvalue().strip().splitlines())


def commands_page() -> str:
    """Every command and sub-command with its help text."""
    parts = ["# Commands\n", f"{NOTE}```text\n{help_of()}\n```\n"]
    for name in tome.COMMANDS:
        text = help_of(name)
        parts.append(f"## tome {name}\n\n```text\n{text}\n```\n")
        _, _, listed = text.partition("Commands:")
        for sub in SUBCOMMANDS.findall(listed):
            parts.append(f"### tome {name} {sub}\n\n```text\n{help_of(name, sub)}\n```\n")
    return "\n".join(parts)


def steps_page() -> str:
    """Every step with its first line, kind, scope, version and parameters; details stand on its own page."""
    from curation.steps import ALL

    parts = ["# Steps\n", NOTE.strip() + "\n"]
    parts.append("| step | kind | scope | what it does |\n| --- | --- | --- | --- |")
    rows, details = [], []
    for step in sorted(ALL, key=lambda one: one.model_fields["op"].default):
        op = step.model_fields["op"].default
        line = (step.__doc__ or "").strip().splitlines()[0]
        rows.append(f"| [{op}](steps/{op}.md) | {step.kind} | {step.scope} | {line} |")
        fields = [
            f"| `{name}` | {type_name(field.annotation)} | {default(field)} |"
            for name, field in step.model_fields.items()
            if name != "op"
        ]
        head = "| parameter | type | default |\n| --- | --- | --- |\n"
        table = head + "\n".join(fields) if fields else "No parameters."
        details.append(f"\n## {op}\n\nVersion {step.version}. {line} More: [{op}](steps/{op}.md).\n\n{table}")
    return "\n".join([parts[0], parts[1], parts[2], *rows, *details]) + "\n"


def generators_page() -> str:
    """Every generator of the augment step, the language models that some ask, and the gates: parameters, defaults, meanings."""
    from curation.augment import specs
    from curation.augment.gates import Gates
    from curation.augment.llm import LlmSpec

    parts = ["# Generators and gates\n", NOTE.strip() + "\n"]
    parts.append(
        "Parameters of the step [augment](steps/augment.md); what they make stands in [augmentation](augmentation.md)."
    )
    parts.append("A generator is written as its name, or with parameters: `{keyboard: {share: 0.2}}`.")
    for model in (specs.Words, specs.Contextual, specs.BackTranslation, specs.Paraphrase, specs.Synthesize):
        names = ", ".join(typing.get_args(model.model_fields["name"].annotation))
        parts.append(f"\n## {names}\n\n{parameters(model)}")
    parts.append(f"\n## A language model (`llm`)\n\n{parameters(LlmSpec)}")
    parts.append(f"\n## Gates (`gates`)\n\n{parameters(Gates)}")
    return "\n".join(parts) + "\n"


def parameters(model: Any) -> str:
    """What a model's docstring says, and its fields with type, default and meaning."""
    from curation.fieldnotes import notes

    said = {note.name: note.says for note in notes(model)}
    fields = [
        f"| `{name}` | {type_name(field.annotation)} | {default(field)} | {said.get(name, '').replace('|', chr(92) + '|')} |"
        for name, field in model.model_fields.items()
        if name != "name"
    ]
    head = "| parameter | type | default | meaning |\n| --- | --- | --- | --- |\n"
    return f"{(model.__doc__ or '').strip().splitlines()[0]}\n\n{head}" + "\n".join(fields)


def type_name(annotation: Any) -> str:
    """A type as a reader of YAML wants it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_name(arguments[0])
    if origin is typing.Literal:
        return " or ".join(str(value) for value in arguments)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(dict.fromkeys(type_name(one) for one in arguments))
    if origin in (tuple, list):
        return (
            f"list of ({type_name(arguments[0])})"
            if " or " in type_name(arguments[0])
            else f"list of {type_name(arguments[0])}"
        )
    if origin is dict:
        return f"mapping to {type_name(arguments[1])}"
    names = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "null"}
    if getattr(annotation, "__name__", "") == "LlmSpec":
        return "a language model"
    return names.get(annotation) or getattr(annotation, "__name__", str(annotation))


def default(field: Any) -> str:
    """A default as YAML would have it."""
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, dict | list | tuple):
        value = list(value) if isinstance(value, tuple) else value
        return f"`{yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False).strip()}`"
    text = (
        "''"
        if value == ""
        else "null"
        if value is None
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
    return f"`{text}`".replace("|", "\\|")


PAGES = {"commands.md": commands_page, "steps.md": steps_page, "generators.md": generators_page}


def main() -> int:
    """Write the pages, or with ``--check`` compare them."""
    stale = []
    for name, make in PAGES.items():
        path, text = DOCS / name, make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in sys.argv:
            stale.append(f"docs/{name}")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")
    if stale:
        print(f"Out of date: {', '.join(stale)}. Run: make docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
