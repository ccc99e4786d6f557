"""ifd: the exact ratio on a tiny random Llama, what has no score, and an injected scorer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tinylm import by_hand, ids, make_llama, rows_of

from curation import lm
from curation.step import Context
from curation.steps.ifd import Ifd


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny model."""
    return make_llama(tmp_path_factory.mktemp("llama"))


def test_ifd_is_the_ratio(folder: Path) -> None:
    rows = rows_of([("user", "ab"), ("assistant", "cde")], [("assistant", "cde")], [("user", "a")])
    out = Ifd(model=str(folder), device="cpu").apply(rows, Context())
    after = by_hand(folder, [0, *ids("ab"), *ids("cde")], 3)
    alone = by_hand(folder, [0, *ids("cde")], 1)
    assert out["ifd.after"].to_list() == [pytest.approx(after, abs=2e-4), None, None]
    assert out["ifd.alone"].to_list() == [pytest.approx(alone, abs=2e-4), None, None]
    assert out["ifd.score"].to_list() == [pytest.approx(math.exp(after - alone), abs=1e-3), None, None]
    assert out["ifd.tokens"].to_list() == [3, 0, 0]


def test_the_same_tokens_are_scored_with_and_without_a_long_prompt(folder: Path) -> None:
    rows = rows_of([("user", "ab" * 50), ("assistant", "cd" * 50)])
    out = Ifd(model=str(folder), device="cpu", max_tokens=16).apply(rows, Context())
    assert out["ifd.tokens"].to_list() == [12]
    assert out["ifd.alone"][0] == pytest.approx(by_hand(folder, [0, *ids("cd" * 6)], 1), abs=2e-4)
    assert out["ifd.after"][0] == pytest.approx(
        by_hand(folder, [0, *ids("bab"), *ids("cd" * 6)], 4), abs=2e-4
    )


def test_an_injected_scorer_is_asked_twice() -> None:
    asked: list[tuple[str, str]] = []
    seen: list[tuple[int, int]] = []

    class Fake:
        def losses(self, pairs: Sequence[tuple[str, str]], progress: Any = None) -> list[lm.Loss | None]:
            asked.extend(pairs)
            progress(len(pairs), len(pairs))
            return [lm.Loss(1.0 if context else 2.0, 4) if answer else None for context, answer in pairs]

    rows = rows_of([("user", "u"), ("assistant", "b")], [])
    ctx = Context(models={"ifd": Fake()}, progress=lambda done, total: seen.append((done, total)))
    out = Ifd(model="none").apply(rows, ctx)
    assert asked == [("u\n\n", "b"), ("", ""), ("", "b"), ("", "")]
    assert seen == [(2, 4), (4, 4)]
    assert out["ifd.score"].to_list() == [pytest.approx(math.exp(-1), abs=1e-4), None]


def test_no_rows_load_no_model() -> None:
    assert Ifd(model="none/such").apply(rows_of(), Context()).height == 0
