"""Candidates by category until the target or the effort limit, each with its verdict; nothing is decided twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import polars as pl

from curation.augment.gates import Gates, Verdict
from curation.augment.generators.base import Seed
from curation.augment.hand import Hand, may_accept
from curation.augment.judge import Judge, languages, prompt_of
from curation.augment.near import Near, sets_of
from curation.augment.produce import Job, Made, Producer, Talk
from curation.augment.protect import Refused
from curation.augment.specs import Spec
from curation.contract import digest
from curation.rows import child_id, make_rows
from curation.step import Context
from curation.words import U64

OP = "augment"
MOST = 4_096
"""Candidates in a batch at most."""
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
        roles: frozenset[str], attempts: int, ctx: Context, hand: Hand = Hand(),
    ) -> None:  # fmt: skip
        self.rows, self.specs, self.ctx, self.attempts, self.hand = rows, specs, ctx, attempts, hand
        self.producer = Producer(specs, terms, roles, ctx)
        self.judge = Judge(gates, ctx)
        self.limit = gates.near_dup
        self.made: set[str] = set()
        # by id, so that the order of rows decides nothing
        ordered = rows.select("id", "messages").sort("id")
        self.near = Near(ordered["id"].to_list(), [prompt_of(m) for m in ordered["messages"].to_list()])

    def run(
        self, category: str | None, parents: pl.DataFrame, want: int, ahead: int | None = None
    ) -> Iterator[Candidate]:
        """Judged candidates in their order, until ``want`` are kept or the effort is spent.

        ``ahead`` is how many are made at once at most: it changes what is made in vain, never the outcome.
        """
        jobs = self._jobs(parents, want * self.attempts)
        talks = parents["messages"].to_list()
        spoken = [one for one, _ in languages([prompt_of(talk) for talk in talks])]
        kept, size = 0, min(ahead or MOST, MOST, max(32, want + want // 2))
        while kept < want and (batch := list(islice(jobs, size))):
            judged = self._judged(category, parents, talks, spoken, batch)
            prompts = sets_of([prompt_of(one.messages or []) for one in judged])
            for candidate, shingles in zip(judged, prompts, strict=True):
                if kept == want:
                    return
                settled = self._settled(candidate, shingles)
                kept += settled.kept
                yield settled
            size = min(ahead or MOST, MOST, max(32, 2 * (want - kept)))

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
        self, category: str | None, parents: pl.DataFrame, talks: list[Talk], spoken: list[str | None], jobs: list[Job],
    ) -> list[Candidate]:  # fmt: skip
        refused = {
            place: why for place, job in enumerate(jobs) if (why := self._unfit(job, spoken[job.parent]))
        }
        able = [place for place in range(len(jobs)) if place not in refused]
        made = dict(
            zip(
                able,
                self.producer.make(
                    [jobs[p] for p in able],
                    [talks[jobs[p].parent] for p in able],
                    [self._seed(category, talks, jobs[p]) for p in able],
                ),
                strict=True,
            )
        )
        out = [made.get(place) or Made(refused[place]) for place in range(len(jobs))]
        good = [place for place, (talk, _) in enumerate(out) if isinstance(talk, list)]
        children = make_rows([out[p].out for p in good], source=OP)  # type: ignore[misc]
        verdicts = dict(
            zip(good, self.judge.judge(parents[[jobs[p].parent for p in good]], children), strict=True)
        )
        ids = parents["id"]
        result = []
        for place, (job, (talk, tokens)) in enumerate(zip(jobs, out, strict=True)):
            spec = self.specs[job.generator]
            reason = talk.reason if isinstance(talk, Refused) else None
            result.append(
                Candidate(
                    ids[job.parent], category, spec.name, spec.model_dump(mode="json", exclude={"name"}), job.attempt,
                    job.seed, talk if isinstance(talk, list) else None, verdicts.get(place, Verdict(reason=reason)),
                    tokens=tokens,
                )
            )  # fmt: skip
        return result

    def _unfit(self, job: Job, language: str | None) -> Refused | None:
        reads = self.producer.generators[job.generator].languages
        if reads is None or language is None or language in reads:
            return None
        return Refused(
            f"{self.specs[job.generator].name} reads {', '.join(sorted(reads))}, the parent is {language}"
        )

    def _seed(self, category: str | None, talks: list[Talk], job: Job) -> Seed:
        others = len(talks) - 1
        places = [(job.seed + number) % others for number in range(min(EXAMPLES, others))]
        shown = [place + (place >= job.parent) for place in places]
        return Seed(talks[job.parent], tuple(talks[place] for place in shown), category or "")

    def _settled(self, candidate: Candidate, shingles: U64) -> Candidate:
        """After the last gate, near-duplicates, which depends on what was kept before, and a person's word."""
        if candidate.messages is None:
            return candidate
        value, which = self.near.nearest(shingles, besides=candidate.parent)
        if candidate.id in self.made:
            value, which = 1.0, candidate.id
        why = f"{value:g} like row {which}" if value >= self.limit else None
        candidate.verdict.measure("near_dup", value, why, high=self.limit, near_dup_row=which)
        settled = self.hand.decide(candidate)
        if settled.kept:
            self.near.add(settled.id, shingles)
            self.made.add(settled.id)
        return settled
