"""Apertium's programs, run for real: what becomes of a text depends on that text alone."""

from __future__ import annotations

import functools
import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.augment import resources
from curation.augment.generators.apertium import Apertium
from curation.augment.generators.pipeline import RESERVED, Pipeline, _fewer
from curation.augment.generators.programs import Ended, Programs
from curation.augment.generators.units import Units

ROOT = Path(__file__).parents[3]
DIRECTIONS = ["eng-spa", "spa-eng", "eng-cat", "cat-eng"]
pytestmark = pytest.mark.skipif(
    not resources.directions() >= set(DIRECTIONS), reason=f"Apertium isn't here: {resources.APERTIUM}"
)
SAMPLES = [
    turn["value"]
    for line in (ROOT / "data/samples/finetome_sample.jsonl").read_text(encoding="utf-8").splitlines()
    for turn in json.loads(line)["conversations"]
    if turn["from"] == "human"
]
# the tagger wasn't trained on the readings of the first, and takes notice of it at the last one's unknown words;
# the third ends in the end of a sentence
PLANTED = [
    "I know a lot of fit people near the worn jacket.", "The battery is worn.", "Is it?", "x", "Yes, but we have one knave and one fool.",
    "[x] ^y$ {z} <b> \\w a/b @c", "a\tb  c", "¿Y tú, un poco más de vela?", "Com va un home, més o menys tot sol?", "It costs 2.5 €…", "\u2028", "🚲 ok",
]  # fmt: skip
LINES = [*PLANTED, *dict.fromkeys(" ".join(line.split()) for text in SAMPLES for line in text.split("\n") if line.strip())][:60]  # fmt: skip

SIGNS = [
    " ",
    *"^$@/\\<>{}[]*#+~&|=_`'\".,;:!?¿-()²½🚲\x01\x7f\u200b",
    "the",
    "dog",
    "perro",
    "don't",
    "3",
    "^x$",
    "x^2",
    "<b>",
    "'s",
    "日本",
]


@functools.cache
def alone(direction: str, text: str) -> str:
    """What programs that were started for this text alone make of it."""
    [found] = Pipeline(direction).translate([text])
    return found


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_text_in_any_company_is_the_text_alone(direction: str) -> None:
    pipeline = Pipeline(direction)

    @given(texts=st.lists(st.sampled_from(LINES), max_size=40), seed=st.integers(0, 9))
    @settings(max_examples=3, deadline=None)
    def holds(texts: list[str], seed: int) -> None:
        some = texts + PLANTED
        random.Random(seed).shuffle(some)
        found = dict(zip(some, pipeline.translate(some), strict=True))
        for text in PLANTED[:6] + texts[:1]:
            assert found[text] == alone(direction, text)

    holds()
    # the order of all the lines changes nothing, nor what the pipeline saw before
    first = pipeline.translate(LINES)
    assert Pipeline(direction).translate(LINES[::-1])[::-1] == first
    assert pipeline.translate(LINES) == first


def test_a_word_that_the_tagger_was_not_trained_on_harms_no_text_behind_it() -> None:
    behind = "Yes, but we have one knave and one fool."
    [_, found] = Pipeline("eng-spa").translate(["I know a lot of people.", behind])
    assert found == alone("eng-spa", behind)


def test_a_text_with_signs_of_the_stream_comes_back_with_them() -> None:
    [found] = Pipeline("eng-spa").translate(["xqz [xqz] ^xqz$ {xqz} <xqz> \\xqz xqz/xqz @xqz"])
    assert found == "xqz [xqz] ^xqz$ {xqz} <xqz> \\xqz xqz/xqz @xqz"


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_circumflex_at_the_end_harms_no_neighbour(direction: str) -> None:
    house = PLANTED[2]
    for some in (["^"], ["the dog ^", "^^^", "2^n ^ .", "el gos ^ ¿?", "^ ²"]):
        found = Pipeline(direction).translate([one for text in some for one in (text, house)])
        assert found == [one for text in some for one in (text, alone(direction, house))]


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_no_signs_lead_from_one_text_into_the_next(direction: str) -> None:
    pipeline, house = Pipeline(direction), PLANTED[2]

    # words without spaces between them, too: signs of the stream, and what looks like its units
    @given(
        st.lists(
            st.lists(st.sampled_from(SIGNS), min_size=1, max_size=9).map("".join), min_size=1, max_size=60
        )
    )
    @settings(max_examples=6, deadline=None)
    def holds(texts: list[str]) -> None:
        some = [" ".join(text.split()) or "x" for text in texts]
        found = pipeline.translate([one for text in some for one in (text, house)])
        assert set(found[1::2]) == {alone(direction, house)}

    holds()


def test_a_program_that_runs_texts_together_is_no_translation() -> None:
    pipeline = Pipeline("eng-spa")
    pipeline.steps = [functools.partial(pipeline._through, [r"sed -z '1{N;s/\x00//}'"])]
    with pytest.raises(resources.MissingResource, match="eng-spa gave 2 texts for 3"):
        pipeline.translate(["a", "b", "c"])


@pytest.mark.parametrize("via", ["es", "ca"])
def test_candidates_of_a_batch_equal_candidates_one_by_one(via: str) -> None:
    some = ["I hire it.\n\nIs it near?", *SAMPLES[:5], "null \0 byte", "a\rb\u2028c"]
    generator = Apertium(via, patch=False)
    generator_by_itself = Apertium(via, patch=False)
    together = generator.propose(some, [0] * len(some))
    assert together == [generator_by_itself.propose([text], [0])[0] for text in some]
    assert generator.propose(some[::-1], [0] * len(some))[::-1] == together


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_units_alone_come_out_as_in_their_texts(direction: str) -> None:
    pipeline, seen = Pipeline(direction), 0
    read = [RESERVED.sub(r"\\\1", text) for text in LINES]
    for step in pipeline.steps:
        out = step(read)
        if isinstance(step, Units) and isinstance(step.ask, functools.partial):
            assert out == step.ask(read)
            seen += 1
        read = out
    assert seen == 2


def test_numerals_are_the_first_readings_to_go() -> None:
    assert list(_fewer(["u<num>", "un<prn>", "un<det>"])) == [
        ("un<prn>", "un<det>"), ("u<num>", "un<prn>"), ("u<num>", "un<det>"), ("un<prn>",), ("un<det>",), ("u<num>",),
    ]  # fmt: skip
    assert list(_fewer(["a", "b"])) == [("a",), ("b",)]


def test_programs_that_take_too_long_are_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Programs, "run", lambda *_: Ended("", "", False, True))
    with pytest.raises(
        resources.MissingResource, match=r"eng-spa took over 600 s for 9 characters\. Run the same again"
    ):
        Pipeline("eng-spa").translate(["a house"])


def test_a_program_that_is_not_there_is_named() -> None:
    pipeline = Pipeline("eng-spa")
    pipeline.steps[-1] = functools.partial(pipeline._through, ["lt-proc -p x", "no-such-program -z"])
    with pytest.raises(
        resources.MissingResource,
        match=r"eng-spa needs no-such-program, which isn't there.*apt-get install apertium",
    ):
        pipeline.translate(["a house"])


def test_a_program_that_fails_names_the_install_step() -> None:
    pipeline = Pipeline("eng-spa")
    pipeline.steps[-1] = functools.partial(pipeline._through, ["cat", "false", "cat"])
    with pytest.raises(resources.MissingResource, match="apt-get install apertium"):
        pipeline.translate(["a house"])
