"""Candidates of an augment step, as a person wants to see them: one call for the command and the workbench."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import polars as pl

from curation.augment import difference
from curation.augment.engine import Candidate
from curation.augment.gates import brief
from curation.augment.measures import prompt_of
from curation.errors import RecipeError
from curation.recipe import Recipe
from curation.run import rows_of
from curation.step import Context
from curation.steps.augment import Augment
from curation.store import Store, Version

TURN = pl.Struct({"role": pl.String, "content": pl.String})
PART = pl.Struct({"kind": pl.String, "text": pl.String})
CANDIDATES = {
    "id": pl.String(), "parent_id": pl.String(), "category": pl.String(), "generator": pl.String(),
    "parameters": pl.String(), "attempt": pl.Int64(), "before": pl.String(), "after": pl.String(),
    "parts": pl.List(PART), "answer_parts": pl.List(PART), "kept": pl.Boolean(), "gate": pl.String(),
    "reason": pl.String(), "by_hand": pl.String(), "may_accept": pl.Boolean(), "parent_messages": pl.List(TURN),
    "messages": pl.List(TURN),
}  # fmt: skip
"""One line a candidate. ``before`` and ``after`` are the prompts (``after`` null where the generator gave none);
``parts`` their word-level difference, kind same, gone or new; ``gate`` what decided against it; ``by_hand`` accept or
reject; ``may_accept`` whether an acceptance by hand would count."""
GATES = {
    "place": pl.Int64(), "candidate": pl.String(), "gate": pl.String(), "value": pl.Float64(), "text": pl.String(), "low": pl.Float64(),
    "high": pl.Float64(), "passed": pl.Boolean(),
}  # fmt: skip
"""One line a candidate and gate: the candidate's place in ``candidates`` (its id can stand there twice), the value as a number or as a text, the limits (null: none), and whether it passed."""
GENERATORS = {
    "generator": pl.String(), "tried": pl.Int64(), "kept": pl.Int64(), "rate": pl.Float64(), "reasons": pl.String(),
}  # fmt: skip
"""One line a generator: candidates tried and kept, their share (0 to 1), and why the others were rejected."""


@dataclass(frozen=True)
class Preview:
    """The frames that a screen and the command draw; their columns stand above."""

    candidates: pl.DataFrame
    gates: pl.DataFrame
    generators: pl.DataFrame
    asked: dict[str, int]
    """Rows that the step would add, by category."""
    accounts: list[dict[str, Any]] = field(default_factory=list)
    """By generator that asks a language model: requests sent and answered by the cache, tokens and cost of the sent ones."""
    others: tuple[int, ...] = ()
    """The places of the recipe's other augment steps, as ``tome run`` counts them."""

    @property
    def kept(self) -> int:
        """How many candidates were kept."""
        return int(self.candidates["kept"].sum())

    def gates_of(self, place: int) -> pl.DataFrame:
        """What the gates measured of one candidate, by its place."""
        return self.gates.filter(pl.col("place") == place).drop("place", "candidate")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        lines = self.candidates.drop("parent_messages", "messages").to_dicts()
        shown = [{**line, "gates": self.gates_of(place).to_dicts()} for place, line in enumerate(lines)]
        return {
            "candidates": shown,
            "kept": self.kept,
            "by_generator": self.generators.to_dicts(),
            "asked": self.asked,
            "accounts": self.accounts,
        }


def preview(recipe: Recipe, store: Store, number: int, place: int | None = None) -> Preview:
    """The first candidates of a recipe's augment step, after the steps before it (from the cache if run).

    ``place`` is the step's, counted from 0; the first augment step otherwise. Raises RecipeError for a recipe without an augment
    step there, and whatever the steps raise.
    """
    places = [at for at, step in enumerate(recipe.steps) if step.op == "augment"]
    if not places:
        raise RecipeError("the recipe has no augment step", where=recipe.name, mend="Add one after split.")
    place = places[0] if place is None else place
    if place not in places:
        known = ", ".join(map(str, places))
        raise RecipeError(
            f"step {place} is no augment step", where=recipe.name, mend=f"Counted from 0, these are: {known}."
        )
    head = recipe.model_copy(update={"steps": recipe.steps[:place], "require": ()})
    seen = of_rows(rows_of(head, store), _step(recipe, place), store, number, recipe.seed)
    return replace(seen, others=tuple(at for at in places if at != place))


def of_version(version: Version, step: Augment, store: Store, number: int, seed: int = 0) -> Preview:
    """The first candidates of a step over a version's rows. Raises InputError where these have no split yet."""
    return of_rows(version.rows(), step, store, number, seed)


def of_rows(rows: pl.DataFrame, step: Augment, store: Store | None, number: int, seed: int = 0) -> Preview:
    """The first ``number`` candidates of a step over rows, as even as can be over the categories asked for."""
    asked = {name: want for name, want in step.asked(rows).items() if want}
    ctx = Context(seed=seed, cache=None if store is None else store.root / "cache")
    engine = step.engine(rows, ctx)
    try:
        found = list(islice(step.walk(engine, rows, -(-number // max(len(asked), 1))), number))
    finally:
        engine.close()
    talks = dict(rows.select("id", "messages").iter_rows())
    return Preview(
        pl.DataFrame([_line(one, talks[one.parent]) for one in found], schema=CANDIDATES, orient="row"),
        pl.DataFrame(
            [line for place, one in enumerate(found) for line in _gates(place, one)],
            schema=GATES,
            orient="row",
        ),
        pl.DataFrame(_generators(found), schema=GENERATORS, orient="row"),
        asked,
        engine.producer.accounts(),
    )


def _step(recipe: Recipe, place: int) -> Augment:
    step = recipe.steps[place]
    assert isinstance(step, Augment)
    return step


def _line(one: Candidate, parent: list[dict[str, str]]) -> tuple[Any, ...]:
    before = prompt_of(parent)
    after = None if one.messages is None else prompt_of(one.messages)
    changed = answers_of(parent), answers_of(one.messages or [])
    answer = changed if one.messages is not None and changed[0] != changed[1] else None
    gate = None if one.verdict.reason is None else brief(one.verdict.reason)
    return (
        one.id, one.parent, one.category, one.generator, json.dumps(dict(one.options)), one.attempt, before, after,
        [] if after is None else [part._asdict() for part in difference.parts(before, after)],
        [part._asdict() for part in difference.parts(*answer)] if answer else [],
        one.kept, gate, one.verdict.reason, one.hand, one.may_accept, parent, one.messages,
    )  # fmt: skip


def answers_of(messages: list[dict[str, str]]) -> str:
    """All turns of the assistant as one text."""
    return "\n".join(turn["content"] for turn in messages if turn["role"] == "assistant")


def _gates(place: int, one: Candidate) -> list[tuple[Any, ...]]:
    lines = []
    for it in one.verdict.measured:
        number = None if isinstance(it.value, str) or it.value is None else float(it.value)
        text = it.value if isinstance(it.value, str) else None
        lines.append((place, one.id, it.gate, number, text, it.low, it.high, it.passed))
    return lines


def _generators(found: list[Candidate]) -> list[tuple[Any, ...]]:
    fate = Counter((one.generator, brief(one.verdict.reason or "")) for one in found)
    lines = []
    for name in sorted({one.generator for one in found}):
        lost = sorted(
            ((n, why) for (g, why), n in fate.items() if g == name and why), key=lambda x: (-x[0], x[1])
        )
        kept = fate[name, ""]
        tried = kept + sum(n for n, _ in lost)
        lines.append((name, tried, kept, round(kept / tried, 4), ", ".join(f"{why} {n}" for n, why in lost)))
    return lines
