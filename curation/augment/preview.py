"""Candidates of a recipe's augment step, as a person wants to see them: one call for the command and the workbench."""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import polars as pl

from curation.augment.gates import prompt_of
from curation.errors import RecipeError
from curation.recipe import Recipe
from curation.run import run_recipe
from curation.step import Context
from curation.store import Store


@dataclass(frozen=True)
class Seen:
    """One candidate: parent and child prompts, the words that differ (-old +new), gate values and the verdict."""

    parent: str
    category: str | None
    generator: str
    attempt: int
    before: str
    after: str | None
    difference: str
    values: dict[str, Any]
    verdict: str


@dataclass(frozen=True)
class Preview:
    """The candidates, and how they fared by generator."""

    candidates: list[Seen]
    kept: int
    by_generator: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "candidates": [asdict(one) for one in self.candidates],
            "kept": self.kept,
            "by_generator": self.by_generator,
        }


def preview(recipe: Recipe, store: Store, number: int) -> Preview:
    """The first candidates of the recipe's first augment step, after the steps before it (from the cache if run).

    Raises RecipeError for a recipe without an augment step, and whatever the step raises.
    """
    place = next((place for place, step in enumerate(recipe.steps) if step.op == "augment"), None)
    if place is None:
        raise RecipeError("the recipe has no augment step", where=recipe.name, mend="Add one after split.")
    head = recipe.model_copy(update={"steps": recipe.steps[:place], "require": ()})
    rows = run_recipe(head, store).rows()
    ctx = Context(seed=recipe.seed, cache=store.root / "cache")
    return of_step(recipe.steps[place], rows, ctx, number)


def of_step(step: Any, rows: pl.DataFrame, ctx: Context, number: int) -> Preview:
    """The first candidates of an augment step over rows."""
    talks = dict(rows.select("id", "messages").iter_rows())
    seen, fate = [], Counter[tuple[str, str]]()
    candidates = step.candidates(rows, ctx)
    for one in islice(candidates, number):
        before = prompt_of(talks[one.parent])
        after = None if one.messages is None else prompt_of(one.messages)
        verdict = "kept" if one.kept else f"rejected: {one.verdict.reason}"
        fate[one.generator, "kept" if one.kept else str(one.verdict.reason).partition(":")[0]] += 1
        difference = "" if after is None else word_difference(before, after)
        seen.append(
            Seen(
                one.parent,
                one.category,
                one.generator,
                one.attempt,
                before,
                after,
                difference,
                one.verdict.values,
                verdict,
            )
        )
    candidates.close()
    lines = []
    for name in sorted({generator for generator, _ in fate}):
        lost = {reason: n for (g, reason), n in sorted(fate.items()) if g == name and reason != "kept"}
        kept = fate[name, "kept"]
        reasons = ", ".join(f"{reason} {n}" for reason, n in lost.items())
        lines.append(
            {"generator": name, "tried": kept + sum(lost.values()), "kept": kept, "reasons": reasons}
        )
    return Preview(seen, sum(one.verdict == "kept" for one in seen), lines)


def word_difference(before: str, after: str) -> str:
    """The words that differ, as ``-old +new`` with an ellipsis between places.

    >>> word_difference("the red fox ran", "the auburn fox ran off")
    '-red +auburn … +off'
    """
    left, right = before.split()[:2000], after.split()[:2000]
    parts = []
    for action, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if action != "equal":
            old, new = " ".join(left[a:b]), " ".join(right[c:d])
            parts.append(" ".join(filter(None, (old and f"-{old}", new and f"+{new}"))))
    return " … ".join(parts)
