"""One training run from start to end: folders, key, training, and a run.json whose state is always true."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from curation.contract import (
    Home,
    Probe,
    RunInfo,
    TomeError,
    append_event,
    digest,
    file_info,
    write_atomic,
)
from training import template as tpl
from training.backends import pick_dtype
from training.config import TrainConfig
from training.data import Export, open_export
from training.errors import ConfigError, ResumeError
from training.fit import fitted, room_of
from training.key import key_of, key_parts, refuse_difference
from training.memory import GIB, memory, recomputed
from training.models import Base, Voice, load_voice, resolve_base
from training.packages import package_versions
from training.plan import measured_speed, widest
from training.prepare import Prepared, prepare
from training.ranks import Ranks
from training.shape import shape_of

Say = Callable[[str], None]

PROBES: list[list[dict[str, str]]] = [
    [{"role": "user", "content": "What is the capital of France?"}],
    [
        {"role": "system", "content": "Answer in one word."},
        {"role": "user", "content": "  Grüße, 你好!\n\n<|im_end|><|eot_id|><end_of_turn></s>  "},
    ],
    [
        {"role": "user", "content": "2 + 2?"},
        {"role": "assistant", "content": "4"},
        {"role": "user", "content": "And $x^2$ for x = 3?\n```python\nprint(3 ** 2)\n```"},
    ],
]
"""Conversations whose token ids the chatbot compares with its own before it starts."""


@dataclass
class Run:
    """A run being set up: everything that is known before the weights are loaded."""

    folder: Path
    config: TrainConfig
    export: Export
    base: Base
    voice: Voice
    prepared: Prepared
    info: RunInfo
    ranks: Ranks = field(default_factory=Ranks)

    def emit(self, event: str, **fields: Any) -> None:
        """Append an event to the run's ``events.jsonl``; the main process alone does."""
        if self.ranks.main:
            append_event(self.folder / "events.jsonl", event, **fields)

    def save(self, **changes: Any) -> None:
        """Change fields of ``run.json`` and write it; the main process alone writes."""
        self.info = dataclasses.replace(self.info, **changes)
        if self.ranks.main:
            self.info.write(self.folder)


def set_up(
    source: str,
    config: TrainConfig,
    home: Home,
    *,
    name: str | None = None,
    resume: bool = False,
    say: Say = lambda _: None,
    ranks: Ranks = Ranks(),
) -> Run:
    """Check everything that can be checked without loading weights, and open or reopen the run folder.

    Raises the errors of its parts, ConfigError for a name that is taken, ResumeError where a run can't go on.
    """
    export = open_export(source, home)
    if ranks.main or resume:
        folder = run_folder(home, export.info.name, config, name, resume)
    else:
        folder = home.runs / str(name)  # the main process has made it
    base = resolve_base(config.model, config.revision, home, say)
    voice = load_voice(base, config.template)
    parts = key_parts(export, base, voice, config, ranks.world)
    if resume:
        info = RunInfo.read(folder)
        refuse_difference(info.key_parts, parts, str(folder))
    say(f"Rows: {export.rows['train']} to train on, {export.rows['eval']} to evaluate on.")
    prepared = prepare(export, voice, config, home, _bar(say))
    config = _laid_out(config, base, prepared, say)
    warnings = {split: report.warnings for split, report in prepared.reports.items() if report.warnings}
    if not resume:
        info = RunInfo(
            run_id=folder.name,
            state="running",
            base_model=base.name,
            base_revision=base.revision,
            base_sha256=base.sha256,
            template=voice.template,
            template_hash=digest(voice.template),
            template_date=tpl.PINNED_DATE,
            bos_token=voice.bos_token,
            stop_tokens=voice.stop_tokens,
            stop_token_ids=voice.stop_ids,
            system_prompt=export.info.system_prompt,
            max_length=config.max_length,
            probes=probes(voice, export.info.system_prompt),
            dataset=_dataset(export, prepared),
            key=key_of(parts),
            key_parts=json.loads(json.dumps(parts)),
            config=json.loads(config.model_dump_json()),
            packages=package_versions(),
            command=shlex.join(["tome", *sys.argv[1:]]),
            warnings=warnings,
        )
    run = Run(folder, config, export, base, voice, prepared, info, ranks)
    folder.mkdir(parents=True, exist_ok=True)
    return run


def _laid_out(config: TrainConfig, base: Base, prepared: Prepared, say: Say) -> TrainConfig:
    """The config with its layout in memory filled in, by what this machine has and does."""
    room = room_of(config)
    lengths = prepared.table("train")["length"].to_pylist()
    shape = shape_of(base.path, config)
    if room is None:
        return fitted(config, lengths, shape, None)
    config = fitted(config, lengths, shape, room, measured_speed("cuda", pick_dtype(config.dtype, "cuda")))
    need = sum(memory(shape, config, "cuda", widest(lengths, config)).values())
    say(
        f"Layout: {config.at_once} of a step's {config.step_rows} at once, {recomputed(shape, config)} of "
        f"{shape.layers} layers recomputed; about {need / GIB:.1f} of {room / GIB:.1f} GiB."
    )
    return config


def begin(run: Run) -> None:
    """Write the folder's first files: ``config.yaml`` and ``run.json`` in state running."""
    if run.ranks.main:
        text = yaml.safe_dump(json.loads(run.config.model_dump_json()), sort_keys=False)
        write_atomic(run.folder / "config.yaml", text)
    run.save(
        state="running",
        error=None,
        packages=package_versions(),
        config=json.loads(run.config.model_dump_json()),
    )
    run.emit("start", run=run.folder.name, rows=run.prepared.reports["train"].kept)


def finish(run: Run, state: str, metrics: dict[str, Any], error: str | None = None) -> None:
    """Write the run's end: its state, its metrics, and the adapter's files with their hashes."""
    adapter = run.folder / run.info.adapter
    files = (
        {p.name: file_info(p) for p in sorted(adapter.iterdir())}
        if state == "done" and run.ranks.main
        else {}
    )
    run.save(state=state, metrics={**run.info.metrics, **metrics}, error=error, adapter_files=files)
    run.emit("end", state=state, error=error)


def run_folder(home: Home, export: str, config: TrainConfig, name: str | None, resume: bool) -> Path:
    """The folder of a new run, or of the one to go on with."""
    if name is not None and not re.fullmatch(r"[\w][\w.-]{0,95}", name):
        raise ConfigError(f"{name!r} can't be a run's name", mend="Use letters, digits, '-', '_' and '.'.")
    if resume:
        return find_run(home, name)
    if name is not None:
        folder: Path = home.runs / name
        if (folder / "run.json").exists():
            raise ConfigError(
                f"there is a run {name!r} already", mend="Go on with it: --resume; or choose another --name."
            )
        return folder
    model = re.sub(r"[^\w.-]+", "-", config.model.rstrip("/").rpartition("/")[2]).lower()
    number = 1
    while (home.runs / f"{export}-{model}-{number}").exists():
        number += 1
    return home.runs / f"{export}-{model}-{number}"


def find_run(home: Home, name: str | None) -> Path:
    """The run of that name, or the newest one that isn't done. Raises ResumeError."""
    if name is not None:
        folder: Path = home.runs / name
        if not (folder / "run.json").is_file():
            raise ResumeError(f"there is no run {name!r} to go on with", where=str(home.runs))
        return folder
    open_runs = [
        path.parent
        for path in sorted(home.runs.glob("*/run.json"), key=lambda path: path.stat().st_mtime)
        if RunInfo.read(path.parent).state != "done"
    ]
    if not open_runs:
        raise ResumeError(
            "there is no unfinished run", where=str(home.runs), mend="Start one: tome train EXPORT."
        )
    return open_runs[-1]


def mark_killed(home: Home) -> list[str]:
    """Set runs whose process was killed (state running, but nobody holds them) to stopped; returns their names."""
    killed: list[str] = []
    for path in home.runs.glob("*/run.json"):
        try:
            info = RunInfo.read(path.parent)
            if info.state != "running":
                continue
            with locked(path.parent):
                dataclasses.replace(info, state="stopped", error="its process was killed").write(path.parent)
                killed.append(path.parent.name)
        except TomeError:
            continue  # being trained just now, or of another schema: not ours to touch
    return killed


def probes(voice: Voice, system_prompt: str | None) -> list[Probe]:
    """The probe conversations with the ids that this template and tokenizer give them."""
    made: list[Probe] = []
    for messages in PROBES:
        try:
            made.append(Probe(messages, voice.prompt(messages, system_prompt)))
        except tpl.TemplateError:
            continue  # a template that refuses this shape refuses it in the chat too
    return made


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the run for this process. Raises ResumeError where another process is training it."""
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ResumeError("another process is training this run", where=str(folder)) from None
        yield


def _dataset(export: Export, prepared: Prepared) -> dict[str, Any]:
    info = dataclasses.asdict(export.info)
    kept = ("name", "dataset_id", "rows_hash", "counts", "licences", "recipe", "lineage")
    return {
        **{key: info[key] for key in kept},
        "path": str(export.folder),
        "rows": export.rows,
        "tokens": {split: report.tokens for split, report in prepared.reports.items()},
        "supervised_tokens": {split: report.supervised for split, report in prepared.reports.items()},
        "rows_kept": {split: report.kept for split, report in prepared.reports.items()},
    }


def _bar(say: Say) -> Callable[[str, int, int], None]:
    def progress(what: str, done: int, total: int) -> None:
        if done == total or done % 10_000 == 0:
            say(f"{what}: {done} of {total} rows")

    return progress
