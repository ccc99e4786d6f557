"""Noise that misleads is taken back: exact words."""

from __future__ import annotations

import pytest

from curation.augment.generators.readable import closed_up, far_swaps, long_halves, other_words


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
    words, after = ["how", "damage", "letter", "it"], ["how", "d amage", "lette r", "it"]
    long_halves(words, after)
    assert after == ["how", "da mage", "lett er", "it"]


@pytest.mark.parametrize(
    ("words", "glue", "text"),
    [
        (["look", "", "then"], ["", " ", ", ", "?"], "look, then?"),
        (["", "Dog", "which"], ["", " ", ", ", ""], "Dog, which"),
        (["", "", "Dog"], ["(", " ", " ", ") "], "(Dog) "),
        (["look", "", ""], ["  ", " ", " ", ""], "  look"),
        (["look", ""], ["", " ", "!"], "look!"),
        (["a", "", "b"], ["", "\n- ", " ", ""], "a\n- b"),
        (["a", "b"], [" ", " , ", " "], " a , b "),
    ],
)
def test_where_words_went_the_rest_closes_up(words: list[str], glue: list[str], text: str) -> None:
    found = closed_up(words, glue)
    assert "".join(part for pair in zip(found, [*words, ""], strict=True) for part in pair) == text
