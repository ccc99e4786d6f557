"""Back-translation by two translation models of transformers: Marian pairs, or one NLLB model both ways.

Sources: Junczys-Dowmunt et al. 2018 (Marian); Tiedemann and Thottingal 2020 (OPUS-MT); NLLB Team 2022.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

from curation.augment import protect
from curation.augment.protect import Refused
from curation.errors import HubError, MissingExtra

NLLB = {"en": "eng_Latn", "es": "spa_Latn", "ca": "cat_Latn", "fr": "fra_Latn", "de": "deu_Latn", "it": "ita_Latn",
        "pt": "por_Latn", "nl": "nld_Latn", "pl": "pol_Latn", "ru": "rus_Cyrl", "zh": "zho_Hans", "ja": "jpn_Jpan"}  # fmt: skip
BATCH = 32
"""Lines translated at once."""


class Marian:
    """English to the pivot and back, line by line, with beam search, so without chance."""

    languages: frozenset[str] | None = frozenset({"en"})
    chance = False

    def __init__(self, via: str, there: str | None, back: str | None, terms: tuple[str, ...]) -> None:
        self.via, self.terms = via, terms
        self.there = there or f"Helsinki-NLP/opus-mt-en-{via}"
        self.back = back or f"Helsinki-NLP/opus-mt-{via}-en"
        self.first, self.second = _loaded(self.there), _loaded(self.back)
        self.identity = f"marian {self.there} {self.back} {via} v1"

    def propose(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str | Refused]:
        """Candidates in order."""
        del seeds
        masks = [protect.masked(text, self.terms) for text in texts]
        cut = [re.split(r"(\s*\n\s*)", it.text) for it in masks]
        lines = [part for parts in cut for part in parts[::2]]
        pivot = self._translate(self.first, lines, "en", self.via)
        out = iter(self._translate(self.second, pivot, self.via, "en"))
        found: list[str | Refused] = []
        for text, it, parts in zip(texts, masks, cut, strict=True):
            new = "".join(next(out) if place % 2 == 0 else part for place, part in enumerate(parts))
            result = protect.restored(text, it, new, self.terms)
            found.append(Refused("nothing changed") if result == text else result)
        return found

    def _translate(self, loaded: tuple[Any, Any], lines: list[str], source: str, target: str) -> list[str]:
        import torch

        tokenizer, model = loaded
        result = list(lines)
        places = [place for place, line in enumerate(lines) if line.strip()]
        extra: dict[str, Any] = {}
        if "nllb" in type(tokenizer).__name__.lower():
            tokenizer.src_lang = NLLB[source]
            extra["forced_bos_token_id"] = tokenizer.convert_tokens_to_ids(NLLB[target])
        for start in range(0, len(places), BATCH):
            part = places[start : start + BATCH]
            inputs = tokenizer([lines[p] for p in part], return_tensors="pt", padding=True, truncation=True)
            with torch.inference_mode():
                out = model.generate(**inputs, num_beams=4, do_sample=False, max_new_tokens=512, **extra)
            for place, text in zip(part, tokenizer.batch_decode(out, skip_special_tokens=True), strict=True):
                result[place] = text
        return result


@functools.lru_cache(maxsize=2)
def _loaded(model: str) -> tuple[Any, Any]:
    try:
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
    except ModuleNotFoundError:
        raise MissingExtra.of("transformers", "train") from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
        return tokenizer, AutoModelForSeq2SeqLM.from_pretrained(model, trust_remote_code=False).eval()
    except (OSError, ValueError) as error:
        mend = "Check the id and the network, or give folders with there: and back:; apertium needs neither."
        raise HubError(f"the model can't be loaded: {error}", where=model, mend=mend) from None
