"""The resume key: a run goes on only with the rows, template, tokenizer and hyper-parameters it began with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curation.contract import canonical_json, digest
from training import template as tpl
from training.config import TrainConfig
from training.data import Export
from training.errors import ResumeError
from training.models import Base, Voice

ORDER = 2
"""The edition of the order in which ``group_by_length`` takes the rows (``training.order``)."""


def key_parts(
    export: Export, base: Base, voice: Voice, config: TrainConfig, world: int = 1
) -> dict[str, Any]:
    """What decides the trained weights, part by part, as plain JSON values. ``world`` counts processes."""
    return {
        "rows": export.key,
        "system_prompt": export.info.system_prompt,
        "template": digest(voice.template),
        "template_date": tpl.PINNED_DATE,
        "tokenizer": voice.key(),
        "base": base.revision or base.sha256 or base.name,
        "processes": world,
        "hyper": config.effective(),
        **({"order": ORDER} if config.group_by_length else {}),
    }


def key_of(parts: Mapping[str, Any]) -> str:
    """The key itself, 32 hexadecimal digits."""
    return digest(canonical_json(parts))


def refuse_difference(before: Mapping[str, Any], now: Mapping[str, Any], where: str) -> None:
    """Raises ResumeError that names each part that differs, with both values."""
    changed = differences(before, now)
    if changed:
        raise ResumeError(
            f"this isn't the run that was begun: {'; '.join(changed)}",
            where=where,
            mend="Put it back as it was, or start a new run under another --name.",
        )


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Each difference as a short text: ``learning_rate was 0.0002, is 0.0005``."""
    found: list[str] = []
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new)
        elif name in {"rows", "template", "tokenizer", "base"}:
            found.append(f"the {name} changed ({str(old)[:8]} then, {str(new)[:8]} now)")
        else:
            found.append(f"{prefix}{name} was {old!r}, is {new!r}")
    return found
