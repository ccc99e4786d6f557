"""Back-translation through a pivot language by Apertium: rule-based, local, about a thousand lines a second.

Source: Forcada et al. 2011, "Apertium: a free/open-source platform for rule-based machine translation";
back-translation as augmentation: Sennrich et al. 2016, Yu et al. 2018 (QANet).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import islice
from math import ceil

from curation.augment import protect, resources
from curation.augment.generators.patch import patched
from curation.augment.generators.pipeline import Pipeline
from curation.augment.generators.programs import Programs
from curation.augment.protect import Refused

SIDES, PART = 2, 512
"""Parts that are translated at once, and texts in each at most."""
NOTICE = 0.3
"""Seconds after which Ctrl-C is noticed; with polars loaded it wakes nobody who waits without end."""
LONG = re.compile(r"\S{400}")
"""No word: a text without spaces, in which the engine would look for words for minutes."""
ENDLESS = re.compile(r"[^.?!]{2000}")
"""No sentence either: the perceptron tagger takes time by the square of a sentence's words."""
STRETCH = re.compile(r".{1,1600}(?: |$)")
SPACES = re.compile(r"(?<=\S) {2,}(?=\S)")


class Apertium:
    """English to the pivot and back, line by line; layout and protected spans are kept."""

    languages: frozenset[str] | None = frozenset({"en"})
    chance = False

    def __init__(self, via: str, terms: tuple[str, ...] = (), *, patch: bool = True) -> None:
        there, back = resources.pivot(via)
        self.there, self.back, self.terms, self.patch = Pipeline(there), Pipeline(back), terms, patch
        self.identity = f"apertium {there} {back} patch={patch} v5"

    def propose(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str | Refused]:
        """Candidates in order; the engine knows no chance, so the seed changes nothing."""
        return [one for some in self.stream(texts, seeds) for one in some]

    def stream(self, texts: Sequence[str], seeds: Sequence[int]) -> Iterator[list[str | Refused]]:
        """The same candidates, a part at a time; while some are translated, what came of others is looked at."""
        del seeds
        rounds = ceil(len(texts) / (SIDES * PART))
        size = ceil(len(texts) / (SIDES * max(rounds, 1)))  # all sides are done at once
        parts = [texts[start : start + size] for start in range(0, len(texts), size or 1)]
        pool = ThreadPoolExecutor(SIDES)
        self.there.programs = self.back.programs = programs = Programs()
        try:
            for part, one in [(part, pool.submit(self._translated, part)) for part in parts]:
                while not wait([one], NOTICE).done:
                    pass
                yield self._put_together(part, *one.result())
        finally:
            programs.stop()  # nobody waits for what is still translated
            pool.shutdown(cancel_futures=True)

    def _translated(
        self, texts: Sequence[str]
    ) -> tuple[list[protect.Masked], list[list[str]], Iterator[str]]:
        """Texts with markers in place of spans, their lines with what stands between them, and the lines' translations."""
        masks = [protect.masked(text, self.terms) for text in texts]
        # each line of prose goes by itself, so that texts don't run into one another
        cut = [re.split(r"(\s*\n\s*)", it.text) if protect.has_prose(it) else [""] for it in masks]
        return masks, cut, iter(self._there_and_back([line for one in cut for line in one[::2]]))

    def _put_together(
        self,
        texts: Sequence[str],
        masks: Sequence[protect.Masked],
        cut: Sequence[list[str]],
        lines: Iterator[str],
    ) -> list[str | Refused]:
        """Candidates of translated lines, with their layout and their spans."""
        found: list[str | Refused] = []
        for text, it, pieces in zip(texts, masks, cut, strict=True):
            if pieces == [""]:
                found.append(Refused("no prose to change"))
                next(lines)
                continue
            new = "".join(next(lines) if place % 2 == 0 else piece for place, piece in enumerate(pieces))
            result = protect.restored(text, it, new, self.terms)
            found.append(Refused("nothing changed") if result == text else result)
        return self._patched(texts, found) if self.patch else found

    def _patched(self, texts: Sequence[str], made: list[str | Refused]) -> list[str | Refused]:
        """Each translation cut down to the changes that read well."""
        good = [place for place, one in enumerate(made) if isinstance(one, str)]
        out = patched([texts[place] for place in good], [str(made[place]) for place in good])
        for place, text in zip(good, out, strict=True):
            same = text == texts[place]
            made[place] = (
                Refused("no change reads well") if same else protect.verified(texts[place], text, self.terms)
            )
        return made

    def _there_and_back(self, lines: list[str]) -> list[str]:
        """Lines through the pivot and back, each with the white space that it had around it."""
        # what isn't one line for the engine, or nothing at all, stays as it is
        asked = [
            place
            for place, line in enumerate(lines)
            if line.strip() and "\0" not in line and not LONG.search(line)
        ]
        cut = [_stretches(" ".join(lines[place].split())) for place in asked]
        found = [one for some in cut for one in some]
        for way in (self.there, self.back):
            found = [SPACES.sub(" ", new).strip() for new in way.translate(found)] if found else []
        out, new = list(lines), iter(found)
        for place, some in zip(asked, cut, strict=True):
            out[place] = _edges(lines[place], " ".join(islice(new, len(some))))
        return out


def _stretches(line: str) -> list[str]:
    """The line, or pieces of it that the engine gets through in time."""
    return STRETCH.findall(line) if ENDLESS.search(line) else [line]


def _edges(line: str, new: str) -> str:
    """The translation with the original's white space at both ends."""
    body = line.strip()
    start = line.find(body)
    return line[:start] + new + line[start + len(body) :]
