"""What rows can be cut by, in words: the topics of cleaning, each with its signals and the step that measures them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from curation import browse, facets
from curation.cut_kinds import Alike
from curation.steps.pii import PiiKind

Kind = Literal["number", "values", "flags", "copies", "near", "overlap", "personal"]
ABOVE = (
    "near_dup.",
    "semantic_dup.",
    "contamination.",
    "pii.",
    "quality.",
    "toxicity.",
    "perplexity.",
    "ifd.",
)
"""Signals of which more is worse; ``quality.score`` is the exception."""
PERSONAL: dict[str, str] = {
    "email": "e-mail addresses", "phone": "phone numbers", "key": "keys and tokens", "card": "card numbers",
    "iban": "IBANs", "ip": "IP addresses",
}  # fmt: skip


@dataclass(frozen=True)
class Signal:
    """One thing to cut by: its name as a person reads it, what it means, the column (of copies: the key), and a head for its values."""

    title: str
    says: str
    column: str
    kind: Kind = "number"
    head: str = "Value"


@dataclass(frozen=True)
class Topic:
    """A group of signals, and the step that measures them where they are missing; null where none is needed."""

    title: str
    says: str
    op: str | None
    prefixes: tuple[str, ...]


TOPICS = {
    one.title: one
    for one in (
        Topic("Length", "Too short to teach, or too long to fit.", "stats", ("words", "stats.")),
        Topic("Duplicates", "The same conversation twice teaches nothing new, and may stand on both sides of a split.", "near_dup", ("near_dup.", "semantic_dup.")),
        Topic("Contamination", "Text of a benchmark's test set, which would make its scores worthless.", "contamination", ("contamination.",)),
        Topic("Quality", "Signs of a bad answer: refusals, unfinished or repeated text, odd characters.", "quality", ("quality.", "score")),
        Topic("Personal data", "E-mail addresses, phone numbers, keys and the like.", "pii", ("pii.",)),
        Topic("Language", "What each conversation is written in.", "language", ("language.",)),
        Topic("Other", "Any other column of this version.", None, ()),
    )
}  # fmt: skip

SAYS = {
    "words": ("Words in all", "Words of all turns together."),
    "stats.turns": ("Turns", "Messages of the conversation, the system prompt among them."),
    "stats.chars": ("Characters in all", "Characters of all turns together."),
    "stats.user_words": ("Words of the user", "Words of all user turns."),
    "stats.assistant_words": ("Words of the answers", "Words of all assistant turns."),
    "stats.system": ("Has a system prompt", "Whether a system prompt opens it."),
    "quality.symbols": ("Share of symbols", "Characters of the answers that are no letters, digits or spaces."),
    "quality.digits": ("Share of digits", "Characters of the answers that are digits."),
    "quality.repeated": ("Share that repeats", "Runs of words in the answers that stood there before."),
    "quality.score": ("The dataset's own score", "As the source gave it."),
    "score": ("Score", "As the source gave it."),
    "contamination.hits": ("Runs of words in common", "How many runs of words stand in a test set too."),
    "language.code": ("Language", "Of the whole conversation."),
    "language.user": ("Language of the user", "Of the user's turns."),
    "language.assistant": ("Language of the answers", "Of the assistant's turns."),
    "language.mixed": ("Mixed languages", "Whether turns are in different languages."),
    "language.confidence": ("How sure the language is", "0 to 1."),
    "language.user_confidence": ("How sure the user's language is", "0 to 1."),
    "language.assistant_confidence": ("How sure the answers' language is", "0 to 1."),
    "semantic_dup.similarity": ("Likeness in meaning", "Cosine with the nearest other row, 0 to 1."),
}  # fmt: skip
HIDDEN = (".evidence", ".spans", ".cluster", ".representative", ".match", ".item", ".size", ".benchmark")
"""Endings of columns that are ids or texts, and nothing to cut by."""
_OWN = ("near_dup.similarity", "contamination.overlap", "quality.flags")
"""Columns that a signal of another kind stands for."""


def signals(index: browse.Index, topic: str) -> list[Signal]:
    """The signals of a topic that this version holds, the most telling first."""
    names, found = index.narrow.columns, []
    if topic == "Duplicates":
        found.append(Signal("Exact copies", "The same text, word for word.", "content_hash", "copies"))
        if "near_dup.similarity" in names:
            found.append(Signal("Near-duplicates", "Share of runs of words in common with the nearest other row, 0 to 1.", "near_dup.cluster", "near", "Similarity"))  # fmt: skip
        if "semantic_dup.cluster" in names:
            found.append(Signal("The same in other words", "Groups of rows that mean the same, by embedding.", "semantic_dup.cluster", "copies"))  # fmt: skip
    elif topic == "Contamination" and "contamination.overlap" in names:
        found.append(Signal("Overlap with a test set", "The share of a test set's item that the row holds, 0 to 1.", "contamination.overlap", "overlap", "Overlap"))  # fmt: skip
    elif topic == "Quality" and flags(index):
        found.append(
            Signal("Flags", "Signs of a bad answer, each of them yes or no.", "quality.flags", "flags")
        )
    elif topic == "Personal data" and "pii.total" in names:
        return [Signal("Personal data", "What patterns find; names and street addresses aren't looked for.", "pii.total", "personal", "Finds")]  # fmt: skip
    return found + _columns(index, topic)


def _columns(index: browse.Index, topic: str) -> list[Signal]:
    if topic == "Duplicates":
        return []
    prefixes = tuple(one for other in TOPICS.values() for one in other.prefixes)
    # the words of stats are the words of the index, and flags stand together
    beside = {*_OWN, "stats.words", "origin", "split", *flags(index)}
    mine = [
        name for name in index.narrow.columns
        if name not in beside and not name.endswith(HIDDEN)
        and (name.startswith(TOPICS[topic].prefixes) if topic != "Other" else not name.startswith(prefixes))
    ]  # fmt: skip
    numbers = facets.numeric(index, mine)
    found = []
    for name in [*numbers, *facets.groupable(index, among=mine)]:
        title, says = SAYS.get(name, (name, ""))
        head = title if len(title) < 18 else "Value"
        found.append(Signal(title, says, name, "number" if name in numbers else "values", head))
    order = list(SAYS)
    return sorted(found, key=lambda one: order.index(one.column) if one.column in order else len(order))


def flags(index: browse.Index) -> list[str]:
    """The yes/no columns of ``quality`` that are up on some row."""
    return [name for name, _ in facets.flags_of(index) if name.startswith("quality.")]


def kinds(index: browse.Index) -> dict[PiiKind, int]:
    """The kinds of personal data that some row holds, with the number of rows."""
    known = [name for name in PERSONAL if f"pii.{name}" in index.narrow.columns]
    rows = index.narrow.select((pl.col(f"pii.{name}") > 0).sum().alias(name) for name in known)
    return {name: n for name, n in rows.row(0, named=True).items() if n} if known else {}  # type: ignore[misc]


def found(index: browse.Index) -> dict[str, str]:
    """What was found under each topic, in a few words; those that weren't measured say so."""
    rows, names = index.narrow, index.narrow.columns
    copies = Alike().count(rows)
    told = {"Duplicates": f"{copies:,} copies" if copies else "no exact copies"}
    if "near_dup.cluster" in names:
        near = Alike("near_dup.cluster", at=0.0).count(rows)
        told["Duplicates"] = f"{copies:,} exact, {near:,} near" if copies or near else "none"
    for topic, column in (("Contamination", "contamination.hits"), ("Personal data", "pii.total")):
        if column in names:
            hit = int(rows.select((pl.col(column) > 0).sum()).item())
            told[topic] = f"{hit:,} {'row' if hit == 1 else 'rows'}" if hit else "none"
    if "quality.flags" in names:
        hit = int(rows.select((pl.col("quality.flags") != "").sum()).item())
        told["Quality"] = f"{hit:,} flagged" if hit else "no flag"
    if "language.code" in names:
        many = rows["language.code"].n_unique()
        told["Language"] = f"{many:,} languages" if many > 1 else f"all {rows['language.code'][0]}"
    return {
        topic: told.get(topic, "" if topic in ("Length", "Other") else "not measured") for topic in TOPICS
    }
