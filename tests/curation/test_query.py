"""What a person asks of a version's rows, with the exact places that answer."""

from __future__ import annotations

import polars as pl
import pytest

from curation import browse
from curation.errors import InputError
from curation.facets import flags_of, span_of
from curation.query import Query, find
from curation.step import LEDGER
from curation.store import Store, Version


@pytest.mark.parametrize(
    ("query", "places"),
    [
        (Query(), [0, 1, 2, 3]),
        (Query(text="four"), [0]),
        (Query(text="(really)"), [2]),
        (Query(text=r"\bsix\b", regex=True), [1]),
        (Query(values=(("category", ("math",)),)), [0, 1]),
        (Query(values=(("category", ("(none)", "legal")),)), [2, 3]),
        (Query(where="score >= 4"), [0, 3]),
        (Query(where="contains(assistant, 'o')"), [0, 2, 3]),
        (Query(ranges=(("words", 4, 5),)), [2, 3]),
        (Query(sort="score", descending=True), [3, 0, 1, 2]),
        (Query(sort="words"), [1, 2, 3, 0]),
        (Query(text="zebra"), []),
    ],
)
def test_find(talks: Version, query: Query, places: list[int]) -> None:
    assert find(browse.open_index(talks), query).to_list() == places


def test_wrong_questions_are_named(talks: Version) -> None:
    index = browse.open_index(talks)
    with pytest.raises(InputError, match=r"can't read the pattern '\(': unclosed group\."):
        find(index, Query(text="(", regex=True))
    with pytest.raises(InputError, match="Compiled regex exceeds size limit"):
        find(index, Query(text="a{1000}" * 100 + "{1000}", regex=True))
    with pytest.raises(InputError, match="there is no column"):
        find(index, Query(sort="nothing"))
    with pytest.raises(InputError, match=r"no column 'pii\.email' in this version\. Put a pii step before"):
        find(index, Query(flags=("pii.email",)))
    with pytest.raises(InputError, match="score"):
        find(index, Query(where="scroe > 1"))


def test_flags_and_kin_are_found(shelf: tuple[Store, Version]) -> None:
    store, version = shelf
    ids = version.rows()["id"]
    rows = version.rows().with_columns(
        pl.Series("quality.refusal", [True, None, False, True]), pl.Series("hand.flag", [None, "check", None, "check"]),
        pl.Series("pii.email", [2, 0, None, 0]), pl.Series("contamination.hits", [0, 0, 0, 0]),
    )  # fmt: skip
    with store.lock():
        flagged = store.put(rows, pl.DataFrame(schema=LEDGER), kind="ingest", name="flagged")
    index = browse.open_index(flagged)
    assert flags_of(index) == [("by hand: check", 2), ("quality.refusal", 2), ("pii.email", 1)]
    assert find(index, Query(flags=("pii.email",))).to_list() == [0]
    assert find(index, Query(flags=("quality.refusal",))).to_list() == [0, 3]
    assert find(index, Query(flags=("by hand: check", "quality.refusal"))).to_list() == [0, 1, 3]  # fmt: skip
    assert find(index, Query(kin=ids[2])).to_list() == [2]
    assert find(index, Query(kin=rows["family"][1])).to_list() == [1]
    assert span_of(index, "score") == (3.0, 5.0, False)
