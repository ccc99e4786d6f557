"""Noise that misleads is taken back: exact words."""

from __future__ import annotations

import pytest

from curation.augment.generators.readable import far_swaps, long_halves, other_words
from curation.augment.generators.words import Word


def test_a_slip_that_is_another_word_is_taken_back() -> None:
    first = (["hold", "bike", "siren"], ["hole", "bikw", "sirrn"])
    second = (["Hold", "by"], ["Hole", "by"])
    other_words([first, second])
    assert first[1] == ["hold", "bikw", "sirrn"]
    assert second[1] == ["Hold", "by"]
    other_words([])


def test_swaps_are_of_neighbours() -> None:
    words, glue = ["very", "acidic", "soil", "pH", "or", "so"], ["", " ", " ", " ", " 5, ", " ", "?"]
    near, far, three = (
        ["acidic", "very", *words[2:]],
        [*words[:3], "or", "pH", "so"],
        ["acidic", "soil", "very", *words[3:]],
    )
    for changed in (near, far, three):
        far_swaps(words, changed, glue)
    assert near == ["acidic", "very", "soil", "pH", "or", "so"]
    assert far == three == words


@pytest.mark.parametrize("firm", ["ain't", "isn’t", "not", "Which", "more", "cant", "only"])
def test_no_swap_moves_a_word_that_the_meaning_hangs_on(firm: str) -> None:
    """Planted after a reader met "Ain't I registered" for "I ain't registered"."""
    for words in (["I", firm, "registered"], ["instrument", firm, "plays"]):
        changed = [words[1], words[0], words[2]]
        far_swaps(words, changed, ["", " ", " ", ""])
        assert changed == words


def test_halves_have_two_letters() -> None:
    kept = [Word("how", 0), Word("it", 3)]
    out = [kept[0], "d", "amage", "lette", "r", kept[1]]
    assert long_halves(out, Word) == ["how", "da", "mage", "lett", "er", "it"]
    assert long_halves([kept[0]], Word) == ["how"]
