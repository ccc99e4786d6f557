"""What an augment step leaves behind: rows and children as one frame, and the step's figures for the manifest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from curation.augment.engine import Candidate
from curation.augment.gates import brief
from curation.augment.hand import Hand
from curation.augment.llm import cost
from curation.augment.measures import prompt_of
from curation.augment.work import Talk
from curation.balance import NONE
from curation.rows import messages_of, rehash

SHOWN = 1_000
"""Characters of a rejected candidate's prompts that the ledger keeps."""
_json = json.JSONEncoder(ensure_ascii=False).encode


def joined(rows: pl.DataFrame, found: Iterable[Candidate]) -> pl.DataFrame:
    """Originals, with their rejected candidates as evidence, and the children with theirs.

    Each candidate is written down as it comes, which is while worker processes make the next ones.
    """
    lost: dict[str, list[str]] = {}
    kept = list[tuple[str, str, Talk, str, str]]()
    for one in found:
        if one.kept and one.messages is not None:
            reason = f"{one.generator} of {one.parent}"
            kept.append((one.id, one.parent, one.messages, reason, _json(one.evidence())))
        else:
            shown = None if one.messages is None else prompt_of(one.messages)[:SHOWN]
            told = {**one.evidence(), "id": one.id, "reason": one.verdict.reason, "candidate": shown}
            lost.setdefault(one.parent, []).append(_json(told))
    lines = {name: f'{{"rejected": [{", ".join(many)}]}}' for name, many in lost.items()}
    originals = rows.with_columns(
        reason=pl.lit(None, pl.String),
        evidence=pl.Series([lines.get(name) for name in rows["id"]], dtype=pl.String),
    )
    return pl.concat([originals, _children(rows, kept).select(originals.columns)])


def _children(rows: pl.DataFrame, kept: Sequence[tuple[str, str, Talk, str, str]]) -> pl.DataFrame:
    """Rows of children: id, parent, messages, reason and evidence of each are given."""
    ids, parents, talks, reasons, evidence = zip(*kept, strict=True) if kept else [()] * 5
    text = {"id": ids, "parent_id": parents, "reason": reasons, "evidence": evidence}
    facts = pl.DataFrame(text, schema=dict.fromkeys(text, pl.String))
    facts = facts.with_columns(messages_of(talks), made_by=pl.lit("augment"))
    facts = facts.with_columns(content_hash=rehash(facts))
    stale = [name for name in rows.columns if "." in name]
    originals = rows.drop("parent_id", "made_by", "messages", "content_hash", *stale)
    return facts.join(
        originals.rename({"id": "parent_id"}), on="parent_id", how="left", maintain_order="left"
    ).with_columns(pl.lit(None, rows.schema[name]).alias(name) for name in stale)


def told(height: int, after: pl.DataFrame) -> Iterator[tuple[str, str, str | None, dict[str, Any]]]:
    """Every candidate of an outcome whose first ``height`` rows are originals: category, id, reason or None, evidence."""
    originals, children = after[:height].filter(pl.col("evidence").is_not_null()), after[height:]
    for row, category, text in children.select("id", "category", "evidence").iter_rows():
        yield category or NONE, row, None, json.loads(text)
    for category, text in originals.select("category", "evidence").iter_rows():
        for one in json.loads(text)["rejected"]:
            yield category or NONE, one["id"], one["reason"], one


def figures(asked: Mapping[str, int], height: int, after: pl.DataFrame, hand: Hand) -> dict[str, Any]:
    """By category: asked, tried, kept, whether the target was reached; by generator; rejections; what hands decided."""
    kept, lost = Counter[tuple[str, str]](), Counter[tuple[str, str, str]]()
    seen, by_hand, spent = [], Counter[str](), dict[tuple[str, str], list[float]]()
    decided = bool(hand.accept or hand.reject)
    # of most children no more is asked than their generator, and there may be very many
    plain = pl.lit(not decided) & ~pl.col("evidence").str.contains('"tokens": ', literal=True)
    children = after[height:].with_columns(plain=plain)
    maker = pl.col("evidence").str.json_path_match("$.generator").alias("generator")
    for category, generator, count in children.filter("plain").group_by("category", maker).len().iter_rows():
        kept[category or NONE, generator] += count
    rest = pl.concat([after[:height], children.filter(~pl.col("plain")).drop("plain")])
    for category, name, reason, one in told(height, rest):
        seen.append(name)
        by_hand[one.get("by hand", "")] += 1
        _spend(spent, one)
        if reason is None:
            kept[category, one["generator"]] += 1
        else:
            lost[category, one["generator"], brief(reason)] += 1
    by_category = {}
    for name, want in sorted(asked.items()):
        made = sum(n for (c, _), n in kept.items() if c == name)
        refused = sum(n for (c, _, _), n in lost.items() if c == name)
        by_category[name] = {"asked": want, "tried": made + refused, "kept": made, "reached": made >= want}
    return {
        "by category": by_category,
        "by generator": [{"category": c, "generator": g, "kept": n} for (c, g), n in sorted(kept.items())],
        "rejected": [
            {"category": c, "generator": g, "reason": r, "count": n} for (c, g, r), n in sorted(lost.items())
        ],
        **({"account": _account(spent)} if spent else {}),
        **({"by hand": _decided(by_hand, hand, seen)} if decided else {}),
    }


def _spend(spent: dict[tuple[str, str], list[float]], one: Mapping[str, Any]) -> None:
    """Add a candidate's tokens to the account of its generator and model: candidates, tokens in and out, cost."""
    if "tokens" not in one:
        return
    llm = one["parameters"].get("llm") or {}
    line = spent.setdefault((one["generator"], llm.get("model") or ""), [0, 0, 0, 0.0])
    tokens_in, tokens_out = one["tokens"]
    paid = cost(tokens_in, tokens_out, llm.get("price_in", 0.0), llm.get("price_out", 0.0))
    for place, value in enumerate((1, tokens_in, tokens_out, paid)):
        line[place] += value


def _account(spent: Mapping[tuple[str, str], Sequence[float]]) -> list[dict[str, Any]]:
    """What the candidates of language models took, whether it was paid in this run or the cache had it."""
    return [
        {
            "generator": name,
            "model": model,
            "candidates": int(n),
            "tokens_in": int(a),
            "tokens_out": int(b),
            "cost": round(paid, 6),
        }
        for (name, model), (n, a, b, paid) in sorted(spent.items())
    ]


def _decided(by_hand: Counter[str], hand: Hand, seen: list[str]) -> dict[str, Any]:
    """How often a person's word counted, and the ids that no candidate had."""
    return {"accepted": by_hand["accept"], "rejected": by_hand["reject"], "not seen": hand.unseen(seen)}
