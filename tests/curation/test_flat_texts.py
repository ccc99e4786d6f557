"""The mapped file of flat texts: what it holds, that it heals, and that it is written behind."""

from __future__ import annotations

import polars as pl
import pytest

from curation import browse, flat_texts
from curation.errors import StoreError
from curation.query import Query, find
from curation.step import LEDGER
from curation.store import Store, Version

TEXTS = [
    "what is 2+2?\nfour, of course",
    "and 3+3?\nsix",
    "may i (really)?\nno",
    "hi\nhello there, you",
]


def test_texts_are_flat_in_lower_case_and_in_order(talks: Version) -> None:
    flat_texts.write(talks)
    flat = flat_texts.mapped(talks, "kept", 4)
    assert flat is not None
    assert flat["text"].to_list() == TEXTS
    assert flat["opens"].to_list() == ["What is 2+2?", "And 3+3?", "May I (really)?", "Hi"]
    assert flat["words"].to_list() == [6, 3, 4, 4]
    assert flat_texts.mapped(talks, "kept", 3) is None


def test_words_are_counted_where_stats_has_none(shelf: tuple[Store, Version]) -> None:
    store, version = shelf
    rows = version.rows().with_columns(
        pl.Series("stats.words", [60, None, 40, 40])
    )  # as of rows made after stats
    with store.lock():
        made = store.put(rows, pl.DataFrame(schema=LEDGER), kind="ingest", name="made")
    flat_texts.write(made)
    flat = flat_texts.mapped(made, "kept", 4)
    assert flat is not None
    assert flat["words"].to_list() == [60, 3, 40, 40]


def test_pieces_make_the_same_file_as_the_whole(talks: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flat_texts, "AT_A_TIME", 3)
    flat_texts.write(talks)
    flat = flat_texts.mapped(talks, "kept", 4)
    assert flat is not None
    assert flat["text"].to_list() == TEXTS


def test_a_stale_or_torn_text_file_is_made_anew(talks: Version) -> None:
    browse.open_index(talks)
    path = flat_texts.path_of(talks, "kept")
    path.unlink()  # another open index may have the old file mapped
    path.write_bytes(b"torn")
    assert find(browse.open_index(talks), Query(text="four")).to_list() == [0]


def test_a_process_of_its_own_writes_the_same(talks: Version) -> None:
    flat_texts.write_behind(talks)
    flat = flat_texts.mapped(talks, "kept", 4)
    assert flat is not None
    assert flat["text"].to_list() == TEXTS
    assert flat_texts.read_ahead(flat_texts.path_of(talks, "kept"))
    assert not flat_texts.read_ahead(flat_texts.path_of(talks, "dropped"))


def test_what_the_process_says_of_a_damaged_version_is_told(talks: Version) -> None:
    (talks.folder / "rows.parquet").write_bytes(b"no")
    with pytest.raises(StoreError, match=r"rows\.parquet has another size"):
        flat_texts.write_behind(talks)
    assert not flat_texts.path_of(talks, "kept").exists()
