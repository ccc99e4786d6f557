"""``augment``: more rows in a category, made from its training rows, each protected, gated and accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field, model_validator

from curation.augment.gates import Gates
from curation.augment.hand import Hand
from curation.augment.specs import AnySpec, Words
from curation.balance import NONE
from curation.errors import InputError, nearest
from curation.step import Context, Kind, Step
from curation.steps.balance import Balance
from curation.steps.split import TRAIN

if TYPE_CHECKING:
    from curation.augment.engine import Candidate, Engine


class Augment(Step):
    """Make new rows from training rows: synonyms, noise, back-translation, paraphrase, or whole new pairs.

    Protected spans (code, LaTeX, numbers, names, quotations, links, ...) come back untouched or the candidate
    is rejected; what is left passes the gates, or is rejected with the reason and the measured values. Only
    original rows of the training side are parents. User turns change, answers stay word for word, unless the
    generator writes both on purpose (``synthesize``).

    A child bears its parent's family, category and split. Columns of earlier steps are null for it, since its
    text is another; columns that came with the data are the parent's. Rejected candidates are lines of the
    ledger under their parent's id.

    Sources: see each generator; gates after Wang et al. 2023, "Self-Instruct".
    """

    kind: ClassVar[Kind] = "expand"
    scope: ClassVar[Literal["row", "global"]] = "global"
    version: ClassVar[int] = 12
    op: Literal["augment"] = "augment"
    category: str | None = None
    """The category to raise, with ``rows`` as one number."""
    rows: Annotated[int, Field(ge=0)] | dict[str, Annotated[int, Field(ge=0)]] | None = None
    """How many rows to add: a number for ``category``, or a mapping from category to number."""
    balance: Balance | None = None
    """Instead of numbers: add what this balance, with these parameters, would leave as ``to_augment``."""
    generators: Annotated[tuple[AnySpec, ...], Field(min_length=1)]
    """Which generators, in turn: a name, or a name with its parameters."""
    gates: Gates = Gates()
    """The limits that a candidate must keep."""
    terms: tuple[str, ...] = ()
    """Words and names that are protected beside what is found by itself."""
    turns: Annotated[tuple[Literal["user", "assistant", "system"], ...], Field(min_length=1)] = ("user",)
    """Whose turns may change."""
    attempts: Annotated[int, Field(ge=1, le=1000)] = 10
    """The effort limit: candidates tried for each row that is asked for."""
    accept: tuple[str, ...] = ()
    """Ids of candidates to keep by hand, whatever the gates say but for near-duplicates and benchmark overlap."""
    reject: tuple[str, ...] = ()
    """Ids of candidates to refuse by hand."""

    @model_validator(mode="after")
    def _one_way_to_ask(self) -> Augment:
        if (self.rows is None) == (self.balance is None):
            raise ValueError("say how many with rows, or let balance say it: one of the two")
        if isinstance(self.rows, int) and self.category is None:
            raise ValueError("rows as one number needs a category")
        if self.category is not None and not isinstance(self.rows, int):
            raise ValueError("category goes with rows as one number")
        if both := set(self.accept) & set(self.reject):
            raise ValueError(f"candidate {min(both)} is both accepted and rejected by hand")
        return self

    def inputs(self) -> list[Path]:
        """Benchmark files that candidates are held against."""
        if not self.gates.against:
            return []
        from curation.testsets import files_of

        return [file.path for _, file in files_of(self.gates.against)]

    def asked(self, rows: pl.DataFrame) -> dict[str, int]:
        """How many rows are asked for, by category. Raises InputError for a category that isn't there."""
        if self.balance is not None:
            if self.balance.by != "category":
                raise InputError("augmented rows are asked for by category", where="augment: balance")
            lines = self.balance.plan(rows).lines
            return {line.category: line.to_augment for line in lines if line.to_augment}
        given = self.rows if isinstance(self.rows, dict) else {str(self.category): int(self.rows or 0)}
        known = rows["category"].drop_nulls().unique().sort().to_list()
        for name in given:
            if rows.height and name not in known:
                raise InputError(
                    f"no row has the category {name!r}", where="augment", mend=nearest(name, known)
                )
        return dict(given)

    @property
    def hand(self) -> Hand:
        """What was decided by hand."""
        return Hand(frozenset(self.accept), frozenset(self.reject))

    def apply(self, rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
        """All rows and their children. Raises InputError, MissingExtra, MissingResource, LlmError."""
        from curation.augment.garbage import paused
        from curation.augment.record import joined

        # changes of words leave no garbage that only a search would find, and there may be very many of them
        with paused() if all(isinstance(one, Words) for one in self.generators) else nullcontext():
            return joined(rows, self.candidates(rows, ctx) if rows.height else [])

    def candidates(self, rows: pl.DataFrame, ctx: Context) -> Iterator[Candidate]:
        """Every candidate with its verdict, kept or not, in order."""
        engine = self.engine(rows, ctx, sum(self.asked(rows).values()))
        try:
            yield from self.walk(engine, rows)
        finally:
            engine.close()
            for one in engine.producer.accounts():
                if one["sent"] or one["cached"]:
                    ctx.note(**one)

    def engine(self, rows: pl.DataFrame, ctx: Context, asked: int = 0) -> Engine:
        """What makes and judges them, with its generators loaded; ``asked`` is how many rows. Raises InputError, MissingExtra, MissingResource, LlmError."""
        from curation.augment.engine import Engine

        if rows["split"].null_count():
            raise InputError(
                "rows have no split yet, so children would stand on both sides",
                where="augment", mend="Put a split step before augment.",
            )  # fmt: skip
        return Engine(
            rows, self.generators, self.gates, terms=self.terms, roles=frozenset(self.turns),
            attempts=self.attempts, ctx=ctx, hand=self.hand, asked=asked,
        )  # fmt: skip

    def walk(self, engine: Engine, rows: pl.DataFrame, most: int | None = None) -> Iterator[Candidate]:
        """Candidates category by category; ``most`` of each, where it is given, so that all generators come up early."""
        asked = self.asked(rows)
        done, total = 0, sum(asked.values())
        for place, (category, want) in enumerate(sorted(asked.items())):
            parents = rows.filter(
                (pl.col("category").fill_null(NONE) == category)
                & (pl.col("split") == TRAIN)
                & pl.col("made_by").is_null()
            ).sort("id")
            if want and parents.height:
                # where a category shows fewer than there are generators, the next one goes on with the others
                shown = most if most and most < len(self.generators) else 0
                skip = place * shown % min(len(self.generators), want * self.attempts)
                for candidate in islice(engine.run(category, parents, want, most, skip), most):
                    done += candidate.kept
                    engine.ctx.progress(done, total)
                    yield candidate

    def summary(self, before: pl.DataFrame, after: pl.DataFrame) -> dict[str, Any]:
        """By category: asked, tried, kept, whether the target was reached; rejections by reason and generator."""
        from curation.augment.record import figures

        return figures(self.asked(before) if before.height else {}, before.height, after, self.hand)
