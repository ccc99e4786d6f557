"""perplexity: exact losses of a tiny random Llama, padding that changes nothing, cuts, and injected scorers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tinylm import by_hand, ids, make_llama, rows_of

from curation import lm
from curation.errors import HubError, InputError
from curation.step import Context
from curation.steps.perplexity import Perplexity


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny model."""
    return make_llama(tmp_path_factory.mktemp("llama"))


def test_perplexity_is_exact(folder: Path) -> None:
    rows = rows_of(
        [("user", "a b"), ("assistant", "c d e")],
        [("system", "x"), ("user", "y"), ("assistant", "q"), ("user", "z"), ("assistant", "hello")],
        [("user", "no answer")],
        [("assistant", "")],
    )
    out = Perplexity(model=str(folder), device="cpu").apply(rows, Context())
    first = by_hand(folder, [0, *ids("ab"), *ids("cde")], 3)
    second = by_hand(folder, [0, *ids("xyqz"), *ids("hello")], 5)
    assert out["perplexity.loss"].to_list() == [
        pytest.approx(first, abs=2e-4),
        pytest.approx(second, abs=2e-4),
        None,
        None,
    ]
    assert out["perplexity.tokens"].to_list() == [3, 5, 0, 0]
    assert out["perplexity.answer"].to_list()[:2] == pytest.approx(
        [math.exp(first), math.exp(second)], abs=2e-2
    )
    assert out["perplexity.answer"].to_list()[2:] == [None, None]


def test_batches_and_padding_change_nothing(folder: Path) -> None:
    rows = rows_of(*([("user", "ab" * n), ("assistant", "cde" * (n % 4 + 1))] for n in range(1, 12)))
    seen: list[tuple[int, int]] = []
    ctx = Context(progress=lambda done, total: seen.append((done, total)))
    alone = Perplexity(model=str(folder), device="cpu", batch_tokens=8).apply(rows, ctx)
    together = Perplexity(model=str(folder), device="cpu", batch_tokens=4096).apply(rows, Context())
    assert seen == [(n, 11) for n in range(1, 12)]
    assert alone["perplexity.loss"].to_list() == pytest.approx(
        together["perplexity.loss"].to_list(), abs=2e-4
    )


def test_long_texts_are_cut_context_first(folder: Path) -> None:
    rows = rows_of(
        [("user", "ab" * 50), ("assistant", "cdef" * 2)], [("user", "ab"), ("assistant", "cd" * 50)]
    )
    out = Perplexity(model=str(folder), device="cpu", max_tokens=16).apply(rows, Context())
    assert out["perplexity.tokens"].to_list() == [8, 12]
    expected = by_hand(folder, [0, *ids("bababab"), *ids("cdefcdef")], 8)
    assert out["perplexity.loss"][0] == pytest.approx(expected, abs=2e-4)
    # the model itself has 64 places
    assert Perplexity(model=str(folder), device="cpu").apply(rows, Context())[
        "perplexity.tokens"
    ].to_list() == [8, 48]


def test_an_injected_scorer_is_asked_for_the_last_exchange() -> None:
    asked: list[tuple[str, str]] = []

    class Fake:
        def losses(self, pairs: Sequence[tuple[str, str]], progress: Any = None) -> list[lm.Loss | None]:
            asked.extend(pairs)
            return [lm.Loss(1.0, 4) if answer else None for _, answer in pairs]

    rows = rows_of(
        [("system", "s"), ("user", "u"), ("assistant", "a"), ("user", "v"), ("assistant", "b")], []
    )
    out = Perplexity(model="none").apply(rows, Context(models={"perplexity": Fake()}))
    assert asked == [("s\n\nu\n\na\n\nv\n\n", "b"), ("", "")]
    assert out["perplexity.answer"].to_list() == [pytest.approx(math.e, abs=1e-4), None]


def test_no_rows_load_no_model() -> None:
    none = rows_of()
    assert Perplexity(model="none/such").apply(none, Context()).height == 0


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="a language model needs transformers")
    rows = rows_of([("user", "a"), ("assistant", "b")])
    with pytest.raises(InputError, match="no model here"):
        Perplexity(model=str(tmp_path / "none")).apply(rows, Context())
    with pytest.raises(HubError, match="can't be loaded"):
        Perplexity(model=str(tmp_path)).apply(rows, Context())


def test_a_device_that_is_not_there_is_named(folder: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(InputError, match="no CUDA device"):
        Perplexity(model=str(folder), device="cuda").apply(
            rows_of([("user", "a"), ("assistant", "b")]), Context()
        )
