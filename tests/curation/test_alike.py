"""The rows most like one: exact order on a small set, each text once, and what isn't embedded yet."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from curation.alike import Likeness, alike, lacking, likeness
from curation.embedding.numbers import lengths
from curation.errors import InputError
from curation.rows import make_rows
from curation.step import LEDGER
from curation.store import Store, Version

pytest.importorskip("scipy", reason="embedding needs the extra embed")
TALKS = ["How do I bake bread?", "How do I bake a loaf of bread?", "How do I bake bread?", "Prove that the square root of two is irrational."]  # fmt: skip


@pytest.fixture
def version(store: Store) -> Version:
    rows = make_rows([[{"role": "user", "content": text}, {"role": "assistant", "content": "So."}] for text in TALKS], source="s")  # fmt: skip
    with store.lock():
        return store.put(rows, pl.DataFrame(schema=LEDGER), kind="ingest", name="s")


def test_the_nearest_come_first_and_each_text_once(store: Store, version: Version) -> None:
    ids = version.rows()["id"].to_list()
    assert lacking(store, version) == 3
    found = alike(store, version, ids[0])
    assert found["id"].to_list() == [ids[1], ids[3]]
    assert found["cosine"][0] > 0.7 > found["cosine"][1]
    assert lacking(store, version) == 0
    with pytest.raises(InputError, match="there is no row 'nobody'"):
        alike(store, version, "nobody")


def test_cosines_are_those_of_the_vectors(store: Store, version: Version) -> None:
    known = likeness(store, version)
    a, b = (known.vectors[place].astype(float) for place in (0, 3))
    wanted = round(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)), 4)
    assert dict(known.nearest(0, 3))[3] == pytest.approx(wanted, abs=1e-4)


def test_equal_cosines_come_in_the_order_of_rows() -> None:
    vectors = np.array([[127, 0], [0, 127], [127, 0], [127, 0]], np.int8)
    assert Likeness(vectors, lengths(vectors)).nearest(0, 3) == [(2, 1.0), (3, 1.0), (1, 0.0)]
