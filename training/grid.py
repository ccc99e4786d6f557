"""What a sweep tries: ``lr=1e-4,2e-4 batch=8,16 data=v1,v2`` as typed values, each checked as a config."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from training.config import TrainConfig, build, parse_value, resolve_key
from training.errors import ConfigError


@dataclass(frozen=True)
class Range:
    """A stretch that TPE may pick from, written ``1e-5..1e-3``; on a logarithmic scale above a factor of 10."""

    low: float
    high: float


Space = dict[str, list[Any] | Range]


def parse_grid(words: Sequence[str]) -> Space:
    """The values of each field; ``data`` names exports, all others are config fields or their short names.

    Several LoRA targets in one value are joined with plus signs: ``lora_targets=q_proj,q_proj+v_proj``.

    Raises ConfigError: no values, a field twice, a range that isn't one.
    """
    space: Space = {}
    for word in words:
        key, _, text = word.partition("=")
        name = "data" if key == "data" else resolve_key(key)
        if name in space or not text:
            what = "is there twice" if name in space else "has no values"
            raise ConfigError(f"{key!r} {what}", where="--grid", mend="Write it as lr=1e-4,2e-4.")
        if ".." in text and name != "data":
            space[name] = _range(name, text)
        else:
            values = [part.strip() for part in text.split(",")]
            texts = name in {"data", "lora_targets"}
            space[name] = list(values) if texts else [parse_value(name, part) for part in values]
    if not space:
        raise ConfigError(
            "the grid is empty", where="--grid", mend="Write it as --grid lr=1e-4,2e-4 batch=8,16."
        )
    return space


def _range(name: str, text: str) -> Range:
    try:
        low, high = (float(part) for part in text.split(".."))
    except ValueError:
        raise ConfigError(f"{name}: {text!r} is no range", where="--grid", mend="Write 1e-5..1e-3.") from None
    if not low < high:
        raise ConfigError(f"{name}: {text!r} goes the wrong way", where="--grid")
    return Range(low, high)


def check_space(base: TrainConfig, space: Space) -> int:
    """Check every point of a grid as a config; returns how many there are (ranges count at both ends)."""
    keys = list(space)
    ends = [[v.low, v.high] if isinstance(v, Range) else v for v in space.values()]
    points = list(product(*ends))
    for point in points:
        build({**base.model_dump(), **_fields(dict(zip(keys, point, strict=True)))}, "--grid")
    return len(points)


def trial_config(
    base: TrainConfig, params: Mapping[str, Any], seed: int, share: float
) -> tuple[TrainConfig, str | None]:
    """The config of one run of a trial, and the export it is to use where the grid names one.

    The budget is the same for all: a trial with twice the batch takes half the steps, and ``share`` is the
    smallest data set's tokens over this one's, so that none sees more tokens than another.
    """
    values = {**base.model_dump(), **_fields(params), "seed": seed}
    rows = values["batch"] * values["accumulation"]
    if base.max_steps is not None and "max_steps" not in params:
        values["max_steps"] = max(1, round(base.max_steps * base.batch * base.accumulation / rows))
    elif base.max_steps is None:
        values["epochs"] = values["epochs"] * share
    data = params.get("data")
    return build(values, "--grid"), str(data) if data is not None else None


def _fields(params: Mapping[str, Any]) -> dict[str, Any]:
    """Params as config values: numbers that should be whole come out whole."""
    fields: dict[str, Any] = {}
    for name, value in params.items():
        if name == "data":
            continue
        if name == "lora_targets":
            fields[name] = str(value).split("+")
            continue
        whole = TrainConfig.model_fields[name].annotation in (int, int | None)
        fields[name] = round(value) if whole and isinstance(value, float) and math.isfinite(value) else value
    return fields
