"""A piece of work: some tries at parents, made into candidates and measured; what any process can do by itself.

What comes of a try depends on the try alone, so it doesn't matter which process does a piece, nor how large pieces are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from curation.augment.garbage import paused
from curation.augment.gates import Gates, Verdict
from curation.augment.generators import library
from curation.augment.generators.base import TextGenerator
from curation.augment.judge import Judge
from curation.augment.measures import languages, prompt_of
from curation.augment.near import sets_of
from curation.augment.protect import Refused
from curation.augment.specs import Spec, Words
from curation.step import Context
from curation.words import U64

FIRST = [
    {"role": "user", "content": "How long may I keep the bike, and what does it cost?"},
    {"role": "assistant", "content": "Until seven in the evening. It costs nothing for members."},
]
"""A parent that a worker tries before it is asked for anything."""
Talk = list[dict[str, str]]
Tokens = tuple[int, int]
Propose = Callable[[Sequence[str], Sequence[int]], Sequence[tuple[str | Refused, Tokens | None]]]
"""Texts and their seeds in, a candidate for each out, and what a language model took for it."""


class Made(NamedTuple):
    """A candidate or why there is none, and the tokens in and out that a language model took for it."""

    out: Talk | Refused
    tokens: Tokens | None = None


class Try(NamedTuple):
    """One try: the parent's turns, which generator, its chance, and the candidate where another one made it."""

    parent: Talk
    generator: int
    seed: int
    made: Made | None = None


class Done(NamedTuple):
    """What came of a try: the candidate, its verdict so far, and the shingles of its prompts."""

    made: Made
    verdict: Verdict
    shingles: U64 | None


class Work:
    """Does pieces, with the generators that work on words and the gates that need no model."""

    def __init__(
        self, specs: Sequence[Spec], generators: Mapping[int, Any], roles: frozenset[str], judge: Judge
    ) -> None:
        self.specs, self.roles, self.judge = specs, roles, judge
        self.generators = {n: one for n, one in generators.items() if isinstance(specs[n], Words)}

    @classmethod
    def of(
        cls, specs: Sequence[Spec], terms: tuple[str, ...], roles: frozenset[str], gates: Gates, static: bool
    ) -> Work:
        """The same work in a process of its own, which builds its generators itself."""
        own = {n: spec.build(Context(), terms) for n, spec in enumerate(specs) if isinstance(spec, Words)}
        work = cls(specs, own, roles, Judge(gates, Context(), roles=roles, static=static))
        # what is loaded at the first piece is loaded now; pyarrow loads pandas if it is there, and nobody needs it
        with library.light(frozenset({"pandas"}), frozenset()):
            work([Try(FIRST, number, 0) for number in own])
        return work

    @paused()
    def __call__(self, piece: Sequence[Try]) -> list[Done]:
        """What came of each try."""
        made = [one.made for one in piece]
        for number, generator in self.generators.items():
            places = [p for p, one in enumerate(piece) if one.generator == number and made[p] is None]
            talks = [piece[p].parent for p in places]
            readable = fit(self.specs[number], generator, talks)
            able = [p for p, why in zip(places, readable, strict=True) if why is None]
            propose = functools.partial(_proposed, generator)
            out = rewritten(
                propose, [piece[p].parent for p in able], [piece[p].seed for p in able], self.roles
            )
            for p, why in zip(places, readable, strict=True):
                made[p] = Made(why) if why is not None else None
            for p, one in zip(able, out, strict=True):
                made[p] = one
        return self._judged(piece, [one or Made(Refused("not made")) for one in made])

    def _judged(self, piece: Sequence[Try], made: Sequence[Made]) -> list[Done]:
        good = {p: one.out for p, one in enumerate(made) if not isinstance(one.out, Refused)}
        whole = [self.specs[piece[p].generator].whole for p in good]
        verdicts = self.judge.quick([piece[p].parent for p in good], list(good.values()), whole)
        shingles = sets_of([prompt_of(talk) for talk in good.values()])
        found = {
            p: Done(made[p], *pair)
            for p, pair in zip(good, zip(verdicts, shingles, strict=True), strict=True)
        }
        return [found.get(p) or Done(one, Verdict(reason=_reason(one)), None) for p, one in enumerate(made)]


def _proposed(
    generator: TextGenerator, texts: Sequence[str], seeds: Sequence[int]
) -> list[tuple[str | Refused, Tokens | None]]:
    return [(one, None) for one in generator.propose(texts, seeds)]


def _reason(made: Made) -> str | None:
    return made.out.reason if isinstance(made.out, Refused) else None


def fit(spec: Spec, generator: Any, parents: Sequence[Talk]) -> list[Refused | None]:
    """For each parent, why a generator can't read it, if so."""
    reads = generator.languages
    if reads is None:
        return [None] * len(parents)
    return [
        None
        if one is None or one in reads
        else Refused(f"{spec.name} reads {', '.join(sorted(reads))}, the parent is {one}")
        for one, _ in languages([prompt_of(talk) for talk in parents])
    ]


def rewritten(
    propose: Propose, talks: Sequence[Talk], seeds: Sequence[int], roles: frozenset[str]
) -> list[Made]:
    """Each talk with its turns rewritten; a turn that can't change stays, one whose spans broke rejects."""
    turns = [
        (place, at)
        for place, talk in enumerate(talks)
        for at, turn in enumerate(talk)
        if turn["role"] in roles
    ]
    texts = [talks[place][at]["content"] for place, at in turns]
    out = propose(texts, [(seeds[place] + at * 7919) % 2**32 for place, at in turns])
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
