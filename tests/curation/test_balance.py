"""The arithmetic of balance, with figures worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.balance import measures, plan, shares, targets
from curation.errors import InputError

COUNTS = {"math": 60, "law": 30, "art": 10}


@pytest.mark.parametrize(
    ("to", "budget", "expected"),
    [
        (
            "uniform",
            None,
            {"math": 33, "law": 33, "art": 34},
        ),  # 33.33 each; the name decides who gets the rest
        ("uniform", 90, {"math": 30, "law": 30, "art": 30}),
        ("uniform", 8, {"math": 2, "law": 3, "art": 3}),
        ("largest", None, {"math": 60, "law": 60, "art": 60}),
        ("median", None, {"math": 30, "law": 30, "art": 30}),
        ("largest", 90, {"math": 30, "law": 30, "art": 30}),
        (1.0, None, COUNTS),
        (0.0, 9, {"math": 3, "law": 3, "art": 3}),
        (0.5, None, {"math": 47, "law": 34, "art": 19}),  # roots 7.746, 5.477, 3.162 of 16.385
        ({"math": 0.5, "law": 0.5, "art": 0.0}, 11, {"math": 5, "law": 6, "art": 0}),
    ],
)
def test_targets(to: object, budget: int | None, expected: dict[str, int]) -> None:
    assert targets(COUNTS, to, budget) == expected  # type: ignore[arg-type]


def test_no_categories_and_no_originals() -> None:
    assert targets({}, "uniform", 5) == {}
    assert plan({}, "uniform").lines == ()
    assert targets({"a": 0, "b": 0}, 0.5, 4) == {"a": 2, "b": 2}


NAMES = st.text("abcdef", min_size=1, max_size=2)


@given(
    st.dictionaries(NAMES, st.integers(1, 500), min_size=1, max_size=9), st.integers(1, 3000), st.floats(0, 1)
)
def test_largest_remainders_sum_to_the_budget(counts: dict[str, int], budget: int, alpha: float) -> None:
    for to in (alpha, "uniform", "largest", "median"):
        goal = targets(counts, to, budget)  # type: ignore[arg-type]
        assert sum(goal.values()) == budget
        wanted = shares(counts, to)  # type: ignore[arg-type]
        assert math.isclose(sum(wanted.values()), 1)
        assert all(abs(goal[name] - wanted[name] * budget) < 1.0001 for name in counts)


def test_a_plan_to_the_row() -> None:
    made = plan(COUNTS, "largest", augmented={"art": 15}, max_repeats=2)
    assert [
        (x.category, x.now, x.target, x.taken, x.augmented, x.repeats, x.to_augment, x.after, x.epochs)
        for x in made.lines
    ] == [
        ("math", 60, 60, 60, 0, 0, 0, 60, 1.0),
        ("law", 30, 60, 30, 0, 30, 0, 60, 2.0),
        ("art", 25, 60, 10, 15, 25, 10, 50, 2.0),
    ]
    assert [x.share_now for x in made.lines] == [0.52174, 0.26087, 0.21739]
    assert [x.share_after for x in made.lines] == [0.35294, 0.35294, 0.29412]
    assert (made.before.rows, made.after.rows) == (115, 170)


@pytest.mark.parametrize(("most", "repeats"), [(1, 0), (1.5, 5), (2.59, 15), (3, 20), (100, 50)])
def test_caps(most: float, repeats: int) -> None:
    line = next(x for x in plan(COUNTS, "largest", max_repeats=most).lines if x.category == "art")
    assert (line.repeats, line.to_augment) == (repeats, 50 - repeats)


@given(
    st.dictionaries(NAMES, st.integers(0, 200), min_size=1, max_size=8),
    st.dictionaries(NAMES, st.integers(0, 100)),
    st.sampled_from(["uniform", "largest", "median", 0.0, 0.5, 1.0]),
    st.none() | st.integers(1, 900),
    st.floats(1, 6),
)
def test_plans_add_up(
    counts: dict[str, int], extra: dict[str, int], to: object, budget: int | None, most: float
) -> None:
    made = plan(counts, to, augmented={n: extra.get(n, 0) for n in counts}, budget=budget, max_repeats=most)  # type: ignore[arg-type]
    for line in made.lines:
        assert line.target == line.taken + line.augmented + line.repeats + line.to_augment
        assert 0 <= line.taken <= counts[line.category]
        assert 0 <= line.augmented <= extra.get(line.category, 0)
        assert line.augmented == 0 or line.taken == counts[line.category]
        assert 0 <= line.repeats <= (line.taken + line.augmented) * (most - 1) + 1e-6
        assert line.to_augment >= 0
    assert made.after.rows == sum(line.after for line in made.lines)


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (
            {"math": 0.5, "law": 0.5},
            "balance: to: category 'art' has 10 rows but no weight. Give it one; 0 drops it.",
        ),
        (
            {"math": 0.5, "law": 0.3, "art": 0.1},
            "balance: to: weights sum to 0.9, not 1. Divide each by their sum.",
        ),
        (
            {**dict.fromkeys(COUNTS, 0.2), "lwa": 0.4},
            "balance: to: category 'lwa' has no rows. Did you mean 'law'?",
        ),
    ],
)
def test_wrong_weights_name_the_category(weights: dict[str, float], says: str) -> None:
    with pytest.raises(InputError) as caught:
        shares(COUNTS, weights)
    assert str(caught.value).startswith(says)


def test_measures() -> None:
    even = measures([10, 10, 10, 10])
    assert (even.rows, even.entropy, even.effective, even.imbalance) == (40, 2.0, 4.0, 1.0)
    one = measures([7, 0])
    assert (one.rows, one.entropy, one.effective, one.imbalance) == (7, 0.0, 1.0, 1.0)
    none = measures([])
    assert (none.rows, none.entropy, none.effective, none.imbalance) == (0, 0.0, 0.0, 0.0)
    assert measures([3, 1]).entropy == 0.8113
