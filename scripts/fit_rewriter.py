"""Write the rows that make a small model a writer for augmentation: ``paraphrase``, and ``synthesize`` by self-instruct.

    python scripts/fit_rewriter.py CLONES TALKS.jsonl --out rewriter.jsonl

``CLONES`` holds a git clone of each source of rewriter_sources.yaml, as ``OWNER+NAME``; ``TALKS.jsonl`` are conversations in
FineTome's schema. A row asks in the very words of the generator, and answers

- a paraphrase with what someone else said who wanted the same (two utterances of one intent, near in meaning, in other words), or with
  the prompt itself where Apertium's translation there and back is asked about: the garbled is the question, what a person wrote the answer;
- a synthesis with another conversation of the same source.

The same input gives the same file. Source of the idea of learning to paraphrase from what was garbled: Hegde & Patil 2020.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from fit_fluency import files

from curation.augment import protect
from curation.augment.generators.apertium import Apertium
from curation.augment.generators.base import Seed
from curation.augment.generators.rewrite import Rewriter
from curation.augment.generators.synthesize import Synthesizer
from curation.embedding.static import StaticEncoder

SOURCES = Path(__file__).with_name("rewriter_sources.yaml")
PIVOTS = ("es", "ca")
NEAR = 0.75
"""Least cosine of two utterances that count as the same wish."""
SHARED = 0.6
"""Most of their words that two texts of a pair may share (Jaccard)."""
OTHERS = 2
"""Utterances that one is paired with."""
LONGEST = 400
"""Characters of a prompt; an answer may have twice as many, and has ``SHORTEST`` at least."""
SHORTEST = 15
NOBODY: Any = SimpleNamespace(model=SimpleNamespace(identity=""))


def intents(path: str, raw: str) -> Iterator[tuple[str, str]]:
    """(intent, utterance) of a source's file."""
    if path.endswith(".csv"):
        for text, intent in csv.reader(io.StringIO(raw)):
            yield intent, text
        return
    read = json.loads(raw)
    if "rasa_nlu_data" in read:
        yield from ((one["intent"], one["text"]) for one in read["rasa_nlu_data"]["common_examples"])
    else:
        yield from ((intent, text) for text, intent in read["train"])


def jaccard(one: str, other: str) -> float:
    """The share of their words that two texts have in common."""
    left, right = (set(text.lower().rstrip("?.! ").split()) for text in (one, other))
    return len(left & right) / max(1, len(left | right))


def fits(one: str, other: str) -> bool:
    """Whether two texts hold the same protected spans and are of like length."""
    return 0.5 <= len(one) / len(other) <= 2 and protect.contents(one) == protect.contents(other)


def alike(utterances: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs of utterances of one intent: each with the nearest that says it in other words."""
    vectors = StaticEncoder().encode(utterances, 64).astype("float64")
    vectors /= (vectors**2).sum(1, keepdims=True) ** 0.5 + 1e-9
    near = vectors @ vectors.T
    for at, text in enumerate(utterances):
        taken = 0
        for other in near[at].argsort(kind="stable")[::-1]:
            if near[at, other] < NEAR or taken == OTHERS:
                break
            if other != at and jaccard(text, utterances[other]) <= SHARED and fits(text, utterances[other]):
                taken += 1
                yield text, utterances[other]


def ungarbled(prompts: list[str]) -> Iterator[tuple[str, str]]:
    """(a prompt translated there and back, the prompt)."""
    for via in PIVOTS:
        made = Apertium(via, patch=False).propose(prompts, [0] * len(prompts))
        for text, prompt in zip(made, prompts, strict=True):
            if isinstance(text, str) and jaccard(text, prompt) <= 0.8 and fits(text, prompt):
                yield text, prompt


def paraphrases(pairs: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Rows that ask for the first of each pair in other words and answer with the second."""
    asker = Rewriter(NOBODY, "paraphrase", ())
    for one, other in pairs:
        [request] = asker.requests([one], [0])
        told = protect.masked(other)
        if request and told.markers == protect.masked(one).markers:
            yield row(request.messages, told.text, "paraphrase")


def syntheses(
    groups: dict[str, list[list[dict[str, str]]]], chance: random.Random
) -> Iterator[dict[str, Any]]:
    """Rows that show some conversations of a source and answer with another."""
    asker = Synthesizer(NOBODY, "self_instruct", "", ("a beginner", "an expert in a hurry", "a careful student", "a sceptic"), ("easy", "medium", "hard"))  # fmt: skip
    for name, talks in sorted(groups.items()):
        if len(talks) < 20:
            continue
        for number, talk in enumerate(talks):
            others = [one for one in chance.sample(talks, 4) if one is not talk][:3]
            seed = Seed(others[0], tuple(others[1:]), name)
            [request] = asker.requests([seed], [number])
            if request:
                told = {"prompt": talk[0]["content"], "answer": talk[1]["content"]}
                yield row(request.messages, json.dumps(told, ensure_ascii=False), "synthesize")


def row(messages: Iterable[tuple[str, str]], answer: str, task: str) -> dict[str, Any]:
    """A conversation in FineTome's schema."""
    names = {"system": "system", "user": "human"}
    said = [{"from": names[role], "value": text} for role, text in messages]
    return {"conversations": [*said, {"from": "gpt", "value": answer}], "source": task, "score": None}


def short(talks: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """(source, turns) of the conversations of one short prompt and one short answer in ASCII."""
    for line in talks.open(encoding="utf-8"):
        read = json.loads(line)
        roles, said = zip(
            *((one["from"], one["value"].strip()) for one in read["conversations"]), strict=True
        )
        if roles != ("human", "gpt") or not (said[0] + said[1]).isascii() or said[0].endswith(" ?"):
            continue
        if 0 < len(said[0]) <= LONGEST and SHORTEST <= len(said[1]) <= 2 * LONGEST:
            turns = zip(("user", "assistant"), said, strict=True)
            yield str(read["source"]), [{"role": role, "content": text} for role, text in turns]


def main() -> None:
    """Read the arguments, write the rows."""
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("clones", type=Path)
    read.add_argument("talks", type=Path)
    read.add_argument("--out", type=Path, default=Path("rewriter.jsonl"))
    given = read.parse_args()
    chance = random.Random(0)
    clusters: dict[str, list[str]] = defaultdict(list)
    for source in yaml.safe_load(SOURCES.read_text(encoding="utf-8")):
        for path, raw in files(source, given.clones):
            for intent, text in intents(path, raw):
                clusters[f"{source['repository']} {intent}"].append(" ".join(text.split()))
    groups: dict[str, list[list[dict[str, str]]]] = defaultdict(list)
    for name, talk in short(given.talks):
        groups[name].append(talk)
    prompts = sorted(
        {talk[0]["content"] for talks in groups.values() for talk in talks if "\n" not in talk[0]["content"]}
    )
    rows = [
        *paraphrases(pair for texts in clusters.values() for pair in alike(sorted(set(texts)))),
        *paraphrases(ungarbled(prompts)),
        *syntheses(groups, chance),
    ]
    chance.shuffle(rows)
    given.out.write_text(
        "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows), encoding="utf-8"
    )
    print(f"{given.out}: {len(rows):,} rows")


if __name__ == "__main__":
    main()
