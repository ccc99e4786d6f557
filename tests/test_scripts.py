"""The scripts that make data and models for augmentation: pairs, rows in the generators' own words, masks."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import fit_masked_model
import fit_rewriter

TALKS = [
    [{"role": "user", "content": f"What is {n} plus {n}?"}, {"role": "assistant", "content": f"It is {2 * n}, of course."}]
    for n in range(20)
]  # fmt: skip


def test_utterances_of_one_intent_are_paired_in_other_words() -> None:
    said = [
        "where can I return the bike",
        "where may I bring back the bicycle",
        "where can I return the bike please",
        "is it raining",
    ]
    assert set(fit_rewriter.alike(said)) == {
        (said[0], said[1]),
        (said[1], said[0]),
        (said[1], said[2]),
        (said[2], said[1]),
    }


def test_what_is_protected_stands_on_both_sides_of_a_pair() -> None:
    one, other = "bring 3 bikes to 12 High Street", "take 3 bikes to 12 High Street"
    assert fit_rewriter.fits(one, other)
    assert not fit_rewriter.fits(one, other.replace("3", "4"))
    assert not fit_rewriter.fits(one, "take 3 bikes")
    [row] = fit_rewriter.paraphrases([(one, other)])
    asked = row["conversations"]
    assert [turn["from"] for turn in asked] == ["system", "human", "gpt"]
    assert "3" not in asked[1]["value"].split() and "3" not in asked[2]["value"].split()
    assert asked[0]["value"].startswith("Say the user's text in other words.")
    assert asked[2]["value"].startswith("take ")


def test_a_synthesis_shows_three_others_and_answers_with_one() -> None:
    rows = list(fit_rewriter.syntheses({"sums": TALKS, "few": TALKS[:3]}, random.Random(0)))
    assert len(rows) == len(TALKS)
    for row, talk in zip(rows, TALKS, strict=True):
        told: Any = json.loads(row["conversations"][-1]["value"])
        assert told == {"prompt": talk[0]["content"], "answer": talk[1]["content"]}
        shown = row["conversations"][1]["value"]
        assert shown.count("<example>") == 3 and json.dumps(told["prompt"]) not in shown and "'sums'" in shown


def test_masks_leave_the_frame_alone() -> None:
    torch = pytest.importorskip("torch", reason="torch isn't installed: pip install 'tomewright[train]'")

    class Read:
        all_special_ids = (0, 1, 2)
        mask_token_id = 2

        def __len__(self) -> int:
            return 5000

    lines = torch.randint(1000, 5000, (64, 128), generator=torch.Generator().manual_seed(1))
    lines[:, 0], lines[:, 64] = 0, 1
    seen, asked = fit_masked_model.masked(lines, Read(), torch.Generator().manual_seed(0))
    assert not asked[:, 0].any() and not asked[:, 64].any()
    assert bool((seen == lines)[~asked].all())
    assert 0.14 < asked.float().mean() < 0.16
    assert 0.78 < (seen[asked] == 2).float().mean() < 0.82
