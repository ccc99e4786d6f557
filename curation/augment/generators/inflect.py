"""English inflection by rule, with WordNet's lists of exceptions turned around: "bicycle" as NNS is "bicycles"."""

from __future__ import annotations

import functools
import re
from typing import Any

POS = {
    "NN": "n", "NNS": "n", "VB": "v", "VBP": "v", "VBZ": "v", "VBG": "v", "VBD": "v", "VBN": "v", "JJ": "a", "RB": "r",
}  # fmt: skip
"""Tags of the Penn Treebank that are understood, and WordNet's letter for the part of speech."""
_S = ((r"(?<=[^aeiou])y$", "ies"), (r"(s|x|z|ch|sh)$", r"\1es"), (r"$", "s"))
_ED = ((r"(?<=[^aeiou])y$", "ied"), (r"e$", "ed"), (r"$", "ed"))
_ING = ((r"ie$", "ying"), (r"(?<=[^eoy])e$", "ing"), (r"$", "ing"))
RULES = {"NNS": _S, "VBZ": _S, "VBD": _ED, "VBN": _ED, "VBG": _ING}
_DOUBLED = re.compile(r"^[^aeiou]*[aeiou][bdgklmnprt]$")


def lemma(word: str, tag: str, wordnet: Any) -> str | None:
    """The base form of a lower-case word with that tag, or None where the tag and the form don't agree."""
    pos = POS[tag]
    base: str | None = wordnet.morphy(word, pos)
    if base is None:
        return None
    if tag not in RULES:
        return base if base == word else None
    return base if form(base, tag, wordnet) == word else None


def form(base: str, tag: str, wordnet: Any) -> str | None:
    """A base form as that tag wants it; None where it is irregular and there is more than one answer."""
    if tag not in RULES:
        return base
    pos = POS[tag]
    listed = _exceptions(wordnet, pos).get(base, ())
    if tag == "NNS" and listed:
        return listed[0] if len(listed) == 1 else None
    if tag in ("VBD", "VBN", "VBG"):
        fit = [one for one in listed if one.endswith("ing") == (tag == "VBG")]
        if tag == "VBG" and len(fit) == 1:
            return fit[0]
        if tag != "VBG" and fit:
            return fit[0] if len(fit) == 1 and fit[0].endswith("ed") else None
        if _DOUBLED.match(base):
            return None
    for pattern, ending in RULES[tag]:
        out, count = re.subn(pattern, ending, base, count=1)
        if count:
            return out
    return None


@functools.cache
def _exceptions(wordnet: Any, pos: str) -> dict[str, tuple[str, ...]]:
    """Irregular forms by base form, in alphabetical order."""
    found: dict[str, list[str]] = {}
    for irregular, bases in sorted(wordnet._exception_map[pos].items()):
        for base in bases:
            found.setdefault(base, []).append(irregular)
    return {base: tuple(forms) for base, forms in found.items()}
