"""Why an input row is a reject: a few fixed phrases, so that rejects can be counted and looked up.

``docs/ingest.md`` explains each one; a test compares the two lists.
"""

from __future__ import annotations

from typing import Any

BROKEN_JSON = "broken JSON"
TOO_DEEP = "nested too deeply"
NOT_OBJECT = "not an object"
TOO_FEW_FIELDS = "fewer fields than columns"
TOO_MANY_FIELDS = "more fields than columns"
BROKEN_QUOTES = "broken quotes"

NO_SHAPE = "no known shape"
TWO_SHAPES = "two shapes fit"
NO_MESSAGES = "no messages"
NOT_A_LIST = "messages are not a list"
MESSAGE_NOT_OBJECT = "a message is not an object"
NO_ROLE = "a message without a role"
UNKNOWN_ROLE = "unknown role"
NO_TEXT = "a message without text"
PART_NOT_TEXT = "a message part is not text"
NO_QUESTION = "no question"
NO_ANSWER = "no answer"
QUESTION_NOT_TEXT = "the question is not text"
ANSWER_NOT_TEXT = "the answer is not text"

NO_MESSAGE_ID = "a message without an id"
TWICE = "message id is there twice"
DELETED = "marked as deleted"
ORPHAN = "its tree's root is not in the data"
PARENT_REJECTED = "its parent message is a reject"
CIRCLE = "its parents form a circle"
NO_TREE_ANSWER = "its tree has no answer"
UNANSWERED = "no answer follows it"
OFF_PATH = "not on the best-ranked path"

NOT_A_REMARK = "not a remark"
NO_CONSENT = "no consent"
REMARK_TWICE = "remark is there twice"
NO_CHOICE = "no answer was chosen"

REASONS = tuple(value for name, value in sorted(globals().items()) if name.isupper())


class Reject(Exception):
    """An input row that can't become a row: a fixed ``reason``, and the part of it that shows why."""

    def __init__(self, reason: str, evidence: Any = None) -> None:
        self.reason, self.evidence = reason, evidence
        super().__init__(reason)
