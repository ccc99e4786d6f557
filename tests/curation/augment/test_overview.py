"""The overview of a version and its section in the report: exact counts, escaped text, the account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from checkout import ROOT
from llm_standin import serving
from talks import talk

from curation.augment.overview import ACCOUNT, CATEGORIES, COMPARED, GENERATORS, REASONS, overview
from curation.augment.told import lines
from curation.recipe import parse_recipe
from curation.report import write_report
from curation.rows import make_rows
from curation.run import run_recipe
from curation.store import Store

pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
RECIPE = f"""
name: mixed
sources: [{{uri: "{ROOT / "data/samples/larkfield.csv"}", name: l, map: {{user: question, assistant: answer, category: topic}}}}]
steps:
  - split
  - {{op: augment, rows: {{legal: 10, safety: 2}}, attempts: 2, generators: [keyboard, delete], gates: {{semantic: [0.93, 1.0]}}}}
"""


def test_counts_add_up_and_the_report_shows_them(store: Store, tmp_path: Path) -> None:
    version = run_recipe(parse_recipe(RECIPE), store)
    found = overview(version)
    assert found is not None
    for frame, schema in (
        (found.categories, CATEGORIES), (found.generators, GENERATORS), (found.reasons, REASONS), (found.compared, COMPARED), (found.account, ACCOUNT),
    ):  # fmt: skip
        assert dict(frame.schema) == schema
    ledger = version.ledger().filter(pl.col("op") == "augment")
    kept = ledger.filter(pl.col("action") == "made").height
    assert found.categories["category"].to_list() == ["legal", "safety"]
    assert found.categories["asked"].to_list() == [10, 2]
    assert found.categories["kept"].sum() == found.generators["kept"].sum() == kept > 0
    assert found.categories["tried"].sum() == found.generators["tried"].sum() == ledger.height
    assert found.reasons["candidates"].sum() == ledger.height - kept > 0
    assert (found.categories["made"] <= found.categories["tried"]).all()
    assert set(found.compared["side"]) == {"originals", "children", "both"}
    assert {one["kept"] for one in found.examples} == {True, False}
    json.dumps(found.to_dict(), allow_nan=False)
    figures = write_report(store, version, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert figures["augmentation"] == found.to_dict()
    tried = found.categories["tried"].sum()
    assert f"{kept} of 12 rows asked for were made, out of {tried} candidates" in page
    assert "<ins>" in page
    assert "self-BLEU" in page


def test_a_version_without_augmentation_has_none(store: Store) -> None:
    text = RECIPE.split("  - {op: augment")[0]
    assert overview(run_recipe(parse_recipe(text), store)) is None


def test_text_of_the_data_is_escaped() -> None:
    from curation.report_augment import augmentation

    bad = "<script>alert(1)</script>"
    page = augmentation({
        "categories": [{"category": bad, "asked": 1, "tried": 1, "made": 1, "kept": 0, "reached": False}],
        "generators": [{"category": bad, "generator": "swap", "tried": 1, "made": 1, "kept": 0, "rate": 0.0}],
        "reasons": [{"category": bad, "generator": "swap", "reason": bad, "candidates": 1}],
        "compared": [], "account": [{"generator": "paraphrase", "model": bad, "candidates": 1, "tokens_in": 7, "tokens_out": 3, "cost": 0.5}],
        "requests": [{"generator": "paraphrase", "model": bad, "sent": 1, "cached": 0, "tokens_in": 7, "tokens_out": 3, "cost": 0.5}],
        "examples": [{"generator": "swap", "kept": False, "reason": bad, "parent_id": "a" * 16, "id": None, "parts": [{"kind": "new", "text": bad}]}],
    })  # fmt: skip
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 8


def test_what_was_asked_and_paid_is_told_by_the_run_the_report_and_the_card(
    store: Store, tmp_path: Path
) -> None:
    from curation.export import preview_card

    text = (
        RECIPE.partition("  - {op: augment")[0]
        + """\
  - op: augment
    category: legal
    rows: 3
    attempts: 2
    gates: {semantic: [SEMANTIC, 1.0]}
    generators: [{paraphrase: {llm: {endpoint: "http://127.0.0.1:PORT/v1", model: big, key_env: null, price_in: 2, price_out: 4}}}]
"""
    )
    with serving() as server:
        server.reply = lambda said: said  # type: ignore[method-assign]
        text = text.replace("PORT", str(server.server_port))
        events: list[tuple[str, dict[str, Any]]] = []
        first = run_recipe(
            parse_recipe(text.replace("SEMANTIC", "0.7")),
            store,
            report=lambda event, **more: events.append((event, more)),
        )
        again = run_recipe(parse_recipe(text.replace("SEMANTIC", "0.8")), store)
    [asked] = [more for event, more in events if event == "asked"]
    assert (asked["op"], asked["sent"], asked["cached"]) == ("augment", 6, 0)
    assert lines(first.manifest.steps) == [
        "augment: 0 of 3 rows asked for were made, out of 6 candidates",
        "  refused: nothing changed 6",
        "  short of the target: legal; more attempts, parents or generators would help",
        "  when it was made, paraphrase by big: 6 requests sent, 0 answered by the cache; 42 tokens in, 18 out, 0.0002 at the prices given",
        "  paraphrase by big: its 6 candidates took 42 tokens in, 18 out, 0.0002 at the prices given, cached replies too",
    ]
    assert lines(again.manifest.steps)[3:] == [
        "  when it was made, paraphrase by big: 0 requests sent, 6 answered by the cache; 0 tokens in, 0 out",
        "  paraphrase by big: its 6 candidates took 42 tokens in, 18 out, 0.0002 at the prices given, cached replies too",
    ]
    write_report(store, again, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "answered by the cache" in page
    assert "| paraphrase | big | 6 | 42 | 18 | 0.000156 |" in preview_card(store, again, "mixed")


def test_the_figures_are_those_of_a_plain_calculation() -> None:
    """distinct-n, self-BLEU and the spread of a few prompts, each taken the long way from its definition."""
    import math
    from collections import Counter

    import numpy as np

    from curation.augment import diversity
    from curation.embedding import load_encoder
    from curation.step import Context

    prompts = [
        "Who signs the contract?",
        "Who signs the hire contract, and when?",
        "When does the hire end?",
        "Who signs?",
    ]
    rows = make_rows([talk(prompt) for prompt in prompts], source="s")
    words = [diversity.WORDS.findall(prompt.lower()) for prompt in prompts]

    def runs(text: list[str], n: int) -> list[tuple[str, ...]]:
        return [tuple(text[at : at + n]) for at in range(len(text) - n + 1)]

    for n in (1, 2):
        every = [run for text in words for run in runs(text, n)]
        assert diversity.distinct(prompts, n) == round(len(set(every)) / len(every), 4)
    scores = []
    for place, text in enumerate(words):
        others = words[:place] + words[place + 1 :]
        logs = 0.0
        for n in (1, 2, 3, 4):
            mine = Counter(runs(text, n))
            shared = sum(
                min(k, max(runs(other, n).count(run) for other in others)) for run, k in mine.items()
            )
            logs += math.log((shared + 1) / (sum(mine.values()) + 1)) / 4
        nearest = sorted(map(len, others), key=lambda size: (abs(size - len(text)), size))[0]
        scores.append(math.exp(logs + min(0.0, 1 - nearest / len(text))))
    assert diversity.self_bleu(prompts) == round(sum(scores) / len(scores), 4)
    vectors = load_encoder("static").encode(prompts, 256).astype(float)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [1 - unit[i] @ unit[j] for i in range(4) for j in range(i)]
    assert diversity.spread(rows, Context()) == pytest.approx(sum(pairs) / len(pairs), abs=1e-3)
