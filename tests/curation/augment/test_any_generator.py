"""Any text, any generator: what is protected comes back untouched, or there is a reason and no candidate."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.augment import resources
from curation.augment.generators.rewrite import Rewriter
from curation.augment.llm import Reply, Request
from curation.augment.llm_client import Client
from curation.augment.protect import Refused, contents
from curation.augment.store import Lines
from curation.recipe import step_from
from curation.step import Context

pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
NEEDS_WORDNET = pytest.mark.skipif(
    resources.find(resources.WORDNET) is None or resources.find(resources.TAGGER) is None,
    reason="WordNet or the tagger isn't here: run `tome augment setup`",
)
NEEDS_APERTIUM = pytest.mark.skipif(
    not resources.directions() >= {"eng-spa", "spa-eng"}, reason=f"Apertium isn't here: {resources.APERTIUM}"
)
PROSE = [
    "Please explain how large the vegetable shop is.", "The friendly clerk will quickly describe the complete contract.",
    "¿Puedo mover mi reserva de la mañana a la tarde?", "Wie lange dauert die Fahrt mit dem Fahrrad?", "我可以把预订改到下午吗?",
    "Why does this fail, and what should I change?", "Marie Curie went to Paris with the BBC.", "\n\n- first point\n- second point\n",
]  # fmt: skip
MOVIES = "Give me a list of fantastic movies."
"""A text that comes back from any pivot with a change that reads well."""
PLANTED = [
    "```python\ndef total(rows):\n    return sum(rows)  # all of them\n```", "`os.path.join(a, b)`", "os.path.join", "v1.2.3", "example.com",
    "https://a.example/b?c=d", "ann.lee@post.example", "$x^2 + \\frac{1}{2}$", "\\begin{align}a&=b\\\\ c&=d\\end{align}", "\\[ \\int_0^1 x\\,dx \\]",
    '{"name": "old value", "list": [1, 2]}', "{{Order Number}}", "{customer_name}", "[Your Name]", "\n| old | new |\n|---|---|\n| big | large |\n",
    "\na | b\n--- | ---\none | two\n", '"keep this big line"', "“a ‘nested’ quotation”", "„so groß“", "12 Stunden", "3,5 kg", "20 €", "1,000,000",
    "/etc/hosts", "src/main.py", "max_size", "camelCase", "<b>", "bicycle",
]  # fmt: skip
TERMS = ("bicycle", "vegetable shop")
TEXTS = st.lists(
    st.one_of(st.sampled_from(PROSE), st.sampled_from(PLANTED), st.text(max_size=20)), max_size=8
).map(" ".join)


def built(spec: Any) -> Any:
    step: Any = step_from({"op": "augment", "category": "x", "rows": 1, "generators": [spec], "terms": TERMS})
    return step.generators[0].build(Context(), TERMS)


class Hostile:
    """A language model that drops, doubles, swaps, upper-cases and invents words of what it is asked about."""

    identity = "hostile"

    def answer(self, requests: Any, done: Callable[[int, Reply], None]) -> None:
        for place, request in enumerate(requests):
            chance = random.Random(request.seed)
            words = request.messages[-1][1].split(" ")
            for _ in range(3):
                at, other = chance.randrange(len(words)), chance.choice(words)
                words[at] = chance.choice(
                    ["", other, words[at] * 2, words[at].upper(), "XQ01QX", "`new`", "7 km", '"so"']
                )
            done(place, Reply(" ".join(words)))


class Asked:
    """An asking generator as one that proposes."""

    def __init__(self) -> None:
        self.rewriter = Rewriter(Client(Hostile(), Lines(None, "hostile")), "paraphrase", TERMS)

    def propose(self, texts: list[str], seeds: list[int]) -> list[Any]:
        requests: list[Request | None] = self.rewriter.requests(texts, seeds)
        replies = iter(self.rewriter.client.ask([one for one in requests if one]))
        return self.rewriter.read(texts, [one and next(replies) for one in requests])


class Network:
    """Stands where a translation model and its tokenizer do, and garbles every line by its own chance."""

    def __call__(self, lines: list[str], **kwargs: Any) -> dict[str, list[str]]:
        return {"lines": lines}

    def generate(self, lines: list[str], **kwargs: Any) -> list[str]:
        chance = random.Random(repr(lines))
        return [
            " ".join(word for word in line.split(" ") for _ in range(chance.choice([0, 1, 1, 1, 2])))
            for line in lines
        ]

    def batch_decode(self, out: list[str], **kwargs: Any) -> list[str]:
        return out


def masked_model(folder: Path) -> Path:
    """A BERT that expects "big" everywhere, and "large" where that stands already."""
    torch = pytest.importorskip("torch", reason="torch isn't installed: pip install 'tomewright[train]'")
    from transformers import BertConfig, BertForMaskedLM, BertTokenizer

    words = sorted(
        {word for text in PROSE for word in text.lower().strip(".?").split()} | {"big", "speedily"}
    )
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, ".", ",", "?"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = BertForMaskedLM(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=128, **size))
    with torch.no_grad():
        model.cls.predictions.decoder.bias[:] = -1e4
        for bias, word in ((200.0, "big"), (199.0, "large")):
            model.cls.predictions.decoder.bias[vocabulary.index(word)] = bias
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def generator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    name = request.param
    if name == "paraphrase":
        return Asked()
    if name == "marian":
        pytest.importorskip("torch", reason="torch isn't installed: pip install 'tomewright[train]'")
        from curation.augment.generators import marian

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(marian, "_loaded", lambda model: (Network(), Network()))
            return built({"back_translation": {"engine": "marian", "via": "fr"}})
    if name == "contextual":
        model = masked_model(tmp_path_factory.mktemp("bert"))
        import torch

        # threads that wait for one another take nearly all the time of so small a model
        request.addfinalizer(functools.partial(torch.set_num_threads, torch.get_num_threads()))
        torch.set_num_threads(1)
        return built({name: {"model": str(model), "share": 0.5}})
    if name.startswith("back_translation"):
        _, via, how = name.split()
        return built({"back_translation": {"via": via, "patch": how == "patched"}})
    return built({name: {"share": 0.5}})


NAMES = [
    pytest.param("synonym", marks=NEEDS_WORDNET), "spelling", "keyboard", "swap", "delete", "split", "paraphrase", "marian",
    pytest.param("contextual", marks=NEEDS_WORDNET), pytest.param("back_translation es whole", marks=NEEDS_APERTIUM),
    pytest.param("back_translation ca patched", marks=NEEDS_APERTIUM),
]  # fmt: skip


@pytest.mark.parametrize("generator", NAMES, indirect=True)
def test_spans_are_never_altered(generator: Any) -> None:
    changed = 0

    @given(texts=st.lists(TEXTS, min_size=1, max_size=4), seed=st.integers(0, 2**31))
    @settings(max_examples=12, deadline=None)
    def holds(texts: list[str], seed: int) -> None:
        nonlocal changed
        out = generator.propose(texts, [seed + place for place in range(len(texts))])
        assert len(out) == len(texts)
        for text, one in zip(texts, out, strict=True):
            if isinstance(one, Refused):
                assert one.reason
            else:
                changed += 1
                assert contents(one, TERMS) == contents(text, TERMS)
                assert one != text

    holds()
    # and the law isn't empty: prose around planted spans does change
    rich = [f"{text} {planted} {text}" for text in [*PROSE[:2], MOVIES] for planted in PLANTED[:20]]
    for text, one in zip(rich, generator.propose(rich, list(range(len(rich)))), strict=True):
        if isinstance(one, str):
            changed += 1
            assert contents(one, TERMS) == contents(text, TERMS)
    assert changed
