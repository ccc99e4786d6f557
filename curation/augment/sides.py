"""What of a conversation is held against its parent's: the prompts, and whatever else of it may change."""

from __future__ import annotations

from collections.abc import Sequence

from curation.augment.measures import Talk, answers_of, prompt_of

USER = frozenset({"user"})
Side = tuple[list[str], list[str]]
"""Texts of parents, and the texts of their children."""


def sides(
    parents: Sequence[Talk], children: Sequence[Talk], whole: Sequence[bool], roles: frozenset[str]
) -> list[Side]:
    """The prompts, and the turns of each other role that may change; of new conversations (``whole``) the prompts alone.

    Each is measured by itself, and the worst value counts: a long answer that stays can't hide a prompt that drifted.
    """
    found = [([prompt_of(talk) for talk in parents], [prompt_of(talk) for talk in children])]
    for role in sorted(roles - USER):
        old, new = ([said(talk, role) for talk in talks] for talks in (parents, children))
        found.append((old, [a if own else b for a, b, own in zip(old, new, whole, strict=True)]))
    return found


def said(talk: Talk, role: str) -> str:
    """All turns of a role as one text."""
    return "\n".join(turn["content"] for turn in talk if turn["role"] == role)


def own_answers(parents: Sequence[Talk], children: Sequence[Talk], whole: Sequence[bool]) -> list[bool]:
    """Which of the new conversations have an answer of their own: one with its parent's is measured like a rewritten prompt."""
    pairs = zip(parents, children, whole, strict=True)
    return [new and answers_of(parent) != answers_of(child) for parent, child, new in pairs]
