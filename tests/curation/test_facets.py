"""What a version's rows can be asked for."""

from __future__ import annotations

from curation import browse
from curation.facets import groupable, numeric, values_of
from curation.store import Version


def test_what_can_be_grouped_and_measured(talks: Version) -> None:
    index = browse.open_index(talks)
    assert groupable(index) == ["category", "source", "origin", "split"]
    assert numeric(index) == ["words", "score"]
    assert values_of(index, "category") == [("math", 2), ("(none)", 1), ("legal", 1)]
