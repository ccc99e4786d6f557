"""Units of Apertium's stream: found wherever they stand, each asked for once, and the same in every text."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.augment.generators import units
from curation.augment.generators.units import UNIT, Units


def test_units_are_replaced_and_all_else_stays() -> None:
    asked: list[Sequence[str]] = []

    def ask(some: Sequence[str]) -> list[str]:
        asked.append(some)
        return [one.upper() for one in some]

    shout = Units(ask)
    assert shout(["^a<n>$ and ^b<n>$\n", "none"]) == ["^A<N>$ and ^B<N>$\n", "none"]
    assert shout(["^b<n>$^c<n>$", "^a<n>$"]) == ["^B<N>$^C<N>$", "^A<N>$"]
    assert asked == [["^a<n>$", "^b<n>$"], ["^c<n>$"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"\^^2<num>$", ["^2<num>$"]),
        (r"\\^a\$b$", [r"^a\$b$"]),
        (r"\^a \$ ^b", []),
        ("^a\nb$ $", ["^a\nb$"]),
        (r"^\\$^\^$", [r"^\\$", r"^\^$"]),
    ],
)
def test_signs_with_a_backslash_start_and_end_no_unit(text: str, found: list[str]) -> None:
    assert [one for one in UNIT.findall(text) if one[0] == "^"] == found


@given(
    st.lists(
        st.tuples(st.text("ab^$\\", max_size=6), st.booleans()).map(
            lambda it: (it[0].replace("\\", "\\\\").replace("^", "\\^").replace("$", "\\$"), it[1])
        )
    )
)
def test_what_was_put_together_of_units_and_text_is_taken_apart_again(parts: list[tuple[str, bool]]) -> None:
    text = "".join(f"^{body}$" if unit else body for body, unit in parts)
    want = "".join("<>" if unit else body for body, unit in parts)
    assert Units(lambda some: ["<>"] * len(some))([text]) == [want]


def test_no_more_is_remembered_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "REMEMBERED", 10)
    same = Units(list)
    for number in range(100):
        text = f"^{number}$ ^{number + 1}$ ^0$"
        assert same([text]) == [text]
        assert len(same.known) <= 13


def test_threads_may_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "REMEMBERED", 3)
    double = Units(lambda some: [one * 2 for one in some])
    texts = [" ".join(f"^{(seed * 7 + step) % 19}$" for step in range(9)) for seed in range(50)]
    want = [" ".join(one * 2 for one in text.split()) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert [found for [found] in pool.map(lambda text: double([text]), texts)] == want


def test_what_failed_is_asked_for_again() -> None:
    tries: list[int] = []

    def ask(some: Sequence[str]) -> list[str]:
        tries.append(len(some))
        if len(tries) == 1:
            raise OSError("gone")
        return list(some)

    same = Units(ask)
    with pytest.raises(OSError, match="gone"):
        same(["^a$"])
    assert same(["^a$"]) == ["^a$"]
    assert tries == [1, 1]
