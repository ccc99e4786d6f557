"""``quality``: cheap signals of a bad answer, each in its own column, and a list of those that a row raises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from curation import quality_patterns as patterns
from curation.errors import MissingExtra
from curation.repetition import repeated_share
from curation.rows import WORD, in_slices, text_of
from curation.step import Context, Kind, Step

FLAGS = (
    "broken_encoding", "digits", "echo", "empty_answer", "no_end", "one_word", "open_fence", "refusal", "repeated",
    "self_description", "symbols", "user_last", "wrong_language",
)  # fmt: skip
"""The names that ``quality.flags`` may hold, in its order."""
SURE = 0.7
"""Confidence in the answer's language from which it can miss the one asked for."""
SUREST = 0.9
"""Confidence of both sides that counts within one script, where lists of names mislead a letter model."""
ECHO = 40
"""Characters that a prompt must have before its copy in the answer counts as an echo."""


class Quality(Step):
    """Look for signs of a bad answer: cheap, explainable, and each by itself.

    Adds, under ``quality.``: the flags ``empty_answer``, ``one_word``, ``no_end``, ``open_fence``, ``refusal``,
    ``self_description``, ``echo``, ``broken_encoding``, ``user_last``, ``wrong_language`` (null without the columns
    of ``language``); the shares ``repeated``, ``symbols`` and ``digits`` (0 to 1); ``score``, the dataset's own;
    and ``flags``, the names of all that a row raises, sorted and joined by commas, empty where there are none.
    A share raises its flag at the threshold below; to move a threshold cheaply, filter by the share itself.

    Sources: Rae et al. 2021 (Gopher) for repetition and symbols; ftfy (Speer 2019) for broken encoding; the
    phrases are our own, see ``curation.quality_patterns``.
    """

    kind: ClassVar[Kind] = "annotate"
    scope: ClassVar[Literal["row", "global"]] = "row"
    op: Literal["quality"] = "quality"
    ngram: Annotated[int, Field(ge=1, le=50)] = 5
    """Words of an n-gram for ``repeated``."""
    repeated: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Share of n-grams that stood in the answers before, from which the flag is raised."""
    symbols: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Share of the answers' characters that are no letters, marks, digits or spaces, from which it is raised."""
    digits: Annotated[float, Field(ge=0, le=1)] = 0.4
    """Share of the answers' characters that are digits, from which it is raised."""
    score: str | None = "score"
    """The dataset's own score: a numeric column that is copied to ``quality.score``; null where there is none."""
    encoding: Literal["ftfy", "pattern"] = "ftfy"
    """Judge suspicious texts by ftfy (extra ``text``), or take the pattern's word for it (more false alarms)."""

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:  # noqa: ARG002
        """Rows with their signals. Raises MissingExtra without ftfy."""
        return rows.with_columns(in_slices(rows, self._signals))

    def _signals(self, rows: pl.DataFrame) -> pl.DataFrame:
        texts = rows.select(
            answers=text_of(roles=["assistant"]).fill_null(""),
            last=_last("assistant").fill_null(""),
            prompt=_last("user").fill_null("").str.strip_chars(),
        )
        signals = texts.select(
            *(expression.alias(f"quality.{name}") for name, expression in _of_answers().items()),
            _symbols(),
            _digits(),
        )
        signals = signals.hstack(_of_turns(rows)).with_columns(
            self._encoding(rows),
            _echo(texts),
            repeated_share(texts["answers"], self.ngram).alias("quality.repeated"),
            _wrong_language(rows, texts),
            self._score(rows),
        )
        return signals.with_columns(self._flags())

    def _flags(self) -> pl.Expr:
        """The names of the flags that are up."""
        up = {name: pl.col(f"quality.{name}") for name in FLAGS}
        for name, least in {
            "repeated": self.repeated,
            "symbols": self.symbols,
            "digits": self.digits,
        }.items():
            up[name] = (up[name] >= least) & (up[name] > 0)
        names = [pl.when(flag).then(pl.lit(name)) for name, flag in up.items()]
        return pl.concat_str(names, separator=",", ignore_nulls=True).fill_null("").alias("quality.flags")

    def _score(self, rows: pl.DataFrame) -> pl.Series:
        known = self.score is not None and self.score in rows.columns and rows.schema[self.score].is_numeric()
        score = (
            rows[self.score].cast(pl.Float64)
            if known and self.score
            else pl.repeat(None, rows.height, eager=True)
        )
        return score.cast(pl.Float64).alias("quality.score")

    def _encoding(self, rows: pl.DataFrame) -> pl.Series:
        """Whether a text shows a replacement character or UTF-8 that was read as something else."""
        turns = pl.element().struct.field("content").str
        suspect = rows.select(
            pl.col("messages").list.eval(turns.contains(patterns.MOJIBAKE)).list.any().fill_null(False)
        )
        found = suspect.to_series().alias("quality.broken_encoding")
        if self.encoding == "pattern":
            return found
        try:
            from ftfy.badness import is_bad
        except ModuleNotFoundError:
            raise MissingExtra.of("ftfy", "text") from None
        for place in found.arg_true().to_list():
            texts = [turn["content"] for turn in rows["messages"][place]]
            found[place] = any("\ufffd" in text or is_bad(text) for text in texts if text)
        return found


def _last(role: str) -> pl.Expr:
    element = pl.element()
    contents = element.struct.field("content").filter(element.struct.field("role") == role)
    return pl.col("messages").list.eval(contents).list.last()


def _of_turns(rows: pl.DataFrame) -> pl.DataFrame:
    """Flags that any assistant turn can raise, and the order of turns."""
    turns = (
        rows.select(pl.int_range(pl.len()).alias("row"), "messages")
        .explode("messages", empty_as_null=False, keep_nulls=False)
        .unnest("messages")
        .filter(pl.col("role") == "assistant")
    )
    text = pl.col("content")
    blank = turns.filter(text.is_null() | (text.str.strip_chars() == ""))
    fenced = turns.filter(text.str.contains_any(["```", "~~~"]))
    heads = turns.select("row", text.str.head(400))
    # a long pattern is slow, a list of plain words is fast: the pattern sees what the list lets through
    refusing = heads.filter(text.str.contains_any(patterns.REFUSAL_HINTS, ascii_case_insensitive=True))
    speaking = turns.filter(text.str.contains_any(patterns.SELF_HINTS, ascii_case_insensitive=True))
    places = {
        "open_fence": fenced.filter(text.str.count_matches(patterns.FENCE) % 2 == 1),
        "refusal": refusing.filter(text.str.contains(patterns.REFUSAL)),
        "self_description": speaking.filter(text.str.contains(patterns.SELF)),
    }
    every = pl.int_range(pl.len())
    roles = pl.col("messages").list.eval(pl.element().struct.field("role"))
    answered = every.is_in(turns["row"].unique().implode()) & ~every.is_in(blank["row"].implode())
    return rows.select(
        (~answered).alias("quality.empty_answer"),
        *(every.is_in(found["row"].implode()).alias(f"quality.{name}") for name, found in places.items()),
        (roles.list.last() == "user").fill_null(False).alias("quality.user_last"),
    )


def _of_answers() -> dict[str, pl.Expr]:
    """Flags of the last answer."""
    last = pl.col("last")
    tail = last.str.strip_chars().str.tail(600)
    code = last.str.contains(patterns.CODE)
    prose = (
        tail.str.contains(patterns.PROSE_END)
        & tail.str.contains(patterns.SENTENCE_END)
        & ~tail.str.contains(patterns.UNSPACED)
        & ~tail.str.contains(patterns.SIGNED)
    )
    broken = ~tail.str.contains(patterns.ENDS) & ~code & (prose | tail.str.contains(patterns.DANGLING))
    return {
        "one_word": last.str.head(200).str.count_matches(WORD) == 1,
        "no_end": broken & (last.str.len_chars() > 60),
    }


def _echo(texts: pl.DataFrame) -> pl.Series:
    """Whether the last answer holds the last prompt, word for word; Python's search, since patterns have a limit."""
    pairs = texts.select("prompt", "last").iter_rows()
    found = [len(prompt) >= ECHO and len(prompt) <= len(last) and prompt in last for prompt, last in pairs]
    return pl.Series("quality.echo", found, dtype=pl.Boolean)


OF_PROMPTS = {"broken_encoding", "echo"}
"""The flags that a prompt has a part in, without the columns of ``language``."""


def of_prompts(talks: Sequence[Sequence[Mapping[str, str]]]) -> list[set[str]]:
    """Which of those flags each conversation raises, by the pattern alone; for candidates whose answers are known."""

    def last(talk: Sequence[Mapping[str, str]], role: str) -> str:
        return next((turn["content"] for turn in reversed(talk) if turn["role"] == role), "")

    # a line end is part of no sign of a broken encoding, nor is a text of ASCII alone
    whole = ["\n".join(turn["content"] for turn in talk) for talk in talks]
    texts = pl.DataFrame(
        {
            "prompt": [last(talk, "user") for talk in talks],
            "last": [last(talk, "assistant") for talk in talks],
            "all": [None if text.isascii() else text for text in whole],
        },
        schema={"prompt": pl.String, "last": pl.String, "all": pl.String},
    ).with_columns(pl.col("prompt").str.strip_chars(), broken=pl.col("all").str.contains(patterns.MOJIBAKE))
    pairs = zip(texts["broken"], _echo(texts), strict=True)
    return [
        {name for name, up in zip(("broken_encoding", "echo"), pair, strict=True) if up} for pair in pairs
    ]


def _share(count: pl.Expr) -> pl.Expr:
    length = pl.col("answers").str.len_chars()
    return pl.when(length > 0).then(count / length).otherwise(0.0).cast(pl.Float64)


def _symbols() -> pl.Expr:
    return _share(pl.col("answers").str.count_matches(r"[^\p{L}\p{M}\p{N}\s]")).alias("quality.symbols")


def _digits() -> pl.Expr:
    return _share(pl.col("answers").str.count_matches(r"\p{Nd}")).alias("quality.digits")


def _in_other_letters(text: pl.Expr) -> pl.Expr:
    """Whether a text is written mostly in letters other than Latin ones (one of those for every three)."""
    head = text.str.head(400)
    return head.str.count_matches(r"[^\P{L}\p{Latin}]") * 3 > head.str.count_matches(r"\p{Latin}")


def _wrong_language(rows: pl.DataFrame, texts: pl.DataFrame) -> pl.Series:
    """Whether the answer is in another language than was asked for, or, without a word about it, than the prompt.

    A translation that quotes, or names the language, explains it in the prompt's own, and is left alone.
    """
    name = "quality.wrong_language"
    if "language.assistant" not in rows.columns or "language.mixed" not in rows.columns:
        return pl.Series(name, [None] * rows.height, dtype=pl.Boolean)
    codes = {word: code for code, words in patterns.LANGUAGES.items() for word in words.split("|")}
    asked = pl.col("prompt").str.extract(patterns.ASKED, 1).str.to_lowercase()
    sides = rows.select(
        found="language.assistant",
        sure=pl.col("language.assistant_confidence").fill_null(0) >= SURE,
        mixed="language.mixed",
        surest=pl.min_horizontal("language.user_confidence", "language.assistant_confidence") >= SUREST,
    )
    frame = texts.select(
        "prompt", "last", asked=asked.replace_strict(codes, default=None, return_dtype=pl.String)
    ).hstack(sides)
    explains = pl.col("last").str.contains(patterns.EXPLAINS)
    first, second = _in_other_letters(pl.col("prompt")), _in_other_letters(pl.col("last"))
    apart = (first != second) | (~first & ~second & pl.col("surest"))
    elsewhere = pl.col("mixed") & apart & ~pl.col("prompt").str.contains(patterns.MENTIONS)
    missed = pl.col("sure") & (pl.col("found") != pl.col("asked")) & ~explains
    wrong = pl.when(pl.col("asked").is_not_null()).then(missed).otherwise(elsewhere)
    return frame.select(wrong.fill_null(False).alias(name)).to_series()
