"""Jobs in, candidates out, of those generators that ask a model or another program: what they made before comes from the cache."""

from __future__ import annotations

import functools
from collections import abc
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from curation.augment.generators.base import Generator, Seed
from curation.augment.protect import Refused
from curation.augment.specs import Spec, Words
from curation.augment.store import Lines
from curation.augment.work import Made, Talk, Tokens, fit, rewritten
from curation.contract import canonical_json, digest
from curation.step import Context
from curation.steps.augment import Augment

BATCH = 256
"""Texts of a slow generator between two writes to the cache: what an interruption loses at most."""

PAID = 4
"""Candidates made at once at least where a language model is asked."""


@dataclass(frozen=True)
class Job:
    """One try: the parent's place among the rows, which generator, and which attempt; ``seed`` is its chance."""

    parent: int
    generator: int
    attempt: int
    seed: int


class Producer:
    """The generators of a step, ready to make candidates."""

    def __init__(
        self, specs: Sequence[Spec], terms: tuple[str, ...], roles: frozenset[str], ctx: Context
    ) -> None:
        self.specs, self.terms, self.roles, self.ctx = specs, terms, roles, ctx
        self.generators: list[Generator] = [spec.build(ctx, terms) for spec in specs]
        folder = None if ctx.cache is None else ctx.cache / "augment"
        self.lines = [Lines(folder, one.identity) for one in self.generators]

    def size(self, lacking: int, plenty: int) -> int:
        """Candidates to make at once: as many as are lacking where a language model is paid for them, else with some to spare."""
        paid = any(hasattr(generator, "client") for generator in self.generators)
        return max(PAID, lacking) if paid else max(32, plenty)

    def accounts(self) -> list[dict[str, Any]]:
        """What each generator asked of its language model in this process."""
        return [
            {"generator": spec.name, "model": spec.asks, **asdict(generator.client.account)}
            for spec, generator in zip(self.specs, self.generators, strict=True)
            if hasattr(generator, "client")
        ]

    def make(
        self, jobs: Sequence[Job], talks: Sequence[Talk], seeds: Sequence[Seed | None]
    ) -> list[Made | None]:
        """A candidate for each job, None where its generator works on words; ``talks[i]`` is the parent of job i.

        ``seeds[i]`` is what a new talk is made from, where its generator makes one.
        """
        found: list[Made | None] = [None] * len(jobs)
        for number, spec in enumerate(self.specs):
            places = [place for place, job in enumerate(jobs) if job.generator == number]
            if isinstance(spec, Words) or not places:
                continue
            for place, why in zip(
                places, fit(spec, self.generators[number], [talks[p] for p in places]), strict=True
            ):
                found[place] = Made(why) if why is not None else None
            places = [place for place in places if found[place] is None]
            chances = [jobs[p].seed for p in places]
            if spec.whole:
                out = [Made(*one) for one in self._asked(number, [seeds[p] for p in places], chances)]
            else:
                propose = functools.partial(self._texts, number)
                out = rewritten(propose, [talks[p] for p in places], chances, self.roles)
            for place, candidate in zip(places, out, strict=True):
                found[place] = candidate
        return found

    def _texts(
        self, number: int, texts: Sequence[str], seeds: Sequence[int]
    ) -> list[tuple[str | Refused, Tokens | None]]:
        generator: Any = self.generators[number]
        if hasattr(generator, "client"):
            return self._asked(number, texts, seeds)
        # what is protected differs between versions of the step
        more = self.terms, Augment.version
        keys = [digest(canonical_json([*one, *more])) for one in zip(texts, seeds, strict=True)]
        lines = self.lines[number]
        fresh = [place for place, key in enumerate(keys) if key not in lines.known]
        left = iter(fresh)
        with closing(_streamed(generator, [texts[p] for p in fresh], [seeds[p] for p in fresh])) as stream:
            for some in stream:
                lines.put((keys[next(left)], _packed(one)) for one in some)
        return [(_unpacked(lines.known[key]), None) for key in keys]

    def _asked(
        self, number: int, sources: Sequence[Any], seeds: Sequence[int]
    ) -> list[tuple[Any, Tokens | None]]:
        """Candidates out of a language model's replies, each with the tokens that it took, paid now or before."""
        generator: Any = self.generators[number]
        requests = generator.requests(sources, seeds)
        replies = iter(generator.client.ask([one for one in requests if one is not None]))
        given = [None if one is None else next(replies) for one in requests]
        spent = [None if one is None else (one.tokens_in, one.tokens_out) for one in given]
        return list(zip(generator.read(sources, given), spent, strict=True))


def _streamed(
    generator: Any, texts: Sequence[str], seeds: Sequence[int]
) -> abc.Generator[list[str | Refused], None, None]:
    """Candidates in order, as many at a time as the generator makes or, where it doesn't say, a batch."""
    if hasattr(generator, "stream"):
        yield from generator.stream(texts, seeds)
        return
    for start in range(0, len(texts), BATCH):
        part = slice(start, start + BATCH)
        yield generator.propose(texts[part], seeds[part])


def _packed(candidate: Any) -> Any:
    return {"refused": candidate.reason} if isinstance(candidate, Refused) else {"made": candidate}


def _unpacked(value: Any) -> Any:
    return Refused(value["refused"]) if "refused" in value else value["made"]
