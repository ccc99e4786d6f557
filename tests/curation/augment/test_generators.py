"""The generators on real text: each changes prose, leaves protected spans alone, and is decided by its seed."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.augment import resources
from curation.augment.protect import Refused, contents
from curation.augment.specs import AnySpec
from curation.errors import TomeError
from curation.recipe import step_from
from curation.step import Context

pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")

ROOT = Path(__file__).parents[3]
SAMPLES = [
    turn["value"]
    for line in (ROOT / "data/samples/finetome_sample.jsonl").read_text(encoding="utf-8").splitlines()
    for turn in json.loads(line)["conversations"]
]
NEEDS_WORDNET = pytest.mark.skipif(
    resources.find(resources.WORDNET) is None or resources.find(resources.TAGGER) is None,
    reason="WordNet or the tagger isn't here: run `tome augment setup`",
)
NEEDS_APERTIUM = pytest.mark.skipif(
    not resources.directions() >= {"eng-spa", "spa-eng", "eng-cat", "cat-eng"},
    reason=f"Apertium isn't here: {resources.APERTIUM}",
)
WORDS = [pytest.param("synonym", marks=NEEDS_WORDNET), "spelling", "keyboard", "swap", "delete", "split"]
PROSE = (
    "The friendly clerk will quickly explain the complete contract before you receive the beautiful bicycle."
)


def built(spec: Any, ctx: Context | None = None, terms: tuple[str, ...] = ()) -> Any:
    step: Any = step_from({"op": "augment", "category": "x", "rows": 1, "generators": [spec]})
    return step.generators[0].build(ctx or Context(), terms)


@pytest.mark.parametrize("name", WORDS)
def test_words_change_and_the_seed_decides(name: str) -> None:
    generator = built({name: {"share": 0.2}})
    first = generator.propose([PROSE] * 5, range(5))
    assert first == built({name: {"share": 0.2}}).propose([PROSE] * 5, range(5))
    assert generator.propose([PROSE] * 5, [4, 3, 2, 1, 0]) == first[::-1]
    changed = [out for out in first if isinstance(out, str)]
    assert changed
    assert PROSE not in changed


def test_the_global_generators_are_left_as_they_were() -> None:
    import numpy as np

    random.seed(5)
    np.random.seed(5)
    want = (random.random(), np.random.random())
    random.seed(5)
    np.random.seed(5)
    built("swap").propose([PROSE], [1])
    assert (random.random(), np.random.random()) == want


def test_exact_swap_and_split_keep_what_stands_between() -> None:
    text = "please look:\n\n- one two `x = 1` three\n\tdone"
    for name in ("swap", "split", "delete"):
        for seed in range(20):
            [out] = built({name: {"share": 0.3}}).propose([text], [seed])
            if isinstance(out, str):
                assert "`x = 1`" in out
                assert out.count("\n") == text.count("\n")
                assert "\n\n- " in out


@pytest.mark.parametrize("name", WORDS)
@given(text=st.one_of(st.sampled_from(SAMPLES), st.text(max_size=80)), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_any_text_keeps_its_protected_spans(name: str, text: str, seed: int) -> None:
    [out] = built(name).propose([text], [seed])
    if isinstance(out, Refused):
        assert out.reason
    else:
        assert contents(out) == contents(text)
        assert out != text


@pytest.mark.parametrize("text", ["", "   ", "`x = 1`", "42 km", "```\ncode\n```", "\n\n"])
def test_no_prose_is_a_reason(text: str) -> None:
    assert built("swap").propose([text], [0]) == [Refused("no prose to change")]


@pytest.mark.parametrize("name", ["spelling", "keyboard", "swap", "delete", "split"])
def test_no_noise_touches_a_negation(name: str) -> None:
    text = "people there ain't registered and the clerks cannot help or the owners wouldn't know"
    generator = built({name: {"share": 1.0, "most": 100}})
    changed = [out for out in generator.propose([text] * 30, range(30)) if isinstance(out, str)]
    assert changed
    for out in changed:
        assert [word for word in out.split() if word in ("ain't", "cannot", "wouldn't")] == [
            "ain't",
            "cannot",
            "wouldn't",
        ]


def test_a_term_is_left_alone() -> None:
    generator = built({"keyboard": {"share": 1.0, "most": 100}}, terms=("bicycle", "contract"))
    for out in generator.propose([PROSE] * 5, range(5)):
        assert isinstance(out, str)
        assert "contract" in out
        assert "bicycle" in out


@NEEDS_WORDNET
@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Write a program to calculate the factorial.", "Write a program to compute the factorial."),
        ("How large is the river?", "How big is the river?"),
        ("How large is the `large` river?", "How big is the `large` river?"),
        ("Is a permit required for this?", "Is a permit needed for this?"),
        ("Identify which cars are British.", "Identify which automobiles are British."),
        ("Return the characters of a given string.", None),  # no twine
        ("What is the result of Large and Sons?", "What is the outcome of Large and Sons?"),
        ("He ate an apple.", None),
        ("What are the top leagues in the world?", None),  # no universe
    ],
)  # fmt: skip
def test_synonyms_fit(text: str, want: str | None) -> None:
    [out] = built({"synonym": {"share": 1.0, "most": 100}}).propose([text], [1])
    assert out == (want or Refused("no synonym fits"))


def test_a_missing_resource_names_the_install_step(monkeypatch: pytest.MonkeyPatch) -> None:
    from curation.augment.generators import wordnet

    wordnet._wordnet.cache_clear()
    wordnet._tagger.cache_clear()
    monkeypatch.setattr(resources, "folders", list)
    with pytest.raises(resources.MissingResource, match="tome augment setup"):
        built("synonym")


@NEEDS_WORDNET
@pytest.mark.parametrize("part", [resources.WORDNET, resources.TAGGER])
@pytest.mark.parametrize("damage", ["missing", "garbled"])
def test_a_damaged_resource_names_its_folder_and_the_install_step(
    part: str, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    import nltk

    from curation.augment.generators import wordnet

    whole = resources.find(part)
    assert whole
    shutil.copytree(whole, tmp_path / part)
    name = {"missing": "data.noun", "garbled": "index.noun"}[damage]
    if part == resources.TAGGER:
        name = "averaged_perceptron_tagger_eng.tagdict.json"
    (tmp_path / part / name).unlink()
    if damage == "garbled":
        (tmp_path / part / name).write_text("{ no such thing\n", encoding="utf-8")
    monkeypatch.setattr(resources, "folders", lambda: [tmp_path])
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    load = wordnet._wordnet if part == resources.WORDNET else wordnet._tagger
    load.cache_clear()
    with pytest.raises(resources.MissingResource) as caught:
        load()
    assert str(caught.value).startswith(f"{tmp_path / part}: ")
    assert str(caught.value).endswith("is damaged. Delete that folder, then run: tome augment setup.")


@pytest.mark.parametrize(
    ("via", "said"),
    [
        ("es", "can't translate eng-spa, spa-eng here. Install it with: apt-get install apertium apertium-eng-spa."),
        ("gl", "can't translate en-gl, gl-en here. Install it with: apt-get install apertium apertium-en-gl."),
        ("fr", "can't translate eng-fr, fr-eng here. Debian has no package for it: take es, ca, gl, eo, or engine: marian or llm."),
    ],
)  # fmt: skip
def test_a_missing_pivot_names_the_package(via: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "directions", frozenset)
    with pytest.raises(resources.MissingResource) as caught:
        built({"back_translation": {"via": via}})
    assert str(caught.value) == f"back_translation via {via}: Apertium {said}"


@NEEDS_APERTIUM
@pytest.mark.parametrize("via", ["es", "ca"])
def test_back_translation_keeps_spans_and_lines(via: str) -> None:
    generator = built({"back_translation": {"via": via, "patch": False}})
    text = "I want to hire the bike for 3 days.\n\nCan you send the `code` to ann@post.example? "
    out, empty, code = generator.propose([text, "", "```\nx\n```"], [0, 1, 2])
    assert isinstance(out, str)
    assert contents(out) == contents(text)
    assert out.count("\n") == 2
    assert out != text
    assert (empty, code) == (Refused("no prose to change"), Refused("no prose to change"))
    [word] = generator.propose(["a" * 2_000_000], [0])
    assert word == Refused("nothing changed")


def test_a_sentence_that_never_ends_goes_in_stretches() -> None:
    from curation.augment.generators.apertium import _stretches

    ended, endless = "The dog sat. " * 300, "the dog sat and " * 200
    assert _stretches(ended) == [ended]
    assert _stretches(endless) == ["the dog sat and " * 100] * 2
    assert _stretches(f"So. {endless[:2400]}sat") == [
        f"So. {'the dog sat and ' * 99}the dog sat ",
        f"and {'the dog sat and ' * 50}sat",
    ]


@NEEDS_APERTIUM
def test_a_hundred_thousand_characters_without_a_sentence() -> None:
    line = "we sit here and wait for the train and then "
    generator = built({"back_translation": {"via": "ca", "patch": False}})
    [out] = generator.propose([line * (100_000 // len(line))], [0])
    assert isinstance(out, str)
    assert 60_000 < len(out) < 140_000


@NEEDS_APERTIUM
def test_a_patched_translation_keeps_the_changes_that_read_well() -> None:
    text = "How large is the vegetable shop in `Leeds`?\nHow do I stop it completely?"
    assert built({"back_translation": {"patch": False}}).propose([text], [0]) != [text]
    [out] = built({"back_translation": {"via": "es"}}).propose([text], [0])
    assert out == text.replace("completely", "entirely")
    [same] = built({"back_translation": {"via": "es"}}).propose(["Give me the best cell phone brands."], [0])
    assert same == Refused("no change reads well")


@NEEDS_APERTIUM
def test_back_translation_of_real_texts_in_a_batch_equals_one_by_one() -> None:
    generator = built("back_translation")
    some = [*SAMPLES[:6], "a\rb\u2028c", "[x] ^y$ \\z"]
    together = generator.propose(some, range(len(some)))
    assert together == [generator.propose([text], [0])[0] for text in some]
    for text, out in zip(some, together, strict=True):
        assert isinstance(out, Refused) or contents(out) == contents(text)


@pytest.mark.parametrize(
    ("spec", "said"),
    [("paraphras", "paraphrase"), ({"synonym": {"shar": 1}}, "shar"), ({"synonym": {"share": 2}}, "less than or equal to 1")],
)  # fmt: skip
def test_a_mistake_in_a_generator_is_one_line(spec: Any, said: str) -> None:
    with pytest.raises(TomeError, match=said) as caught:
        built(spec)
    assert "\n" not in str(caught.value)


def test_short_forms_mean_the_long_ones() -> None:
    assert AnySpec is not None
    step: Any = step_from({"op": "augment", "category": "x", "rows": 1, "generators": ["swap", {"swap": {}}, {"swap": None}, {"name": "swap"}]})  # fmt: skip
    assert len(set(step.generators)) == 1
    assert step_from(step.model_dump(mode="json")) == step


@NEEDS_WORDNET
def test_contextual_with_a_tiny_masked_model(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch isn't installed: pip install 'tomewright[train]'")
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertTokenizer

    words = sorted(set(f"{PROSE} go home now then big large house how is of".lower().strip(".").split()))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, ".", ","]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = BertForMaskedLM(BertConfig(vocab_size=len(vocabulary), **size))
    with (
        torch.no_grad()
    ):  # what it expects everywhere, likeliest first: words that mean something else, then big, then large
        model.cls.predictions.decoder.bias[:] = -1e4
        for bias, word in ((300.0, "home"), (250.0, "house"), (200.0, "big"), (199.0, "large")):
            model.cls.predictions.decoder.bias[vocabulary.index(word)] = bias
    model.save_pretrained(tmp_path)
    generator = built({"contextual": {"model": str(tmp_path), "most": 1}})
    text = "how large is the house of the clerk `x = 1` before you go home"
    first = generator.propose([text] * 30, range(30))
    assert first == generator.propose([text] * 30, range(30))
    # one word alone has synonyms, and of all that the model expects there one alone is such
    assert set(first) == {text.replace("large", "big")}
    assert generator.propose(["how is the house of the clerk"], [1]) == [Refused("nothing changed")]
    assert generator.propose(["home"], [1]) == [Refused("no prose to change")]
    with pytest.raises(TomeError, match="can't be loaded"):
        built({"contextual": {"model": str(tmp_path / "none")}})


@NEEDS_WORDNET
def test_the_fast_tagger_says_what_nltk_says() -> None:
    from nltk.tag import PerceptronTagger

    from curation.augment.generators import wordnet

    wordnet._tagger.cache_clear()
    slow, fast = PerceptronTagger(), wordnet._tagger()
    # in the first two, labels are equal but for the order in which floats are added
    ties = (
        "detect (find) and diagnose adult non-Hodgkin lymphoma. The following tests",
        "Carver just turned 45 years old, which",
    )
    texts = [*(text.split() for text in ties), [], ["-START-"], *(text.split() for text in SAMPLES[:40])]
    assert fast.tag(texts) == [tuple(tag for _, tag in slow.tag(words)) for words in texts]
    assert fast.tag([]) == []
