"""One row as the model will see it: token by token, with what carries loss told apart."""

from __future__ import annotations

from dataclasses import dataclass

from training import template as tpl
from training.data import Export, Row
from training.errors import DataError
from training.models import Voice


@dataclass(frozen=True)
class Preview:
    """A row's tokens as texts, and for each whether it is supervised."""

    id: str
    tokens: list[str]
    supervised: list[bool]


def preview_row(export: Export, voice: Voice, row_id: str | None = None) -> Preview:
    """The row with this id, or the first one. Raises DataError where there is none, or the template refuses it."""
    row = _find(export, row_id)
    try:
        segments = voice.render(row.messages, export.info.system_prompt)
    except tpl.TemplateError as error:
        raise DataError(str(error), where=f"row {row.id}") from error
    ids, labels = tpl.encode(voice.tokenizer, segments, voice.end_id)
    tokens = [voice.tokenizer.decode([token], clean_up_tokenization_spaces=False) for token in ids]
    return Preview(row.id, tokens, [label != tpl.IGNORE for label in labels])


def coloured(preview: Preview) -> str:
    """The row with terminal colours: supervised tokens bold green, all others dim."""
    parts: list[str] = []
    for token, on in zip(preview.tokens, preview.supervised, strict=True):
        safe = "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in token)
        parts.append(f"\x1b[{'1;32' if on else '2'}m{safe}\x1b[0m")
    return "".join(parts)


def marked(preview: Preview) -> str:
    """The row as plain text, each supervised stretch between ⟦ and ⟧."""
    parts: list[str] = []
    inside = False
    for token, on in zip([*preview.tokens, ""], [*preview.supervised, False], strict=True):
        parts.append("⟦" if on and not inside else "⟧" if inside and not on else "")
        parts.append(token)
        inside = on
    return "".join(parts)


def _find(export: Export, row_id: str | None) -> Row:
    for split in ("train", "eval"):
        for rows in export.read(split):
            for row in rows:
                if row_id is None or row.id == row_id:
                    return row
    raise DataError(f"there is no row {row_id!r}", where=str(export.folder))
