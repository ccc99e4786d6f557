"""Words replaced by what a masked language model expects there, through nlpaug.

nlpaug 1.1.11 asks a tokenizer for ``_convert_token_to_id``, which transformers 5 no longer has: that one method is
supplied here. The model sees the prose between protected spans alone. It says what is likely, not what means the same ("sell"
for "buy"), so that it chooses among the synonyms of the word that stood there (``wordnet.py``), and a change is kept where it reads
well (``patch.py``). Small words and negations have none, and are not asked about.

Source: Kobayashi 2018, "Contextual Augmentation"; nlpaug (Ma, 2019).
"""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from typing import Any

from curation.augment import networks, protect
from curation.augment.generators import library, wordnet
from curation.augment.generators.inflect import POS
from curation.augment.generators.lists import DEGREES
from curation.augment.generators.patch import patched
from curation.augment.generators.words import ENGLISH, own_chance
from curation.augment.protect import Refused
from curation.contract import file_sha256

FEWEST = 4
"""Words that a stretch of prose must have: less is no context."""
LIKELIEST = 500
"""Words that the model holds most likely in a place, of which the synonyms are drawn from."""
PIECE = "##"
"""How a token within a word begins."""
SENSES = 3
"""Most frequent senses of a word and of its synonym that count: the model chooses by the place."""


class ContextualGenerator:
    """nlpaug's contextual augmenter over a BERT-like model."""

    languages: frozenset[str] | None = ENGLISH

    def __init__(self, model: str, share: float, most: int, terms: tuple[str, ...]) -> None:
        wordnet.load()
        self.terms = terms
        self._augment = _augmenter(model, share, most)
        self.identity = f"nlpaug contextual {model} {_weights(model)} share={share} most={most} v4"

    def propose(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str | Refused]:
        """Candidates in the order of the texts."""
        with own_chance():
            return [self._one(text, seed) for text, seed in zip(texts, seeds, strict=True)]

    def _one(self, text: str, seed: int) -> str | Refused:
        import numpy as np
        import torch

        parts = protect.pieces(text, self.terms)
        if not any(free and len(part.split()) >= FEWEST for part, free in parts):
            return Refused("no prose to change")
        random.seed(seed)
        np.random.seed(seed % 2**32)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            out = "".join(
                str(self._augment.augment(part)[0]) if free and len(part.split()) >= FEWEST else part
                for part, free in parts
            )
        if out == text:
            return Refused("nothing changed")
        [out] = patched([text], [out], _mean)
        return Refused("no change reads well") if out == text else protect.verified(text, out, self.terms)


@functools.lru_cache(maxsize=2)
def _augmenter(model: str, share: float, most: int) -> Any:
    by_word = library.with_models()
    from nlpaug.model.lang_models import Bert, LanguageModels

    def pick(self: Any, logits: Any, ids: Sequence[int], target_word: str, n: int = 1) -> Any:
        fit = [place for place, one in enumerate(ids) if _mean(target_word, self.id2token(one))]
        return (
            LanguageModels.pick(self, logits[fit], [ids[place] for place in fit], target_word, n)
            if fit
            else []
        )

    class OfMeaning(by_word.ContextualWordEmbsAug):  # type: ignore[misc,name-defined]
        """Asks about whole words that have synonyms."""

        def skip_aug(self, token_idxes: Sequence[int], tokens: Sequence[str]) -> list[int]:
            whole = [at for at in token_idxes if not "".join(tokens[at : at + 2]).count(PIECE)]
            return [at for at in super().skip_aug(whole, tokens) if _synonyms(tokens[at].lower())]

    Bert.token2id = lambda self, token: self.tokenizer.convert_tokens_to_ids(token)
    Bert.id2token = lambda self, number: self.tokenizer.convert_ids_to_tokens(number)
    Bert.pick = pick
    if networks.local_only(model):
        raise networks.unloaded(model, "the Hub can't be reached; name a folder instead")
    try:
        with networks.unseen():
            return OfMeaning(
                model_path=model, model_type="bert", top_k=LIKELIEST, aug_p=share, aug_max=most, device="cpu",
                use_custom_api=True,
            )  # fmt: skip
    except (OSError, ValueError) as error:
        raise networks.unloaded(model, str(error)) from None


def _mean(word: str, other: str) -> bool:
    """Whether another word can stand for this one: a synonym of a common sense of both, in some part of speech."""
    return other.lower() in _synonyms(word.lower())


@functools.lru_cache(maxsize=65_536)
def _synonyms(word: str) -> frozenset[str]:
    if word in DEGREES:
        return frozenset()
    found = wordnet.synonyms([(word, tag) for tag in POS], SENSES)
    return frozenset(name for names in found.values() for name, _ in names)


def _weights(model: str) -> str:
    from pathlib import Path

    files = sorted(Path(model).glob("*.safetensors"))
    return " ".join(file_sha256(file)[:12] for file in files)
