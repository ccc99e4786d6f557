"""``map2d``: what is alike lies together, whatever the order of rows; few rows and equal rows have a place."""

from __future__ import annotations

import polars as pl
import pytest

from curation.rows import make_rows
from curation.step import Context
from curation.steps.map2d import Map2d

pytest.importorskip("sklearn", reason="the extra 'embed' isn't installed")

SOUPS = [
    f"How do I cook {name} soup?"
    for name in ["leek", "carrot", "tomato", "onion", "pea", "bean", "corn", "beet", "fish", "lentil"]
]
CODES = [
    f"Debug my python {name}"
    for name in ["loop", "class", "script", "import", "method", "list", "dict", "tuple", "set", "file"]
]


def rows_of(texts: list[str]) -> pl.DataFrame:
    return make_rows([[{"role": "user", "content": text}] for text in texts], source="t")


def points(rows: pl.DataFrame, **given: int) -> pl.DataFrame:
    return Map2d(**given).apply(rows, Context()).select("id", "map2d.x", "map2d.y")


def near_own_kind(found: pl.DataFrame, size: int) -> int:
    """For how many rows the nearest other point is of the same half."""
    places = found.select("map2d.x", "map2d.y").to_numpy()
    far = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    far[range(len(far)), range(len(far))] = float("inf")
    return sum((row < size) == (int(near) < size) for row, near in enumerate(far.argmin(axis=1)))


@pytest.mark.parametrize("landmarks", [4_000, 10])
def test_alike_rows_lie_together_and_order_does_not_matter(landmarks: int) -> None:
    rows = rows_of(SOUPS + CODES)
    found = points(rows, landmarks=landmarks)
    assert near_own_kind(found, len(SOUPS)) >= 18
    assert found["map2d.x"].abs().max() <= 10
    turned = points(rows.reverse(), landmarks=landmarks)
    assert turned.reverse().equals(found)


def test_few_rows_and_equal_rows() -> None:
    assert points(rows_of([])).height == 0
    assert points(rows_of(["one"])).row(0)[1:] == (0.0, 0.0)
    same = points(rows_of(["equal", "equal", "other thing"]))
    assert same.row(0)[1:] == same.row(1)[1:] != same.row(2)[1:]
