"""``ingest``: a URI in, rows and rejects out. Every input row is one or the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from curation.contract import Home
from curation.errors import InputError
from curation.ingest import feedback
from curation.ingest.builder import Builder
from curation.ingest.convert import Seen, convert
from curation.ingest.parts import Part, Selection, open_parts, select
from curation.ingest.record import Source
from curation.ingest.shapes import mapped_shape
from curation.ingest.source import open_source

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Ingested:
    """What ingest gives back: ``rows`` (curation.rows schema), ``rejects`` and ``info``.

    ``rejects`` has source_row, line (null where the kind knows none), file, reason, snippet. ``info`` is
    described in docs/ingest.md; ``rows.height + rejects.height == info["input_rows"]`` always.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    info: dict[str, Any]


def ingest(
    uri: str,
    *,
    name: str,
    mapping: Mapping[str, str] | None = None,
    limit: int | None = None,
    sample: str = "random",
    seed: int = 0,
    split: str = "train",
    revision: str | None = None,
    config: str | None = None,
    licence: str | None = None,
    home: Home | None = None,
    progress: Progress | None = None,
) -> Ingested:
    """Read a file, a folder, a Hub dataset or a run's feedback into rows of the source ``name``, and rejects with reasons.

    ``mapping`` is target -> column (user, assistant, system, input, messages, category) and replaces
    recognition; ``category`` alone only assigns the category. ``limit`` takes that many input rows (of a
    message tree: trees) at random by ``seed``, or the first. ``split``, ``revision`` and ``config`` are for
    the Hub; ``home`` is where ``feedback:RUN`` looks for the run. ``progress`` is called with rows done and rows to do. Raises InputError, HubError, MissingExtra.
    """
    mapping = dict(mapping or {})
    given = mapped_shape(mapping)
    home = home or Home.find()
    source = open_source(uri, split=split, revision=revision, config=config, home=home)
    if source.where == "feedback":
        if mapping:
            raise InputError("feedback has its own shape, so a map has no meaning for it", where=uri)
        given = feedback.SHAPE
        parts, empty = feedback.feedback_parts(source)
    else:
        parts, empty = open_parts(source.files, trees=given is None)
    selection = select(parts, limit, sample, seed)
    todo = selection.total if selection.chosen is None else len(selection.chosen)

    def tick(done: int) -> None:
        if progress is not None:
            progress(done, todo)

    builder = Builder(mapping.get("category"))
    seen = convert(parts, selection, given, mapping, builder, tick)
    if not builder.conversations:
        raise _all_rejected(builder)
    rows, rejects = builder.rows(name), builder.rejects_frame()
    if source.where == "feedback":
        rows = feedback.held_against_eval(rows, source, home)
    progress and progress(todo, todo)
    info = _info(uri, mapping, source, parts, selection, builder, seen)
    info |= {"empty_files": empty, "licence": licence or source.licence}
    return Ingested(rows, rejects, info)


def _all_rejected(builder: Builder) -> InputError:
    count = len(builder.rejects)
    (top, times), *_ = builder.reasons.most_common(1)
    first = min((reject for reject in builder.rejects if reject[3] == top), key=lambda reject: reject[0])
    line = f":{first[1]}" if first[1] is not None else ""
    return InputError(
        f"every one of {count} input rows was rejected, {times} for: {top}",
        where=f"{first[2]}{line}",
        mend=f"The first reads {first[4][:80]}",
    )


def _info(
    uri: str,
    mapping: Mapping[str, str],
    source: Source,
    parts: list[Part],
    selection: Selection,
    builder: Builder,
    seen: Seen,
) -> dict[str, Any]:
    kinds = ", ".join(sorted({part.kind for part in parts}))
    auto = {"category": "category"} if builder.took_category else {}
    return {
        "uri": uri,
        "kind": kinds if source.where in ("file", "feedback") else f"{source.where} of {kinds}",
        "shape": " + ".join(sorted(seen.shapes)),
        "shapes": dict(sorted(seen.shapes.items())),
        "mapping": {**auto, **mapping},
        "input_rows": len(builder.conversations) + len(builder.rejects),
        "total_rows": selection.total,
        "sampled": selection.sampled,
        "reasons": dict(builder.reasons.most_common()),
        "replaced_encoding": len(builder.replaced),
        "removed_nul": len(builder.without_nul),
        "message_fields_left_out": dict(sorted(seen.left_out.items())),
        "trees": seen.trees,
        "fingerprint": source.fingerprint,
        "files": [part.file.name for part in parts],
        "skipped_files": source.skipped,
        **source.facts,
    }
