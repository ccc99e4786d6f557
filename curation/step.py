"""The step contract: a frozen model with one pure method, and the laws of its kind, checked in ``laws.run_step``.

| kind     | law                                                                                              |
|----------|--------------------------------------------------------------------------------------------------|
| annotate | same ids in the same order; new columns only in the step's namespace, or core ones it ``writes`` |
| select   | every row comes back, in order, with a ``reason`` or null: kept + dropped = input                |
| edit     | same ids in the same order; only messages change; hashes are recomputed, before and after kept   |
| expand   | originals untouched and first; a child has a new id, a known parent, its family and category     |
| shape    | select and expand at once: originals come back with a ``reason``, children of kept rows follow   |
| review   | edit, annotate and select at once, and only at rows for which ``evidence`` names a decision      |

What a step decides about a row becomes a line of the ledger here, never in the step.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from curation.contract import digest

Kind = Literal["annotate", "select", "edit", "expand", "shape", "review"]
LEDGER: dict[str, pl.DataType] = {
    "row_id": pl.String(),
    "place": pl.Int32(),
    "op": pl.String(),
    "action": pl.String(),
    "reason": pl.String(),
    "evidence": pl.String(),
}
"""One line per decision: the row, the step's place in the recipe and its op, the action (rejected, dropped,
edited, made, set category, flagged, ...), the reason in words, and the evidence as a JSON object or null."""


def _nobody(done: int, total: int) -> None:
    """Report progress to nobody."""
    del done, total


def _unheard(**fields: Any) -> None:
    """Take a note to nobody."""
    del fields


@dataclass(frozen=True)
class Context:
    """What a step may use besides rows: the seed, injected models, how many processes, and progress.

    ``progress(done, total)`` counts rows. ``models`` maps a name to an object; steps name the protocol. ``note`` takes what
    a step has to say of this very run and isn't part of its outcome: what it asked a language model, and paid.
    """

    seed: int = 0
    models: Mapping[str, Any] = field(default_factory=dict)
    workers: int = 1
    progress: Callable[[int, int], None] = _nobody
    cache: Path | None = None
    note: Callable[..., None] = _unheard


def keyed_uniform(seed: int, op: str, keys: pl.Series) -> pl.Series:
    """A number in [0, 1) for each key, from (seed, op, key) alone: row order never matters."""
    prefix = f"{seed}\n{op}\n"
    return pl.Series("u", [int(digest(prefix + key)[:13], 16) / 16**13 for key in keys], dtype=pl.Float64)


class Step(BaseModel, ABC):
    """One operator. A subclass sets ``op`` (a Literal), ``kind``, ``scope`` and ``version``, and ``apply``."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: ClassVar[Kind]
    scope: ClassVar[Literal["row", "global"]]
    version: ClassVar[int] = 1
    """Bumped whenever the same rows would come out otherwise."""
    writes: ClassVar[frozenset[str]] = frozenset()
    """Core columns that an annotate or review step may set; each change is a line of the ledger."""
    parallel: ClassVar[bool] = False
    """A row step in plain Python, worth spreading over processes; polars uses all cores by itself."""
    secret: ClassVar[bool] = False
    """An edit step that takes secrets out: the ledger keeps the texts after, never those before, nor their hash."""
    op: str

    @abstractmethod
    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows in, rows out, nothing else; see the laws above."""

    def inputs(self) -> list[Path]:
        """Files that the outcome depends on; their hashes enter the cache key."""
        return []

    def summary(self, before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:  # noqa: ARG002
        """Figures about the whole step for the manifest (a plan, pairs compared); small and JSON-ready."""
        return {}


def ledger_lines(
    row_ids: pl.Series,
    *,
    op: str,
    action: str | pl.Series,
    reason: str | pl.Series | None,
    evidence: pl.Series | None = None,
    place: int = 0,
) -> pl.DataFrame:
    """Lines of the ledger for some rows."""
    return pl.DataFrame({"row_id": row_ids}).select(
        pl.col("row_id").cast(pl.String),
        pl.lit(place, pl.Int32).alias("place"),
        pl.lit(op).alias("op"),
        (pl.lit(action) if isinstance(action, str) else action).cast(pl.String).alias("action"),
        (reason if isinstance(reason, pl.Series) else pl.lit(reason)).cast(pl.String).alias("reason"),
        (pl.lit(None) if evidence is None else evidence).cast(pl.String).alias("evidence"),
    )


def rejected_lines(op: str, originals: pl.DataFrame, place: int = 0) -> pl.DataFrame:
    """One line for each candidate that an expand step rejected, under its parent's id.

    The step tells them in the column ``evidence`` of its originals: ``{"rejected": [{"reason", ...}]}`` or null.
    """
    told = originals.select("id", "evidence").drop_nulls().rows() if "evidence" in originals.columns else []
    found = [(row, one) for row, text in told for one in json.loads(text)["rejected"]]
    said = [
        json.dumps({k: v for k, v in one.items() if k != "reason"}, ensure_ascii=False) for _, one in found
    ]
    return ledger_lines(
        pl.Series([row for row, _ in found], dtype=pl.String),
        op=op,
        action="rejected",
        reason=pl.Series([one["reason"] for _, one in found], dtype=pl.String),
        evidence=pl.Series(said, dtype=pl.String),
        place=place,
    )
