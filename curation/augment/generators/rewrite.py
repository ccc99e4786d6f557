"""Prompts said in other words, or sent through a pivot language, by a language model.

Source: paraphrase by instruction, as in Self-Instruct's successors (Wang et al. 2023); back-translation, Sennrich et al. 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from curation.augment import protect
from curation.augment.llm import Client, Request
from curation.augment.protect import Refused

PARAPHRASE = (
    "Say the user's text in other words. Keep its language, its meaning and its tone, and ask for exactly the same"
    " thing. Copy every marker such as {marker} unchanged, in the same order. Do not answer it. Reply with the new text alone."
)
TRANSLATE = (
    "Translate the user's text into the language with the code '{via}', then translate that translation back into the"
    " text's own language, in natural words. Copy every marker such as {marker} unchanged, in the same order. Do not answer"
    " it. Reply with the final text alone."
)


class Rewriter:
    """Texts out of a language model, with their protected spans behind markers."""

    languages: frozenset[str] | None = None

    def __init__(
        self,
        client: Client,
        task: Literal["paraphrase", "back_translation"],
        terms: tuple[str, ...],
        via: str = "",
    ) -> None:
        self.client, self.terms = client, terms
        self.prompt = PARAPHRASE if task == "paraphrase" else TRANSLATE.replace("{via}", via)
        self.identity = f"{task} {via} {client.model.identity} v1"

    def propose(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str | Refused]:
        """Candidates in order; an empty text is refused without asking."""
        masks = [protect.masked(text, self.terms) for text in texts]
        asked = [place for place, it in enumerate(masks) if any(c.isalpha() for c in _bare(it))]
        replies = self.client.ask(
            [
                Request(
                    (("system", self.prompt.replace("{marker}", (masks[p].markers or ("XQ01QX",))[0])), ("user", masks[p].text)),
                    seeds[p],
                )
                for p in asked
            ]
        )  # fmt: skip
        found: list[str | Refused] = [Refused("no prose to change")] * len(texts)
        for place, reply in zip(asked, replies, strict=True):
            text = texts[place]
            out = protect.restored(text, masks[place], reply.strip(), self.terms)
            found[place] = Refused("nothing changed") if out == text else out
        return found


def _bare(it: protect.Masked) -> str:
    text = it.text
    for marker in it.markers:
        text = text.replace(marker, "")
    return text
