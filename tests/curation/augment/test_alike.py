"""Pairs are those that comparing all sets finds, whatever classes the shingles fall into."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.augment import alike
from curation.augment.alike import Block, Classes, Pairs, Search
from curation.shingles import Shingles

SETS = st.lists(st.frozensets(st.integers(0, 9)), min_size=1, max_size=8)


def shingles(sets: list[frozenset[int]]) -> Shingles:
    return Shingles.of([np.array(sorted(one), dtype=np.uint64) for one in sets])


def listed(pairs: Pairs) -> list[tuple[int, int, float]]:
    return sorted(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.likeness.tolist(), strict=True))


def compared(
    left: list[frozenset[int]], right: list[frozenset[int]], floor: float, besides: list[int]
) -> list[tuple[int, int, float]]:
    return [
        (i, j, len(a & b) / len(a | b))
        for i, a in enumerate(left)
        for j, b in enumerate(right)
        if a & b and len(a & b) / len(a | b) >= floor and besides[i] != j
    ]


def test_shingles_of_the_same_rows_are_one_class() -> None:
    classes = Classes(shingles([frozenset({1, 2, 3, 7}), frozenset({3, 4, 7}), frozenset({3, 7})]), 2)
    weights = classes.block(shingles([frozenset({1, 2, 3, 4, 5, 7})])).weights
    # 5 is new, 4 is the second row's, 1 and 2 are the first one's, 3 and 7 are everyone's
    assert sorted(weights.data.tolist()) == [1, 1, 2, 2]
    # 3 and 7, which more than two rows have, find no row
    assert classes.rows.weights.data.tolist() == [2, 1]


@given(SETS, SETS, SETS, st.sampled_from([0.01, 0.4, 0.5, 0.7, 0.9, 1.0]), st.sampled_from([1, 3, 4096]))
def test_pairs_are_those_that_comparing_all_finds(
    rows: list[frozenset[int]],
    more: list[frozenset[int]],
    asked: list[frozenset[int]],
    floor: float,
    at_once: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "AT_ONCE", at_once)
        classes = Classes(shingles(rows), 2_000)
        search = Search(classes.block(shingles(asked)), classes, floor)
        besides = [place % 3 for place in range(len(asked))]
        found = search.among(classes.rows, np.array(besides))
        assert listed(found) == compared(asked, rows, floor, besides)
        others = classes.block(shingles(more))
        nobody = [-1] * len(asked)
        joined = Block.joined([others.some(np.arange(0, len(more), 2)), others])
        assert listed(search.among(joined, np.array(nobody))) == compared(
            asked, [*more[::2], *more], floor, nobody
        )
