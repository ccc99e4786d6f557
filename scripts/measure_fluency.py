"""How well a table of word runs tells words in their place from words out of it.

    python scripts/measure_fluency.py PROMPTS.jsonl ... [--table FILE]

Of each prompt (a JSON string a line, or the ``question`` or ``text`` of an object) one word of four letters or more is drawn. The
prompt as it was written ought to pass; with a word of another prompt in that place, drawn as often as people use it, it ought not to.
Both are judged as ``fits`` judges a synonym that is near in meaning, by the pairs and triples around the word alone. Use prompts
that the table wasn't made from.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from pathlib import Path

import numpy as np

from curation.augment import fluency

WORD = re.compile(r"(?<![\w'])[a-z]{4,}(?![\w'])")
MASK = "qzx"
"""What stands in the word's place before the change: no word, so that every run around it is new."""


def prompts(files: list[Path]) -> list[str]:
    """Texts, each once, in their order."""
    found: dict[str, None] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            value = json.loads(line)
            text = value if isinstance(value, str) else value.get("question") or value.get("text") or ""
            if WORD.search(text):
                found[text] = None
    return list(found)


def share(table: fluency.Fluency, changes: list[tuple[str, str]], cosine: float) -> float:
    """How many of the changes pass."""
    judged = table.new_runs([old for old, _ in changes], [new for _, new in changes])
    return float(np.mean([fluency.fits(cosine, pairs, triples) for pairs, triples in judged]))


def main() -> None:
    """Draw, judge, print."""
    options = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    options.add_argument("files", type=Path, nargs="+")
    options.add_argument("--table", type=Path, default=fluency.TABLE)
    given = options.parse_args()
    table, chance = fluency.read(given.table), random.Random(1)
    texts = prompts(given.files)
    places = [chance.choice(list(WORD.finditer(text))) for text in texts]
    words = [match.group() for match in places]
    strange = [
        chance.choice([word for word in chance.choices(words, k=9) if word != own] or [MASK]) for own in words
    ]
    good, bad = [], []
    for text, match, other in zip(texts, places, strange, strict=True):
        left, right = fluency.around(text, match.start(), match.end())
        good.append((f"{left}{MASK}{right}", f"{left}{match.group()}{right}"))
        bad.append((f"{left}{MASK}{right}", f"{left}{other}{right}"))
    for name, cosine in (("near", fluency.CLOSE), ("less near", fluency.CLOSE - 0.1)):
        print(
            f"{len(texts):,} prompts, {name} in meaning: {share(table, good, cosine):.3f} as written pass, {1 - share(table, bad, cosine):.3f} with a strange word are rejected"
        )


if __name__ == "__main__":
    main()
