"""Prompts said in other words, or sent through a pivot language, by a language model.

Source: paraphrase by instruction, as in Self-Instruct's successors (Wang et al. 2023); back-translation, Sennrich et al. 2016.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from curation.augment import protect
from curation.augment.generators.lists import same_numbers
from curation.augment.llm import Reply, Request, said
from curation.augment.llm_client import Client
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
RUN = 5
"""Words of the instruction in a row that a reply can't have by chance: a weak model says them too, in place of a text."""
WORD = re.compile(r"\w+")
LONGEST = 20_000
"""Characters of a text that is sent at most: a server would refuse a longer one, and the whole run with it."""


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

    def requests(self, texts: Sequence[str], seeds: Sequence[int]) -> list[Request | None]:
        """What is asked about each text; None where there is nothing to say in other words."""
        found: list[Request | None] = []
        for text, seed in zip(texts, seeds, strict=True):
            it = protect.masked(text, self.terms)
            prompt = self.prompt.replace("{marker}", (it.markers or ("XQ01QX",))[0])
            asked = Request((("system", prompt), ("user", it.text)), seed)
            able = len(text) <= LONGEST and protect.has_prose(it)
            found.append(asked if able else None)
        return found

    def read(self, texts: Sequence[str], replies: Sequence[Reply | None]) -> list[str | Refused]:
        """The candidate in each reply, with its spans back, or why there is none."""
        found: list[str | Refused] = []
        for text, reply in zip(texts, replies, strict=True):
            told = said(reply) if reply else ""
            if not told:
                why = (
                    f"longer than {LONGEST:,} characters, not sent"
                    if len(text) > LONGEST
                    else "no prose to change"
                )
                found.append(Refused(why if reply is None else "empty reply"))
                continue
            out = same_numbers(
                text, protect.restored(text, protect.masked(text, self.terms), told, self.terms)
            )
            if isinstance(out, str):
                echo = (_runs(out) & _runs(self.prompt)) - _runs(text)
                out = Refused("repeats the instruction") if echo else out
            found.append(Refused("nothing changed") if out == text else out)
        return found


def _runs(text: str) -> set[tuple[str, ...]]:
    words = WORD.findall(text.lower())
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}
