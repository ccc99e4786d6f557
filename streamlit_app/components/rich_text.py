"""Untrusted text as safe HTML: code highlighted, mathematics set, spans marked; everything else as it stands.

Markdown, HTML, links and images in a conversation are shown as text and load nothing. The only tags that come
out of here are our own, those of Pygments, and MathML from the short list below.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from xml.etree import ElementTree as Xml

LIMIT = 30_000
"""Characters of one message that are drawn; the rest is named, and is in the download."""
PIECE = re.compile(
    r"```(?P<lang>[^\n`]{0,40})\n(?P<code>.*?)(?:\n```|\Z)"
    r"|\$\$(?P<block>.+?)\$\$"
    r"|\\\[(?P<block2>.+?)\\\]"
    r"|\\\((?P<inline2>.+?)\\\)"
    r"|(?<![\w$\\])\$(?P<inline>[^\s$](?:[^$\n]{0,200}[^\s$\\])?)\$(?![\w$])"
    r"|(?<!`)`(?P<tick>[^`\n]{1,300})`(?!`)",
    re.DOTALL,
)
MATH_TAGS = set(
    re.findall(
        r"\w+",
        "math mrow mi mn mo ms mtext mspace msup msub msubsup mfrac msqrt mroot mover munder munderover mtable mtr "
        "mtd menclose mpadded mphantom mstyle mmultiscripts mprescripts none",
    )
)
MATH_ATTRIBUTES = set(
    re.findall(
        r"\w+",
        "display stretchy fence separator lspace rspace width height depth accent accentunder mathvariant columnalign "
        "rowspacing columnspacing linethickness minsize maxsize movablelimits form notation",
    )
)
HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


@dataclass(frozen=True)
class Mark:
    """A span of a message to underline: characters from ``start`` to before ``end``, why, and its kind."""

    start: int
    end: int
    kind: str
    reason: str


def plain(text: str) -> str:
    """Text for HTML; characters that can't be seen, or that turn the direction, are shown by their number."""
    shown = html.escape(text, quote=True)
    return HIDDEN.sub(lambda m: f'<span class="tw-hidden">{ord(m[0]):02X}</span>', shown)


def to_html(text: str, marks: Sequence[Mark] = ()) -> str:
    """A message's content as HTML."""
    rest = len(text) - LIMIT
    text = text[:LIMIT]
    parts, last = [], 0
    for piece in PIECE.finditer(text):
        block = piece.lastgroup in ("code", "block", "block2")
        before = piece.start()
        while block and before > last and text[before - 1] == "\n":
            before -= 1  # a block brings its own space
        parts += [_marked(text, last, before, marks), _piece(piece)]
        last = piece.end()
        while block and text[last : last + 1] == "\n":
            last += 1
    parts.append(_marked(text, last, len(text), marks))
    if rest > 0:
        parts.append(
            f'<span class="tw-cut">{rest:,} more characters; download the row to read them all</span>'
        )
    return "".join(parts)


def _marked(text: str, start: int, end: int, marks: Sequence[Mark]) -> str:
    parts, last = [], start
    for mark in sorted(marks, key=lambda mark: mark.start):
        low, high = max(mark.start, last), min(mark.end, end)
        if low >= high:
            continue
        parts.append(plain(text[last:low]))
        kind = re.sub(r"[^a-z]", "", mark.kind)
        parts.append(
            f'<mark class="tw-mark tw-mark-{kind}" title="{html.escape(mark.reason)}">{plain(text[low:high])}</mark>'
        )
        last = high
    return "".join(parts) + plain(text[last:end])


def _piece(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind == "code":
        return code(found["code"], found["lang"].strip())
    if kind == "tick":
        return f'<code class="tw-tick">{plain(found["tick"])}</code>'
    block = kind in ("block", "block2")
    formula = math(found[str(kind)].strip(), block=block)
    return formula if formula is not None else plain(found[0])


@lru_cache(maxsize=512)
def code(source: str, language: str) -> str:
    """A block of code, highlighted where its language is known."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    label = f'<span class="tw-lang">{plain(language)}</span>' if language else ""
    try:
        body = highlight(
            source, get_lexer_by_name(language or "text"), HtmlFormatter(nowrap=True, classprefix="tok-")
        )
    except ClassNotFound:
        body = plain(source)
    return f'<div class="tw-code">{label}<pre tabindex="0">{HIDDEN.sub("·", body)}</pre></div>'


@lru_cache(maxsize=2048)
def math(source: str, *, block: bool) -> str | None:
    """LaTeX as MathML, or null where it can't be read; the tags and attributes are those of a short list."""
    from latex2mathml.converter import convert

    if len(source) > 4000:
        return None
    try:
        tree = Xml.fromstring(convert(source, display="block" if block else "inline"))  # noqa: S314 - our converter's output
    except (
        Exception
    ):  # the converter raises many kinds of error on odd input; the text is then shown as it is
        return None
    clean = _clean(tree)
    return clean and f'<span class="tw-math" title="{html.escape(source)}">{clean}</span>'


def _clean(node: Xml.Element) -> str | None:
    tag = node.tag.rpartition("}")[2]
    if tag not in MATH_TAGS:
        return None
    inside = [plain(node.text or "")]
    for child in node:
        part = _clean(child)
        if part is None:
            return None
        inside += [part, plain(child.tail or "")]
    names = "".join(
        f' {name}="{html.escape(value)}"' for name, value in node.attrib.items() if name in MATH_ATTRIBUTES
    )
    return f"<{tag}{names}>{''.join(inside)}</{tag}>"
