"""Text that is safe to hash, store and show: no lone surrogates, no NUL, no control characters on a screen."""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
import re
import unicodedata
from typing import Any

from curation.contract import canonical_json
from curation.ingest.reasons import TOO_DEEP, Reject

SNIPPET = 200
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_clean(text: str) -> bool:
    """Whether a text is without NUL and without lone surrogates."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def clean(text: str) -> str:
    """U+FFFD for every lone surrogate (and for every invalid byte that decoding left as one); NUL goes."""
    return text if is_clean(text) else _SURROGATE.sub("\ufffd", text).replace("\0", "")


def blank(text: str) -> bool:
    """Whether nothing would be seen of a text: only white space and NUL."""
    return not text.replace("\0", "").strip()


def plain(value: Any) -> Any:
    """A value that JSON knows: dates in ISO 8601, bytes as text or base64, NaN and infinity as null."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(bytes(value))
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return str(value)


def _bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def json_text(value: Any) -> str:
    """Canonical JSON of any value; what JSON doesn't know is made ``plain`` first.

    Raises Reject for a value that is nested too deeply to be written.
    """
    try:
        try:
            return canonical_json(value)
        except (TypeError, ValueError):
            return canonical_json(plain(value))
    except RecursionError:
        raise Reject(TOO_DEEP, "nested too deeply to be shown") from None


def scalar_text(value: Any) -> str | None:
    """The text of a scalar: a text as it is, a number or a truth value as in JSON, null for null.

    Raises TypeError for a list or an object.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | list | tuple):
        raise TypeError("not a scalar")
    value = plain(value)
    return value if value is None or isinstance(value, str) else json.dumps(value)


def snippet(value: Any) -> str:
    """At most 200 characters of a value on one line; control and format characters shown as escapes."""
    if isinstance(value, bytes | bytearray):
        value = bytes(value[: SNIPPET * 4]).decode("utf-8", "replace")
    try:
        text = value if isinstance(value, str) else json_text(value)
    except Reject as deep:
        text = str(deep.evidence)
    shown = "".join(_escape(character) for character in text[:SNIPPET])
    return shown if len(text) <= SNIPPET and len(shown) <= SNIPPET else shown[: SNIPPET - 1] + "…"


def _escape(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cs":
        return "\ufffd"
    if kind in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn") or (kind == "Zs" and character != " "):
        return character.encode("unicode_escape").decode()
    return character
