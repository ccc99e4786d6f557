"""Back-translation by two translation models of transformers: Marian pairs, or one NLLB model both ways.

Sources: Junczys-Dowmunt et al. 2018 (Marian); Tiedemann and Thottingal 2020 (OPUS-MT); NLLB Team 2022.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from curation.augment import protect
from curation.augment.generators.lists import same_numbers
from curation.augment.networks import loaded
from curation.augment.protect import Refused
from curation.errors import InputError

NLLB = {
    "en": "eng_Latn", "es": "spa_Latn", "ca": "cat_Latn", "gl": "glg_Latn", "fr": "fra_Latn", "de": "deu_Latn", "it": "ita_Latn",
    "pt": "por_Latn", "nl": "nld_Latn", "sv": "swe_Latn", "da": "dan_Latn", "fi": "fin_Latn", "pl": "pol_Latn", "cs": "ces_Latn",
    "ro": "ron_Latn", "hu": "hun_Latn", "el": "ell_Grek", "tr": "tur_Latn", "ru": "rus_Cyrl", "uk": "ukr_Cyrl", "ar": "arb_Arab",
    "hi": "hin_Deva", "zh": "zho_Hans", "ja": "jpn_Jpan", "ko": "kor_Hang", "vi": "vie_Latn", "id": "ind_Latn",
}  # fmt: skip
"""NLLB's (FLORES-200's) codes of the languages that can be pivots."""
MEND = "Check the id and the network, or give folders with there: and back:; apertium needs neither."
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
        if _is_nllb(self.first) or _is_nllb(self.second):
            _known(via, self.first)
        self.identity = f"marian {self.there} {self.back} {via} v3"

    def propose(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str | Refused]:
        """Candidates in order."""
        del seeds
        masks = [protect.masked(text, self.terms) for text in texts]
        cut = [re.split(r"(\s*\n\s*)", it.text) if protect.has_prose(it) else [""] for it in masks]
        lines = [part for parts in cut for part in parts[::2]]
        pivot = self._translate(self.first, lines, "en", self.via)
        out = iter(self._translate(self.second, pivot, self.via, "en"))
        found: list[str | Refused] = []
        for text, it, parts in zip(texts, masks, cut, strict=True):
            if parts == [""]:
                found.append(Refused("no prose to change"))
                next(out)
                continue
            new = "".join(next(out) if place % 2 == 0 else part for place, part in enumerate(parts))
            result = same_numbers(text, protect.restored(text, it, new, self.terms))
            found.append(Refused("nothing changed") if result == text else result)
        return found

    def _translate(self, pair: tuple[Any, Any], lines: list[str], source: str, target: str) -> list[str]:
        import torch

        tokenizer, model = pair
        result = list(lines)
        places = [place for place, line in enumerate(lines) if line.strip()]
        extra: dict[str, Any] = {}
        if _is_nllb(pair):
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


def _is_nllb(pair: tuple[Any, Any]) -> bool:
    return "nllb" in type(pair[0]).__name__.lower()


def _known(via: str, pair: tuple[Any, Any]) -> None:
    """Raises InputError for a pivot that NLLB has no code for, here or in this tokenizer."""
    tokenizer, _ = pair
    code = NLLB.get(via)
    if code is None or tokenizer.convert_tokens_to_ids(code) == tokenizer.unk_token_id:
        raise InputError(
            f"NLLB's code of the language {via!r} isn't known",
            where="back_translation",
            mend=f"Pivots are {', '.join(sorted(set(NLLB) - {'en'}))}.",
        )


def _loaded(model: str) -> tuple[Any, Any]:
    return loaded("Seq2SeqLM", model, MEND)
