"""``semantic_dup``: the same in other words, nothing else; cells find what all pairs find."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.laws import run_step
from curation.rows import make_rows
from curation.step import Context
from curation.steps.semantic_dup import SemanticDup

pytest.importorskip("scipy", reason="the extra 'embed' isn't installed")
from curation.embedding import cells, near, numbers, quantise

TEXTS = [
    "Write a Python function that reverses a string.",
    "What is the capital of Australia?",
    "Please write a Python function that reverses a given string.",
    "How do I bake bread?",
    "Write a Python function which reverses a string!",
    "",
    "",
]


def rows_of(texts: list[str]) -> pl.DataFrame:
    return make_rows([[{"role": "user", "content": text}] for text in texts], source="t")


def test_the_same_request_is_one_cluster_and_one_family() -> None:
    rows = rows_of(TEXTS)
    result = run_step(SemanticDup(threshold=0.9), rows, Context())
    found = result.rows
    alike = [rows["id"][place] for place in (0, 2, 4)]
    expected = [min(alike) if place in (0, 2, 4) else None for place in range(7)]
    assert found["semantic_dup.cluster"].to_list() == expected
    assert found["semantic_dup.size"].to_list() == [3, None, 3, None, 3, None, None]
    assert found["semantic_dup.representative"][0] == rows["id"][2]
    assert found["semantic_dup.nearest"][0] == rows["id"][4]
    assert len({found["family"][place] for place in (0, 2, 4)}) == 1
    assert found["family"].n_unique() == 4
    assert set(result.ledger["row_id"]) < set(alike)


def planted(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of which each second one is another's twin with a little noise; and which belong together."""
    rng = np.random.default_rng(5)
    base = rng.normal(size=(count, 32))
    twins = base + rng.normal(size=base.shape) * 0.05
    return quantise(np.concatenate((base, twins))), np.tile(np.arange(count), 2)


def test_planted_twins_are_found_by_all_pairs_and_by_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, truth = planted(600)
    exact, cosine, partner = near.near_clusters(vectors, 0.95, 0, lambda done, total: None)
    assert exact.tolist() == truth.tolist()
    assert (partner == (np.arange(1200) + 600) % 1200).all()
    assert cosine.min() >= 0.95
    monkeypatch.setattr(near, "EXACT_BELOW", 100)
    monkeypatch.setattr(near, "CELL", 60)
    found, _, _ = near.near_clusters(vectors, 0.95, 0, lambda done, total: None)
    recall = float((found == truth).mean())
    print(f"recall of cells: {recall:.4f}")
    assert recall >= 0.995


def test_planted_twins_are_found_where_some_rows_say_where_cells_are(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, truth = planted(2_000)
    monkeypatch.setattr(near, "EXACT_BELOW", 100)
    monkeypatch.setattr(near, "CELL", 60)
    monkeypatch.setattr(cells, "DRAWN", 1_000)
    found, _, _ = near.near_clusters(vectors, 0.95, 0, lambda done, total: None)
    recall = float((found == truth).mean())
    print(f"recall of cells by 1,000 of 4,000 rows: {recall:.4f}")
    assert recall >= 0.995


def test_equal_vectors_are_partners_and_zeros_are_alone() -> None:
    vectors = np.array([[0, 0], [5, 5], [5, 5], [0, 0], [5, 5]], np.int8)
    label, cosine, partner = near.near_clusters(vectors, 0.9, 0, lambda done, total: None)
    assert label.tolist() == [0, 1, 1, 3, 1]
    assert cosine.tolist() == [0, 1, 1, 0, 1]
    assert partner[0] == partner[3] == -1
    assert partner[2] == partner[4] == 1
    assert partner[1] in (2, 4)


@given(st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3), max_size=30), st.booleans())
def test_the_first_of_equal_vectors(vectors: list[list[int]], colliding: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if colliding:
            patch.setattr(numbers, "_sums", lambda vectors: np.zeros(len(vectors), np.uint64))
        found = numbers.first_alike(np.array(vectors, np.int8).reshape(-1, 3))
    assert found.tolist() == [vectors.index(one) for one in vectors]


def test_cells_are_bounded_and_hold_every_vector_once() -> None:
    vectors, _ = planted(700)
    tree = cells.cut(vectors, 50, 0)
    held = [tree.members[leaf] for leaf in tree.leaves()]
    assert max(len(one) for one in held) <= 50
    assert sorted(np.concatenate(held).tolist()) == list(range(1400))
    own = np.empty(1400, np.int64)
    for leaf in tree.leaves():
        own[tree.members[leaf]] = leaf
    found = tree.nearest(vectors, 5, 8)
    assert found.shape == (1400, 5)
    assert (found >= 0).all()
    assert float((found == own[:, None]).any(axis=1).mean()) > 0.97


def test_vectors_that_hardly_differ_are_sliced_and_still_one_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "EXACT_BELOW", 100)
    monkeypatch.setattr(near, "CELL", 40)
    vectors = np.full((300, 40), 100, np.int8)
    vectors[np.arange(300), np.arange(300) % 40] -= (np.arange(300) // 40 + 1).astype(np.int8)
    label, _, _ = near.near_clusters(vectors, 0.99, 0, lambda done, total: None)
    assert set(label) == {0}
