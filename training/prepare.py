"""Rows to token ids, once: rendered, tokenised, checked, and kept as a memory-mapped Arrow file."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curation.contract import Home, canonical_json, digest, write_atomic
from training import template as tpl
from training.config import TrainConfig
from training.data import SPLITS, Export, Row
from training.models import Voice
from training.preflight import Preflight, check_row, truncate

EDITION = 1
"""Bump when prepared rows change for the same input."""

COMPARED = 100
"""Rows of a split whose prompts are compared with the chat's."""

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("category", pa.string()),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int32())),
        ("length", pa.int32()),
    ]
)

Progress = Callable[[str, int, int], None]
"""Called with what is done, how many are done, and how many there are."""


@dataclass(frozen=True)
class Prepared:
    """Tokenised rows by split, and what the pre-flight counted. ``folder`` holds ``<split>.arrow``."""

    folder: Path
    reports: dict[str, Preflight]

    def table(self, split: str) -> pa.Table:
        """The rows of a split, memory-mapped: id, category, input_ids, labels, length."""
        with pa.memory_map(str(self.folder / f"{split}.arrow")) as source:
            return pa.ipc.open_file(source).read_all()


def prepare(
    export: Export,
    voice: Voice,
    config: TrainConfig,
    home: Home,
    progress: Progress = lambda *_: None,
    *,
    strict: bool = True,
) -> Prepared:
    """Tokenise an export for a template and tokenizer, or find it done before.

    Raises DataError where rows can't be trained on: refused by the template, nothing supervised, double
    BOS, missing EOS; with ``strict`` off these are only told in the reports. Rows that are too long are
    dropped or shortened and counted as warnings.
    """
    parts = [
        EDITION,
        export.key,
        tpl.PINNED_DATE,
        voice.template,
        voice.key(),
        config.max_length,
        config.overflow,
    ]
    folder = home.root / "cache" / "tokens" / digest(canonical_json(parts))
    if not (folder / "report.json").is_file():
        partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            reports = {
                split: _prepare_split(export, split, voice, config, partial, progress) for split in SPLITS
            }
            kept = {split: report.as_dict() for split, report in reports.items()}
            write_atomic(partial / "report.json", json.dumps(kept) + "\n")
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)
        except FileExistsError:
            pass  # another run prepared the same rows in the meantime
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    kept = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    reports = {split: Preflight.from_dict(kept[split]) for split in SPLITS}
    for split in SPLITS if strict else ():
        reports[split].stop_on_errors(str(export.folder / f"{split}.parquet"))
    return Prepared(folder, reports)


def chat_agrees(row: Row, voice: Voice, system_prompt: str | None, ids: list[int], labels: list[int]) -> bool:
    """Whether the prompt of the chat for the last answer is what stands before it in the training row."""
    last = next((n for n in range(len(row.messages))[::-1] if row.messages[n]["role"] == "assistant"), 0)
    try:
        prompt = voice.prompt(row.messages[:last], system_prompt)
    except tpl.TemplateError:
        return False
    begin = len(labels)
    while begin and labels[begin - 1] == tpl.IGNORE:
        begin -= 1
    while begin and labels[begin - 1] != tpl.IGNORE:
        begin -= 1
    return prompt == ids[:begin]


def _prepare_split(
    export: Export, split: str, voice: Voice, config: TrainConfig, folder: Path, progress: Progress
) -> Preflight:
    report = Preflight()
    with pa.OSFile(str(folder / f"{split}.arrow"), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for rows in export.read(split):
            columns = tokenise(rows, voice, export.info.system_prompt, config, report)
            writer.write_batch(pa.record_batch(columns, schema=SCHEMA))
            progress(f"tokenising {split}", report.rows, export.rows[split])
    return report


def tokenise(
    rows: list[Row], voice: Voice, system_prompt: str | None, config: TrainConfig, report: Preflight
) -> list[pa.Array]:
    """The columns of SCHEMA for some rows; ``report`` is counted up."""
    rendered: list[tuple[Row, list[tpl.Segment]]] = []
    for row in rows:
        report.rows += 1
        try:
            rendered.append((row, voice.render(row.messages, system_prompt)))
        except tpl.TemplateError as error:
            report.error(str(error), row.id)
    encoded = tpl.encode_many(voice.tokenizer, [segments for _, segments in rendered], voice.end_id)
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    bos_id = voice.tokenizer.bos_token_id
    compared = report.kept >= COMPARED
    for (row, _), (id_list, label_list) in zip(rendered, encoded, strict=True):
        ids, labels = np.array(id_list, dtype=np.int32), np.array(label_list, dtype=np.int32)
        if not check_row(report, row.id, ids, labels, bos_id=bos_id, end_id=voice.end_id):
            continue
        length = truncate(report, ids, labels, config.max_length, config.overflow)
        if not length:
            continue
        ids, labels = ids[:length], labels[:length]
        report.keep(ids, labels)
        if not compared and not chat_agrees(row, voice, system_prompt, id_list, label_list):
            report.warn("answers that the chat would ask for with other tokens (among the first rows)")
        for name, value in zip(SCHEMA.names, (row.id, row.category, ids, labels, length), strict=True):
            columns[name].append(value)
    return [pa.array(columns[field.name], type=field.type) for field in SCHEMA]
