"""How different texts are from one another: distinct-n, self-BLEU, spread of embeddings; originals beside children.

Sources: distinct-n, Li et al. 2016; self-BLEU, Zhu et al. 2018 (Texygen), by BLEU of Papineni et al. 2002.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl

from curation.augment.measures import WORDS, prompt_of
from curation.balance import NONE
from curation.contract import digest
from curation.step import Context

SAMPLE = 200
"""Texts that self-BLEU and the spread are taken over, drawn by hash: both compare all with all."""


def distinct(texts: Sequence[str], n: int) -> float:
    """Share of n-grams of words that are different ones, from 0 to 1; 0 where there are none."""
    grams = [gram for text in texts for gram in _grams(text, n)]
    return round(len(set(grams)) / len(grams), 4) if grams else 0.0


def self_bleu(texts: Sequence[str]) -> float:
    """Mean BLEU-4 (add-one smoothed, with the brevity penalty) of each text against all others: 0 all different, 1 all alike."""
    if len(texts) < 2:
        return 0.0
    counts = [[Counter(_grams(text, n)) for n in range(1, 5)] for text in texts]
    sizes = [sum(found[0].values()) for found in counts]
    best: list[dict[Any, list[tuple[int, int]]]] = []
    for n in range(4):
        most: dict[Any, list[tuple[int, int]]] = {}
        for place, found in enumerate(counts):
            for gram, count in found[n].items():
                most[gram] = sorted([*most.get(gram, []), (count, place)], reverse=True)[:2]
        best.append(most)
    scores = []
    for place, found in enumerate(counts):
        logs = 0.0
        for n in range(4):
            total = sum(found[n].values())
            shared = sum(
                min(count, next((c for c, owner in best[n][gram] if owner != place), 0))
                for gram, count in found[n].items()
            )
            logs += math.log((shared + 1) / (total + 1))
        brief = _brevity(sizes[place], sizes[:place] + sizes[place + 1 :])
        scores.append(brief * math.exp(logs / 4))
    return round(sum(scores) / len(scores), 4)


def _brevity(size: int, others: Sequence[int]) -> float:
    """BLEU's penalty of a text shorter than the one that is nearest to it in length, the shorter of two."""
    nearest = min(others, key=lambda other: (abs(other - size), other))
    return 1.0 if size >= nearest or not size else math.exp(1 - nearest / size)


def spread(rows: pl.DataFrame, ctx: Context, encoder: str = "static") -> float:
    """Mean cosine distance of pairs of prompts, from 0 (all alike) to 2."""
    from curation.embedding import cosines, vectors

    if rows.height < 2:
        return 0.0
    found = cosines(*[vectors(rows, model=encoder, view="first_prompt", ctx=ctx)] * 2)
    pairs = rows.height * (rows.height - 1)
    return round(1 - float((found.sum() - found.trace()) / pairs), 4)


def compare(rows: pl.DataFrame, ctx: Context | None = None) -> list[list[dict[str, Any]]]:
    """For each category that has children: the figures of its originals in training, of its children, and of both.

    Keys: category, side, rows, characters_25, characters (the median of prompts), characters_75, distinct_1, distinct_2,
    self_bleu, spread.
    """
    ctx = ctx or Context()
    child = (pl.col("made_by") == "augment").fill_null(False)
    found = []
    for name in rows.filter(child)["category"].unique().sort(nulls_last=True).to_list():
        of = rows.filter(pl.col("category").eq_missing(pl.lit(name)) & (pl.col("split") != "eval"))
        originals, children = of.filter(pl.col("made_by").is_null()), of.filter(child)
        sides = {"originals": originals, "children": children, "both": pl.concat([originals, children])}
        found.append(
            [{"category": name or NONE, "side": side, **_figures(part, ctx)} for side, part in sides.items()]
        )
    return found


def _figures(rows: pl.DataFrame, ctx: Context) -> dict[str, Any]:
    order = sorted(range(rows.height), key=lambda place: digest(rows["id"][place]))[:SAMPLE]
    prompts = [prompt_of(messages) for messages in rows["messages"].to_list()]
    lengths = pl.Series([len(prompt) for prompt in prompts] or [0])
    low, middle, high = (round(lengths.quantile(part, "linear") or 0) for part in (0.25, 0.5, 0.75))
    return {
        "rows": rows.height,
        "characters_25": low,
        "characters": middle,
        "characters_75": high,
        "distinct_1": distinct(prompts, 1),
        "distinct_2": distinct(prompts, 2),
        "self_bleu": self_bleu([prompts[place] for place in order]),
        "spread": spread(rows[order], ctx),
    }


def _grams(text: str, n: int) -> list[tuple[str, ...]]:
    words = WORDS.findall(text.lower())
    return list(zip(*(words[start:] for start in range(n)), strict=False))
