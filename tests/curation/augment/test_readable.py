"""Noise that misleads is taken back: exact words."""

from __future__ import annotations

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
    words, glue = ["more", "acidic", "than", "pH", "or", "less"], ["", " ", " ", " ", " 5, ", " ", "?"]
    near, far, three = (
        ["acidic", "more", *words[2:]],
        [*words[:3], "or", "pH", "less"],
        ["acidic", "than", "more", *words[3:]],
    )
    for changed in (near, far, three):
        far_swaps(words, changed, glue)
    assert near == ["acidic", "more", "than", "pH", "or", "less"]
    assert far == three == words


def test_halves_have_two_letters() -> None:
    kept = [Word("how", 0), Word("it", 3)]
    out = [kept[0], "d", "amage", "lette", "r", kept[1]]
    assert long_halves(out, Word) == ["how", "da", "mage", "lett", "er", "it"]
    assert long_halves([kept[0]], Word) == ["how"]
