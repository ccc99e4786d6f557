"""Jobs in, candidates out: each generator's part of a batch, from the cache, in worker processes where it pays."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from curation.augment.generators.base import Generator, Seed
from curation.augment.protect import Refused
from curation.augment.specs import Spec, Words
from curation.augment.store import Lines
from curation.contract import canonical_json, digest
from curation.step import Context

SLICE = 250
"""Texts that a worker takes at a time."""
LONG = 8_000
"""Texts from which on worker processes pay for the seconds that each takes to load its libraries."""
BATCH = 256
"""Texts of a slow generator between two writes to the cache: what an interruption loses at most."""
Talk = list[dict[str, str]]
Tokens = tuple[int, int]


@dataclass(frozen=True)
class Job:
    """One try: the parent's place among the rows, which generator, and which attempt; ``seed`` is its chance."""

    parent: int
    generator: int
    attempt: int
    seed: int


class Made(NamedTuple):
    """A candidate or why there is none, and the tokens in and out that a language model took for it."""

    out: Talk | Refused
    tokens: Tokens | None = None


class Producer:
    """The generators of a step, ready to make candidates."""

    def __init__(
        self, specs: Sequence[Spec], terms: tuple[str, ...], roles: frozenset[str], ctx: Context
    ) -> None:
        self.specs, self.terms, self.roles, self.ctx = specs, terms, roles, ctx
        self.generators: list[Generator] = [spec.build(ctx, terms) for spec in specs]
        folder = None if ctx.cache is None else ctx.cache / "augment"
        self.lines = [Lines(folder, one.identity) for one in self.generators]
        self._seen = 0
        self._pool: ProcessPoolExecutor | None = None

    def close(self) -> None:
        """Let the workers go."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def accounts(self) -> list[dict[str, Any]]:
        """What each generator asked of its language model in this process."""
        return [
            {"generator": spec.name, **asdict(generator.client.account)}
            for spec, generator in zip(self.specs, self.generators, strict=True)
            if hasattr(generator, "client")
        ]

    def make(self, jobs: Sequence[Job], talks: Sequence[Talk], seeds: Sequence[Seed]) -> list[Made]:
        """One candidate a job; ``talks[i]`` is the parent of job i, ``seeds[i]`` what a new talk is made from."""
        found = [Made(Refused("not made"))] * len(jobs)
        for number, spec in enumerate(self.specs):
            places = [place for place, job in enumerate(jobs) if job.generator == number]
            if not places:
                continue
            chances = [jobs[p].seed for p in places]
            if spec.whole:
                out = [Made(*one) for one in self._asked(number, [seeds[p] for p in places], chances)]
            else:
                out = self._rewritten(number, [talks[p] for p in places], chances)
            for place, candidate in zip(places, out, strict=True):
                found[place] = candidate
        return found

    def _rewritten(self, number: int, talks: list[Talk], seeds: list[int]) -> list[Made]:
        """Each talk with its turns rewritten; a turn that can't change stays, one whose spans broke rejects."""
        turns = [
            (place, at)
            for place, talk in enumerate(talks)
            for at, turn in enumerate(talk)
            if turn["role"] in self.roles
        ]
        texts = [talks[place][at]["content"] for place, at in turns]
        out = self._texts(number, texts, [(seeds[place] + at * 7919) % 2**32 for place, at in turns])
        new = [[dict(turn) for turn in talk] for talk in talks]
        why: dict[int, Refused] = {}
        changed: set[int] = set()
        tokens: dict[int, Tokens] = {}
        for (place, at), (text, spent) in zip(turns, out, strict=True):
            if spent is not None:
                before = tokens.get(place, (0, 0))
                tokens[place] = before[0] + spent[0], before[1] + spent[1]
            if isinstance(text, str):
                new[place][at]["content"] = text
                changed.add(place)
            elif place not in why or text.reason.startswith("protected"):
                why[place] = text
        result: list[Made] = []
        for place, talk in enumerate(new):
            broken = why.get(place)
            bad = broken is not None and broken.reason.startswith("protected")
            kept = talk if place in changed and not bad else broken or Refused("no turn that may change")
            result.append(Made(kept, tokens.get(place)))
        return result

    def _texts(
        self, number: int, texts: list[str], seeds: list[int]
    ) -> list[tuple[str | Refused, Tokens | None]]:
        generator: Any = self.generators[number]
        spec = self.specs[number]
        if hasattr(generator, "client"):
            return self._asked(number, texts, seeds)
        if isinstance(spec, Words):
            self._seen += len(texts)
            many = self.ctx.workers > 1 and len(texts) >= 2 * SLICE and self._seen >= LONG
            out = self._spread(spec, texts, seeds) if many else generator.propose(texts, seeds)
            return [(one, None) for one in out]
        keys = [
            digest(canonical_json([text, seed, self.terms])) for text, seed in zip(texts, seeds, strict=True)
        ]
        lines = self.lines[number]
        fresh = [place for place, key in enumerate(keys) if key not in lines.known]
        for start in range(0, len(fresh), BATCH):
            part = fresh[start : start + BATCH]
            out = generator.propose([texts[p] for p in part], [seeds[p] for p in part])
            lines.put((keys[p], _packed(one)) for p, one in zip(part, out, strict=True))
        return [(_unpacked(lines.known[key]), None) for key in keys]

    def _asked(
        self, number: int, sources: Sequence[Any], seeds: list[int]
    ) -> list[tuple[Any, Tokens | None]]:
        """Candidates out of a language model's replies, each with the tokens that it took, paid now or before."""
        generator: Any = self.generators[number]
        requests = generator.requests(sources, seeds)
        replies = iter(generator.client.ask([one for one in requests if one is not None]))
        given = [None if one is None else next(replies) for one in requests]
        spent = [None if one is None else (one.tokens_in, one.tokens_out) for one in given]
        return list(zip(generator.read(sources, given), spent, strict=True))

    def _spread(self, spec: Words, texts: list[str], seeds: list[int]) -> list[str | Refused]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.ctx.workers, multiprocessing.get_context("spawn"))
        waiting = [
            self._pool.submit(_in_worker, spec, self.terms, texts[at : at + SLICE], seeds[at : at + SLICE])
            for at in range(0, len(texts), SLICE)
        ]
        return [candidate for future in waiting for candidate in future.result()]


def _packed(candidate: Any) -> Any:
    return {"refused": candidate.reason} if isinstance(candidate, Refused) else {"made": candidate}


def _unpacked(value: Any) -> Any:
    return Refused(value["refused"]) if "refused" in value else value["made"]


@functools.lru_cache(maxsize=8)
def _built(spec: Words, terms: tuple[str, ...]) -> Any:
    return spec.build(Context(), terms)


def _in_worker(
    spec: Words, terms: tuple[str, ...], texts: list[str], seeds: list[int]
) -> list[str | Refused]:
    return list(_built(spec, terms).propose(texts, seeds))
