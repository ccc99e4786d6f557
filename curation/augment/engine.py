"""Candidates by category until the target or the effort limit, each with its verdict; nothing is decided twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

import polars as pl

from curation.augment.crew import Crew, cut
from curation.augment.gates import Gates, Verdict
from curation.augment.generators.base import Seed
from curation.augment.hand import Hand, may_accept
from curation.augment.judge import Judge
from curation.augment.near import FLOOR, Asked, Near
from curation.augment.produce import Job, Producer
from curation.augment.protect import Refused
from curation.augment.specs import Spec, Words
from curation.augment.work import Done, Talk, Try, Work
from curation.contract import digest
from curation.rows import child_id, text_of
from curation.step import Context
from curation.words import U64

T = TypeVar("T")
OP = "augment"
MOST, QUICK = 4_096, 65_536
"""Candidates in a batch at most, and where no generator asks a model or another program."""
LONG = 1_000
"""Tries, or rows asked for, from which on worker processes are called in."""
EXAMPLES = 3
"""Rows of the category that a new conversation is shown, besides its parent."""


@dataclass(frozen=True)
class Candidate:
    """One candidate with its story; ``messages`` is None where the generator gave none."""

    parent: str
    category: str | None
    generator: str
    options: Mapping[str, Any]
    attempt: int
    seed: int
    messages: Talk | None
    verdict: Verdict
    hand: str | None = None
    """What a person decided, ``accept`` or ``reject``, whatever the gates say."""
    tokens: tuple[int, int] | None = None
    """Tokens in and out that a language model took for it."""

    @property
    def kept(self) -> bool:
        """Whether it passed every gate."""
        return self.verdict.reason is None

    @property
    def may_accept(self) -> bool:
        """Whether a person's acceptance would count."""
        return may_accept(self.messages is not None, self.verdict)

    @cached_property
    def id(self) -> str:
        """The id of the child: the same text of the same parent by the same generator has the same one."""
        said = "none" if self.messages is None else repr([(t["role"], t["content"]) for t in self.messages])
        number = self.attempt if self.messages is None else 0
        return child_id(self.parent, f"{OP}\n{self.generator}\n{digest(said)}", number)

    def evidence(self) -> dict[str, Any]:
        """What the ledger keeps: generator, its parameters, attempt, seed and the value of every gate."""
        told = {
            "generator": self.generator,
            "parameters": dict(self.options),
            "attempt": self.attempt,
            "seed": self.seed,
        }
        more = {"by hand": self.hand, "tokens": self.tokens}
        return {
            **told,
            "values": self.verdict.values,
            **{name: value for name, value in more.items() if value},
        }


class Engine:
    """Makes and judges candidates over one frame of rows."""

    def __init__(
        self, rows: pl.DataFrame, specs: Sequence[Spec], gates: Gates, *, terms: tuple[str, ...],
        roles: frozenset[str], attempts: int, ctx: Context, hand: Hand = Hand(), asked: int = 0,
    ) -> None:  # fmt: skip
        self.rows, self.specs, self.ctx, self.attempts, self.hand = rows, specs, ctx, attempts, hand
        self.judge = Judge(gates, ctx, roles=roles)
        self.worker = (specs, terms, roles, gates, self.judge.static)
        self.crew: Crew | None = None
        self._call_in(asked)  # workers load while this process does
        try:
            self.producer = Producer(specs, terms, roles, ctx)
        except BaseException:
            self.close()
            raise
        self.work = Work(specs, dict(enumerate(self.producer.generators)), roles, self.judge)
        self.options = [spec.model_dump(mode="json", exclude={"name"}) for spec in specs]
        self.most = QUICK if all(isinstance(spec, Words) for spec in specs) else MOST
        self.tried = 0
        self.limit = gates.near_dup
        self.made: set[str] = set()
        # by id, so that the order of rows decides nothing
        ordered = rows.select("id", "messages").sort("id")
        prompts = ordered.select(text_of(roles=["user"])).to_series()
        index = ThreadPoolExecutor(1)
        # beside the first candidates
        self._near = index.submit(Near, ordered["id"].to_list(), prompts, min(FLOOR, self.limit))
        index.shutdown(wait=False)

    @cached_property
    def near(self) -> Near:
        """The rows that there are, to hold candidates against."""
        return self._near.result()

    def _call_in(self, tries: int) -> None:
        """Start worker processes where there is enough to do."""
        if self.crew is None and self.ctx.workers > 1 and tries >= LONG:
            self.crew = Crew(Work.of, self.worker, self.ctx.workers - 1)

    def close(self) -> None:
        """Let worker processes go."""
        if self.crew is not None:
            self.crew.close()

    def run(
        self, category: str | None, parents: pl.DataFrame, want: int, ahead: int | None = None, skip: int = 0
    ) -> Iterator[Candidate]:
        """Judged candidates in their order, until ``want`` are kept or the effort is spent.

        ``ahead`` is how many are made at once at most: it changes what is made in vain, never the outcome.
        The first ``skip`` tries are left out, for a look at later ones.
        """
        jobs = islice(self._jobs(parents, want * self.attempts), skip, None)
        ids, talks = parents["id"].to_list(), parents["messages"].to_list()
        kept, size = 0, min(ahead or self.most, self.most, self.producer.size(want, want + want // 2))
        while kept < want and (batch := list(islice(jobs, size))):
            for judged, shingles in _held_until(self._near, self._judged(category, ids, talks, batch)):
                made = [place for place, one in enumerate(shingles) if one is not None]
                asked = self.near.ask([shingles[p] for p in made], [judged[p].parent for p in made])  # type: ignore[misc]
                number = {place: at for at, place in enumerate(made)}
                for place, candidate in enumerate(judged):
                    if kept == want:
                        return
                    settled = self._settled(candidate, asked, number.get(place))
                    kept += settled.kept
                    yield settled
            size = min(ahead or self.most, self.most, self.producer.size(want - kept, 2 * (want - kept)))

    def _jobs(self, parents: pl.DataFrame, most: int) -> Iterator[Job]:
        """Tries in a fixed order: every parent once, with the generators in turn, then every parent again."""
        count = len(self.specs)
        ids = parents["id"].to_list()
        order = sorted(range(len(ids)), key=lambda place: digest(f"{self.ctx.seed}\n{OP}\n{ids[place]}"))
        made = 0
        for attempt in range(most):
            before = made
            for rank, place in enumerate(order):
                number = (rank + attempt) % count
                generator = self.producer.generators[number]
                # an engine that knows no chance would only say the same again
                if attempt >= count and not getattr(generator, "chance", True):
                    continue
                if made == most:
                    return
                made += 1
                key = f"{self.ctx.seed}\n{OP}\n{ids[place]}\n{generator.identity}\n{attempt}"
                yield Job(place, number, attempt, int(digest(key)[:8], 16))
            if made == before and attempt >= count:
                return

    def _judged(
        self, category: str | None, ids: Sequence[str], talks: list[Talk], jobs: list[Job]
    ) -> Iterator[tuple[list[Candidate], list[U64 | None]]]:
        """The candidates of jobs, some at a time, and the shingles of each where there is one."""
        seeds = [
            self._seed(category, talks, job) if self.specs[job.generator].whole else None for job in jobs
        ]
        made = self.producer.make(jobs, [talks[job.parent] for job in jobs], seeds)
        tries = [
            Try(talks[job.parent], job.generator, job.seed, one) for job, one in zip(jobs, made, strict=True)
        ]
        left = iter(zip(jobs, tries, strict=True))
        for done in self._done(tries):
            some = list(islice(left, len(done)))
            good = [
                (one, what) for one, (_, what) in zip(done, some, strict=True) if one.shingles is not None
            ]
            self.judge.slow(
                [one.verdict for one, _ in good],
                [what.parent for _, what in good],
                [one.made.out for one, _ in good],  # type: ignore[misc]
                [self.specs[what.generator].whole for _, what in good],
            )
            candidates = [
                self._candidate(category, ids, job, one) for (job, _), one in zip(some, done, strict=True)
            ]
            yield candidates, [one.shingles for one in done]

    def _done(self, tries: list[Try]) -> Iterator[list[Done]]:
        """Tries some at a time, in as many processes as pay."""
        self.tried += len(tries)
        self._call_in(self.tried)
        pieces = cut(tries, self.ctx.workers)
        return map(self.work, pieces) if self.crew is None else self.crew.map(self.work, pieces)

    def _candidate(self, category: str | None, ids: Sequence[str], job: Job, done: Done) -> Candidate:
        spec, out = self.specs[job.generator], done.made.out
        return Candidate(
            ids[job.parent], category, spec.name, self.options[job.generator], job.attempt, job.seed,
            None if isinstance(out, Refused) else out, done.verdict, tokens=done.made.tokens,
        )  # fmt: skip

    def _seed(self, category: str | None, talks: list[Talk], job: Job) -> Seed:
        others = len(talks) - 1
        places = [(job.seed + number) % others for number in range(min(EXAMPLES, others))]
        shown = [place + (place >= job.parent) for place in places]
        return Seed(talks[job.parent], tuple(talks[place] for place in shown), category or "")

    def _settled(self, candidate: Candidate, asked: Asked, place: int | None) -> Candidate:
        """After the last gate, near-duplicates, which depends on what was kept before, and a person's word."""
        if place is None:
            return candidate
        value, which = asked.nearest(place)
        if candidate.id in self.made:
            value, which = 1.0, candidate.id
        why = f"{value:g} like row {which}" if value >= self.limit else None
        told = value if which else f"under {self.near.floor:g}"
        candidate.verdict.measure("near_dup", told, why, high=self.limit, near_dup_row=which)
        settled = self.hand.decide(candidate)
        if settled.kept:
            asked.keep(place, settled.id)
            self.made.add(settled.id)
        return settled


def _held_until(ready: Future[Any], items: Iterable[T]) -> Iterator[T]:
    """Items in their order; those that come before something is ready are kept back meanwhile."""
    held = deque[T]()
    for one in items:
        held.append(one)
        while held and ready.done():
            yield held.popleft()
    yield from held
