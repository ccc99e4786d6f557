"""Small English words, by what a generator may do to them; the words stand in ``words.yaml``."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from curation.augment.protect import Refused

_READ = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text(encoding="utf-8"))


def _words(name: str) -> frozenset[str]:
    return frozenset(str(_READ[name]).split())


COMMON = _words("common")
"""Words whose dictionary synonyms are nearly always of another sense."""
FIRM = _words("firm")
"""Words that turn the meaning around when they go missing, move or change: no generator touches them."""
NEGATED = ("n't", "n’t")
"""How a verb with a negation ends, which no generator touches either."""
SMALL = _words("small")
"""Articles, prepositions and the like: they tie words together and mean little alone."""
DROPPABLE = _words("droppable")
"""Small words that people in a hurry leave out, and that the meaning survives."""
GRAMMAR = _words("grammar")
"""Words that hold a sentence together: a rewriting that has others says something else, or says it wrongly."""

NUMBERS = _words("numbers")
"""Numbers in words. "One" is a pronoun as well, and isn't among them."""
DEGREES = _words("degrees")
"""Words of degree: a good way isn't the best one, whatever WordNet holds."""
_LETTERS = re.compile(r"[a-z]+")


def numbers(text: str) -> list[str]:
    """The numbers that a text says in words, sorted."""
    return sorted(word for word in _LETTERS.findall(text.lower()) if word in NUMBERS)


def same_numbers(text: str, candidate: str | Refused) -> str | Refused:
    """A candidate, if it says the same numbers in words as the text; else why not."""
    if not isinstance(candidate, str) or numbers(text) == numbers(candidate):
        return candidate
    old, new = ", ".join(numbers(text)) or "none", ", ".join(numbers(candidate)) or "none"
    return Refused(f"numbers in words altered: {old} became {new}")


def is_firm(word: str) -> bool:
    """Whether the meaning may hang on this word, in any case."""
    return word.lower() in FIRM or word.lower().endswith(NEGATED)
