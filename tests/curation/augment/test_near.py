"""The nearest row is that of all pairs compared, whatever came before, and however rows share words."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.augment import near as nearness
from curation.augment.near import Near, sets_of

TEXTS = st.lists(st.lists(st.sampled_from("abcd"), max_size=7).map(" ".join), min_size=1, max_size=12)


def test_the_nearest_but_the_parent() -> None:
    near = Near(["a", "b", "c"], pl.Series(["one two three four", "one two three five", ""]), 0.5)
    same = sets_of(["one two three four", "one two three four", "nothing alike", "one two three four"])
    asked = near.ask(same, ["a", "b", "a", "a"])
    assert asked.nearest(0) == (0.5, "b")
    assert asked.nearest(1) == (1.0, "a")
    assert asked.nearest(2) == (0.0, None)
    asked.keep(1, "d")
    assert asked.nearest(3) == (1.0, "d")
    assert near.ask(same[:1], ["a"]).nearest(0) == (1.0, "d")


@given(
    TEXTS,
    st.lists(st.tuples(TEXTS, st.integers(0, 11), st.booleans()), max_size=6),
    st.sampled_from([2, 2_000]),
    st.sampled_from([0.01, 0.5, 0.8]),
)
def test_it_is_what_all_pairs_say(
    rows: list[str], batches: list[tuple[list[str], int, bool]], common: int, floor: float
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearness, "COMMON", common)
        near = Near([f"r{place:02}" for place in range(len(rows))], pl.Series(rows), floor)
        known = [(f"r{place:02}", set(one.tolist())) for place, one in enumerate(sets_of(rows))]
        counts = {hash_: sum(hash_ in one for _, one in known) for _, some in known for hash_ in some}
        original = len(known)
        for number, (texts, parent, keep) in enumerate(batches):
            besides = f"r{parent % len(rows):02}"
            asked = near.ask(sets_of(texts), [besides] * len(texts))
            for place, one in enumerate(sets_of(texts)):
                mine = set(one.tolist())
                rare = {hash_ for hash_ in mine if counts.get(hash_, 0) <= common}
                scores = [
                    (-len(mine & other) / len(mine | other), name)
                    for at, (name, other) in enumerate(known)
                    if name != besides and other & (rare if at < original else mine)
                ]
                best = min(scores, default=(0.0, None))
                best = best if -best[0] >= floor else (0.0, None)
                assert asked.nearest(place) == (round(-best[0], 3), best[1])
                if keep:
                    asked.keep(place, f"k{number}{place:02}")
                    known.append((f"k{number}{place:02}", mine))
