"""The shapes of conversations that are recognised by their columns, and the map that replaces recognition.

A shape is recognised when it is the only one whose columns are there. Where two fit, or none, a person
has to say with a map, since a guess would train a model on the wrong text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from curation.errors import InputError, nearest
from curation.ingest import reasons
from curation.ingest.converters import Shape, conversation, pair
from curation.ingest.reasons import Reject

CONVERSATIONS = {"messages": "messages", "conversations": "sharegpt", "conversation": "sharegpt"}
PAIRS = (
    ("alpaca", "instruction", "output"),
    ("instruction/response", "instruction", "response"),
    ("prompt/completion", "prompt", "completion"),
    ("prompt/response", "prompt", "response"),
    ("query/answer", "query", "answer"),
    ("query/response", "query", "response"),
    ("question/answer", "question", "answer"),
    ("question/response", "question", "response"),
    ("input/output", "input", "output"),
    ("user/assistant", "user", "assistant"),
)
ASKING = ("instruction", "prompt", "query", "question", "user")
SYSTEM = ("system", "system_prompt")
TREE = ("message_id", "parent_id", "role", "text")
TARGETS = ("user", "assistant", "system", "input", "messages", "category")


def is_tree(columns: Iterable[str]) -> bool:
    """Whether these columns are those of a flat message tree (OASST)."""
    return set(TREE) <= set(columns)


@lru_cache(maxsize=4096)
def shapes_of(columns: tuple[str, ...]) -> tuple[Shape, ...]:
    """The shapes that fit these columns (in any case of letters): none, one, or too many."""
    own = {name.strip().lower(): name for name in columns}
    system = next((own[name] for name in SYSTEM if name in own), None)
    found = [
        conversation(own[column], system, name=name)
        for column, name in CONVERSATIONS.items()
        if column in own
    ]
    for name, user, assistant in PAIRS:
        if user not in own or assistant not in own:
            continue
        if user == "input" and any(other in own for other in ASKING):
            continue  # an Alpaca table's input belongs to its instruction
        context = next((own[c] for c in ("input", "context") if c in own and c != user), None)
        if user != "instruction" and context is not None:
            continue  # whether a context belongs to the question is for a person to say
        history = own.get("history") if user == "instruction" else None
        found.append(
            pair(own[user], own[assistant], extra=context, system=system, history=history, name=name)
        )
    return tuple(found)


def shape_for(row: Mapping[str, Any]) -> Shape:
    """The one shape of a row; where the columns leave two, those whose columns aren't null count.

    Raises Reject where no shape fits, or two do.
    """
    found = shapes_of(tuple(row))
    if len(found) > 1:
        found = tuple(shape for shape in found if all(row[name] is not None for name in shape.needs))
    if len(found) == 1:
        return found[0]
    raise Reject(reasons.TWO_SHAPES if found else reasons.NO_SHAPE)


def mapped_shape(mapping: Mapping[str, str]) -> Shape | None:
    """The shape that a map says, or null for a map that only assigns the category.

    Raises InputError for an unknown target, an empty column name, or targets that don't go together.
    """
    for target, column in mapping.items():
        if target not in TARGETS:
            raise InputError(f"the map has no target {target!r}", mend=nearest(target, TARGETS))
        if not isinstance(column, str) or not column:
            raise InputError(f"the map gives no column for {target!r}", mend=f"Write {target}=COLUMN.")
    if "messages" in mapping:
        if also := {"user", "assistant", "input"} & set(mapping):
            raise InputError(
                f"the map gives both messages and {', '.join(sorted(also))}",
                mend="A conversation column has the answers in it: give messages alone.",
            )
        return conversation(mapping["messages"], mapping.get("system"), name="map")
    if "user" in mapping:
        return pair(
            mapping["user"],
            mapping.get("assistant"),
            extra=mapping.get("input"),
            system=mapping.get("system"),
            name="map",
        )
    if set(mapping) - {"category"}:
        raise InputError(
            f"the map gives {', '.join(sorted(mapping))} but not user",
            mend="Write for instance --map user=question,assistant=answer.",
        )
    return None


HINTS = {
    "user": ("question", "prompt", "instruction", "query", "user", "human", "input", "title", "utterance"),
    "assistant": ("answer", "response", "output", "completion", "assistant", "reply", "chosen", "solution"),
    "input": ("context", "passage"),
    "category": ("category", "topic", "label", "intent", "task", "source"),
}


def example_map(columns: Iterable[str]) -> str:
    """A map that a person could try on these columns; words in capitals stand for what isn't there.

    >>> example_map(["instruction", "topic"])
    '--map user=instruction,assistant=ANSWER_COLUMN,category=topic'
    """
    free = list(columns)
    parts = []
    for target, hints in HINTS.items():
        column = next((name for hint in hints for name in free if hint in name.lower()), None)
        if column is not None:
            free.remove(column)
            parts.append(f"{target}={column}")
        elif target in ("user", "assistant"):
            parts.append(f"{target}={'QUESTION' if target == 'user' else 'ANSWER'}_COLUMN")
    return "--map " + ",".join(parts)


def maps_of(columns: Iterable[str]) -> list[str]:
    """The maps that say the same as the shapes that fit these columns."""
    return [
        "--map "
        + (
            f"messages={shape.needs[0]}"
            if len(shape.needs) == 1
            else "user={},assistant={}".format(*shape.needs)
        )
        for shape in shapes_of(tuple(columns))
    ]
