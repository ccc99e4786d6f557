"""A version's rows as JSONL in the shapes that other tools read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from curation.store import Version

_FROM = {"user": "human", "assistant": "gpt", "system": "system", "tool": "tool"}


def _alpaca(messages: list[dict[str, str]]) -> dict[str, str] | None:
    said = {
        role: [m["content"] for m in messages if m["role"] == role]
        for role in ("system", "user", "assistant")
    }
    if len(said["user"]) != 1 or len(said["assistant"]) != 1 or any(m["role"] == "tool" for m in messages):
        return None
    extra = {"system": said["system"][0]} if said["system"] else {}
    return {"instruction": said["user"][0], "input": "", "output": said["assistant"][0], **extra}


SHAPES: dict[str, Callable[[list[dict[str, str]]], dict[str, Any] | None]] = {
    "ShareGPT": lambda m: {"conversations": [{"from": _FROM[x["role"]], "value": x["content"]} for x in m]},
    "messages": lambda m: {"messages": [dict(x) for x in m]},
    "Alpaca": _alpaca,
}
"""How a conversation stands in each shape; null where it can't."""


def jsonl(version: Version, shape: str) -> Iterator[str]:
    """The rows as lines of JSON in a shape; rows that it can't hold (Alpaca: more than one turn) are left out."""
    rows = version.scan().select("id", "messages", "category", "split", "source").collect()
    for row in rows.iter_rows(named=True):
        held = SHAPES[shape](row["messages"])
        if held is not None:
            yield (
                json.dumps(
                    {**held, **{k: row[k] for k in ("id", "category", "split", "source")}}, ensure_ascii=False
                )
                + "\n"
            )
