"""One training run from start to end: folders, key, training, and a run.json whose state is always true."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from curation.contract import (
    Home,
    RunInfo,
    append_event,
    digest,
    file_info,
    write_atomic,
)
from training import template as tpl
from training.backends import pick_dtype
from training.config import TrainConfig
from training.data import Export, open_export
from training.errors import ResumeError
from training.fit import fitted
from training.folders import run_folder
from training.history import metrics_of
from training.key import key_of, key_parts, refuse_difference
from training.memory import GIB, memory, recomputed
from training.models import Base, Voice, load_voice, resolve_base
from training.packages import package_versions
from training.plan import measured_speed, widest
from training.prepare import Prepared, prepare
from training.probes import probes
from training.ranks import Ranks
from training.shape import shape_of

Say = Callable[[str], None]


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
    room: int | None = None,
) -> Run:
    """Check everything that can be checked without loading weights, and open or reopen the run folder.

    ``room`` is the memory in bytes that each GPU gives, None on a CPU (``training.fit.room_of``).

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
        if info.state == "done":
            raise ResumeError(
                f"the run {folder.name!r} is done: nothing is left to resume",
                where=str(folder),
                mend=f"Talk to it: tome chat {folder.name}; or train anew under another --name.",
            )
    say(f"Rows: {export.rows['train']} to train on, {export.rows['eval']} to evaluate on.")
    prepared = prepare(export, voice, config, home, _bar(say))
    config = _laid_out(config, base, prepared, say, room)
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


def _laid_out(config: TrainConfig, base: Base, prepared: Prepared, say: Say, room: int | None) -> TrainConfig:
    """The config with its layout in memory filled in, by what this machine has and does."""
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


def end(run: Run, state: str, error: str) -> None:
    """Write that the run ended before its time and why; of several processes the first tells it, whichever it is."""
    if ended_elsewhere(run):
        return
    if run.ranks.main:
        finish(run, state, metrics_of(run.folder), error)
        return
    told = f"process {run.ranks.rank + 1} of {run.ranks.world}: {error}"
    dataclasses.replace(RunInfo.read(run.folder), state=state, error=told).write(run.folder)
    append_event(run.folder / "events.jsonl", "end", state=state, error=told)


def ended_elsewhere(run: Run) -> RunInfo | None:
    """What ``run.json`` says where another process has ended the run; None where it goes on."""
    if run.ranks.world == 1:
        return None
    info: RunInfo = RunInfo.read(run.folder)
    return None if info.state == "running" else info


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
