"""A training run as the chatbot sees it: ``run.json`` read and checked, the adapter's hashes compared.

``run.json`` is the whole contract with training; this is its own small reader of it, so that the chatbot
can be deployed without the packages that wrote it.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatbot_space.errors import RunError

SCHEMA = 1
STATES = ("running", "done", "stopped", "failed")


@dataclass(frozen=True)
class Probe:
    """A conversation and the prompt's token ids that training's template gives it."""

    messages: list[dict[str, str]]
    input_ids: list[int]


@dataclass(frozen=True)
class Run:
    """What the chatbot needs to know about a run; the names are those of ``run.json``.

    ``folder`` is the run's folder; ``adapter`` is None where the run has none (the base model answers
    then). ``facts`` keeps the whole of ``run.json`` for the page about the model.
    """

    folder: Path
    run_id: str
    state: str
    base_model: str
    base_revision: str | None
    template: str
    template_date: str
    bos_token: str | None
    stop_tokens: list[str]
    stop_token_ids: list[int]
    system_prompt: str | None
    max_length: int
    probes: list[Probe]
    dataset: dict[str, Any]
    adapter: Path | None
    facts: dict[str, Any] = field(repr=False)

    @property
    def whole_weights(self) -> bool:
        """Whether all weights were trained, so that ``adapter`` holds a whole model."""
        return self.adapter is not None and not (self.adapter / "adapter_config.json").is_file()

    @property
    def dataset_name(self) -> str:
        """The dataset version in the fewest words: its name, else its id."""
        return str(self.dataset.get("name") or self.dataset.get("dataset_id") or "unnamed dataset")


def find_run(given: str, home: Path | None = None) -> Path:
    """The folder of a run, from a path or from a name in ``<home>/runs``.

    Raises RunError, naming the runs that there are.
    """
    path = Path(given)
    if (path / "run.json").is_file():
        return path
    if path.name == "run.json" and path.is_file():
        return path.parent
    runs = (home or Path(os.environ.get("TOME_HOME") or "data")) / "runs"
    if path.parts and len(path.parts) == 1 and (runs / given / "run.json").is_file():
        return runs / given
    known = sorted(found.parent.name for found in runs.glob("*/run.json"))
    if path.is_dir():
        raise RunError("there is no run.json in this folder", where=given, mend=_known(known, runs))
    raise RunError(f"there is no run {given!r}", mend=_known(known, runs))


def _known(names: list[str], runs: Path) -> str:
    if not names:
        return f"{runs} holds no runs yet; make one with: tome train EXPORT."
    return f"Runs in {runs}: {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}."


def read_run(folder: Path, *, adapter_needed: bool = True) -> Run:
    """Read and check a run folder; without ``adapter_needed`` a run may lack its adapter (the base answers).

    Raises RunError: no ``run.json``, torn, another schema, a field missing or of the wrong type, a run that
    isn't finished, an adapter that is missing or whose sha256 differs from the one that training noted.
    """
    path = folder / "run.json"
    raw = _json(path)
    read = _Reader(raw, str(path))
    state = read.text("state")
    if state not in STATES:
        raise RunError(f"state is {state!r}, expected one of {', '.join(STATES)}", where=str(path))
    probes = [
        _probe(item, f"{path}: probes[{place}]") for place, item in enumerate(read.list_of("probes", dict))
    ]
    stop_ids = read.list_of("stop_token_ids", int)
    if not stop_ids:
        raise RunError("no stop token is named, so answers would never end", where=str(path))
    run = Run(
        folder=folder,
        run_id=read.text("run_id"),
        state=state,
        base_model=read.text("base_model"),
        base_revision=read.text_or_none("base_revision"),
        template=read.text("template"),
        template_date=read.text("template_date"),
        bos_token=read.text_or_none("bos_token"),
        stop_tokens=read.list_of("stop_tokens", str),
        stop_token_ids=stop_ids,
        system_prompt=read.text_or_none("system_prompt"),
        max_length=read.number("max_length"),
        probes=probes,
        dataset=read.object("dataset"),
        adapter=_adapter(folder, raw, state, adapter_needed),
        facts=raw,
    )
    if run.adapter:
        check_adapter(run.adapter, raw.get("adapter_files") or {})
    return run


def check_adapter(adapter: Path, noted: dict[str, Any]) -> None:
    """Compare each file's sha256 with the noted one. Raises RunError, naming the first that differs."""
    for name, info in sorted(noted.items()):
        path = adapter / name
        if not path.resolve().is_relative_to(adapter.resolve()):
            raise RunError(f"run.json names a file outside the adapter's folder: {name}", where=str(adapter))
        if not path.is_file():
            raise RunError("this file of the adapter is missing", where=str(path), mend=_AGAIN)
        with path.open("rb") as handle:
            found = hashlib.file_digest(handle, "sha256").hexdigest()
        if found != info.get("sha256"):
            raise RunError(
                f"this file is damaged or was changed: sha256 {found[:12]}, run.json says {str(info.get('sha256'))[:12]}",
                where=str(path),
                mend=_AGAIN,
            )


_AGAIN = "Copy the run folder again, or train again."


def _adapter(folder: Path, raw: dict[str, Any], state: str, needed: bool) -> Path | None:
    name = raw.get("adapter") or "adapter"
    adapter = folder / str(name)
    if not adapter.resolve().is_relative_to(folder.resolve()):
        raise RunError(f"the adapter's path leaves the run folder: {name}", where=str(folder / "run.json"))
    if any((adapter / name).is_file() for name in ("adapter_config.json", "config.json")):
        return adapter
    if (folder / "model.gguf").is_file():
        return None  # a deployed run ships its merged weights alone
    if not needed:
        return None
    left = {
        "running": "It is still training; wait for it to end.",
        "stopped": "It was stopped; go on with: tome train --resume.",
        "failed": f"It failed: {raw.get('error') or 'see its log'}.",
        "done": _AGAIN,
    }[state]
    raise RunError(
        "this run has no adapter", where=str(adapter), mend=f"{left} --base talks to the base model."
    )


def _probe(raw: dict[str, Any], where: str) -> Probe:
    read = _Reader(raw, where)
    messages = read.list_of("messages", dict)
    for message in messages:
        if not isinstance(message.get("role"), str) or not isinstance(message.get("content"), str):
            raise RunError("a message needs a role and a content, both text", where=where)
    return Probe(messages, read.list_of("input_ids", int))


def _json(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(
            "there is no run.json here", where=str(path.parent), mend="Is this a run's folder?"
        ) from None
    except (OSError, ValueError) as error:
        raise RunError(f"unreadable: {error}", where=str(path), mend=_AGAIN) from None
    if not isinstance(raw, dict):
        raise RunError("should hold one JSON object", where=str(path))
    if raw.get("schema_version") != SCHEMA:
        raise RunError(
            f"schema_version {raw.get('schema_version')!r}, this chatbot reads {SCHEMA}",
            where=str(path),
            mend="Use the Tomewright version that trained it.",
        )
    return raw


class _Reader:
    """Typed access to a parsed object; a missing or mistyped field is named."""

    def __init__(self, raw: dict[str, Any], where: str) -> None:
        self.raw, self.where = raw, where

    def _get(self, name: str, kind: type, optional: bool = False) -> Any:
        if name not in self.raw:
            raise RunError(f"field {name!r} is missing", where=self.where)
        value = self.raw[name]
        if (value is None and optional) or (type(value) is kind):
            return value
        raise RunError(f"{name} should be {kind.__name__}, found {value!r:.40}", where=self.where)

    def text(self, name: str) -> str:
        return str(self._get(name, str))

    def text_or_none(self, name: str) -> str | None:
        value = self._get(name, str, optional=True)
        return None if value is None else str(value)

    def number(self, name: str) -> int:
        return int(self._get(name, int))

    def object(self, name: str) -> dict[str, Any]:
        return dict(self._get(name, dict))

    def list_of(self, name: str, kind: type) -> list[Any]:
        values = self._get(name, list)
        for place, value in enumerate(values):
            if type(value) is not kind:
                raise RunError(
                    f"{name}[{place}] should be {kind.__name__}, found {value!r:.40}", where=self.where
                )
        return list(values)
