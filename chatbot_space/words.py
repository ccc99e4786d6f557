"""A text as the chat shows it: Markdown, code and formulas set, HTML and remote pictures as plain text.

Gradio's Markdown would run harmless HTML, swallow what looks like a tag and load pictures from anywhere.
Here a word joiner (an invisible character) is put behind each ``<`` that could open a tag and behind each
``&`` that could open an entity, and a picture's ``![`` is broken up, outside of code. What people see is
exactly what was written; ``unshown`` takes the joiners out again.
"""

from __future__ import annotations

import html
import re

JOINER = "\u2060"
LATEX = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]
"""The delimiters that are handed to the chat; a single ``$`` is turned into ``\\(`` by Pandoc's rule."""

_CODE = re.compile(
    r"(^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\2[`~]*[ \t]*$|\Z))|((?<!`)(`+)(?!`)[^\n]*?(?<!`)\4(?!`))",
    re.M | re.S,
)
_OPENERS = re.compile(r"<(?=[A-Za-z/!?])|&(?=#?\w{1,32};)|!(?=\[)")
_PICTURE = re.compile(r"(!\[[^\]\n]*\])\(")
_MATHS = re.compile(r"(?<![\\$\w])\$(?=[^\s$])([^$\n]{0,300}?[^\s\\$])\$(?![\d$])")


def shown(text: str) -> str:
    r"""The text for the chat; ``$x$`` becomes ``\(x\)`` between joiners.

    An opening ``$`` must stand before a non-space, a closing one behind a non-space and before no digit
    (Pandoc's rule), so that "$5 and $6" stays money.
    """
    parts: list[str] = []
    end = 0
    for code in _CODE.finditer(text):
        parts += [_prose(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, _prose(text[end:])])


def unshown(text: str) -> str:
    """What was written, from what ``shown`` gave: for a message that comes back edited."""
    text = re.sub(rf"{JOINER}\\\((.*?)\\\){JOINER}", r"$\1$", text)
    return re.sub(f"([<&!\\]]){JOINER}", r"\1", text)


def safe(text: object) -> str:
    """A text inside our own HTML: escaped."""
    return html.escape(str(text), quote=True)


def _prose(text: str) -> str:
    text = _PICTURE.sub(rf"\1{JOINER}(", text)
    text = _OPENERS.sub(lambda match: match[0] + JOINER, text)
    return _MATHS.sub(rf"{JOINER}\\(\1\\){JOINER}", text)
