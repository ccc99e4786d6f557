"""Flat message trees (OASST): every tree gives one row, its best-ranked path.

At every fork the answer with the lowest rank is taken, unranked ones last, ties by message id. A path ends
with its last assistant message. Every message ends up in exactly one row or as exactly one reject.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from curation.ingest import reasons
from curation.ingest.conversation import Message
from curation.ingest.record import Record
from curation.ingest.roles import role_of
from curation.ingest.text import blank, scalar_text

TAKEN = frozenset({"parent_id", "role", "text", "rank"})


@dataclass
class Node:
    """A message of a tree, with the record that it came in."""

    record: Record
    id: str
    parent: str | None
    role: str
    text: str
    rank: float
    children: list[Node] = field(default_factory=list)


@dataclass
class Forest:
    """The trees by the place of their roots, and the messages that belong to no tree, with reasons."""

    roots: dict[int, Node]
    loose: list[tuple[Record, str]]
    messages: int


def plant(records: Iterable[Record]) -> Forest:
    """Link messages to trees."""
    nodes: dict[str, Node] = {}
    loose: list[tuple[Record, str]] = []
    refused: set[str] = set()
    count = 0
    for record in records:
        count += 1
        made = _node(record)
        if isinstance(made, Node) and made.id in nodes:
            made = reasons.TWICE
        elif isinstance(made, Node):
            nodes[made.id] = made
            continue
        loose.append((record, made))
        if record.value and made != reasons.TWICE and record.value.get("message_id") is not None:
            refused.add(str(record.value["message_id"]))
    roots = {}
    for node in nodes.values():
        if node.parent is None:
            roots[node.record.place] = node
        elif node.parent in nodes:
            nodes[node.parent].children.append(node)
    planted = {node.id for root in roots.values() for node in walk(root)}
    for node in nodes.values():
        if node.id not in planted:
            loose.append((node.record, _why_loose(node, nodes, refused - set(nodes))))
    return Forest(roots, sorted(loose, key=lambda item: item[0].place), count)


def _node(record: Record) -> Node | str:
    """The message of a record, or the reason why it is none."""
    row = record.value
    if row is None:
        return record.problem or reasons.NOT_OBJECT
    if row.get("message_id") in (None, ""):
        return reasons.NO_MESSAGE_ID
    if row.get("deleted") is True:
        return reasons.DELETED
    name = row.get("role")
    if not isinstance(name, str) or not name.strip():
        return reasons.NO_ROLE
    role = role_of(name)
    if role is None:
        return reasons.UNKNOWN_ROLE
    try:
        text = scalar_text(row.get("text"))
    except TypeError:
        return reasons.PART_NOT_TEXT
    if text is None or blank(text):
        return reasons.NO_TEXT
    parent = row.get("parent_id")
    return Node(
        record, str(row["message_id"]), None if parent in (None, "") else str(parent), role, text, _rank(row)
    )


def _rank(row: dict[str, Any]) -> float:
    """The rank as a number; one that is null, not a number or not finite comes last."""
    try:
        rank = float(row.get("rank"))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("inf")
    return rank if rank == rank else float("inf")


def _why_loose(node: Node, nodes: dict[str, Node], refused: set[str]) -> str:
    seen = {node.id}
    while node.parent in nodes:
        node = nodes[node.parent]
        if node.id in seen:
            return reasons.CIRCLE
        seen.add(node.id)
    return reasons.PARENT_REJECTED if node.parent in refused else reasons.ORPHAN


def walk(root: Node) -> list[Node]:
    """All messages of a tree."""
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting.extend(node.children)
    return found


def best_path(root: Node) -> tuple[list[Node], list[tuple[Record, str]]]:
    """The path of a tree that becomes its row (empty where nobody answers), and its other messages."""
    path = [root]
    while path[-1].children:
        path.append(min(path[-1].children, key=lambda node: (node.rank, node.id)))
    answered = max((place for place, node in enumerate(path) if node.role == "assistant"), default=-1) + 1
    on_path = {node.id for node in path[:answered]}
    unanswered = {node.id for node in path[answered:]}
    rest = []
    for node in walk(root):
        if node.id in on_path:
            continue
        reason = reasons.UNANSWERED if node.id in unanswered else reasons.OFF_PATH
        rest.append((node.record, reason if answered else reasons.NO_TREE_ANSWER))
    return path[:answered], sorted(rest, key=lambda item: item[0].place)


def messages_of(path: Sequence[Node]) -> list[Message]:
    """The conversation of a path."""
    return [{"role": node.role, "content": node.text} for node in path]
