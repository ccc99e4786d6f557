"""What people wrote is what people see: no HTML is run, no picture fetched, no money set as a formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot_space.words import JOINER as J
from chatbot_space.words import safe, shown, unshown

PIECES = ["<b>", "</b>", "<script>", "&lt;", "![a](http://x/y.png)", "`<i>`", "```\n<p>\n```\n", "$x$", "\\(y\\)", "$5", "<|im_end|>", "a < b", "\n", "text ", "``", "&amp;", "!["]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_unshown_takes_back_what_shown_did(text: str) -> None:
    assert unshown(shown(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<b>x</b>", f"<{J}b>x<{J}/b>"),
        ("a < b, <3", "a < b, <3"),
        ("<|im_end|>", "<|im_end|>"),
        ("&lt; & x", f"&{J}lt; & x"),
        ("![p](http://x/y)", f"!{J}[p]{J}(http://x/y)"),
        ("[link](http://x/y)", "[link](http://x/y)"),
        ("`<b>` and ``<i>``", "`<b>` and ``<i>``"),
        ("```html\n<b>\n```\n<i>", f"```html\n<b>\n```\n<{J}i>"),
        ("~~~\n<b>", "~~~\n<b>"),  # a fence that is still open while the answer streams
    ],
)
def test_openers_are_broken_outside_of_code(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$x^2$ is", rf"{J}\(x^2\){J} is"),
        ("$5 and $6", "$5 and $6"),
        ("costs $5-$6", "costs $5-$6"),
        ("$ x $", "$ x $"),
        ("$$y$$", "$$y$$"),
        ("`$x$`", "`$x$`"),
        ("US$x$", "US$x$"),
        (r"\$x$", r"\$x$"),
    ],
)
def test_single_dollars_follow_pandocs_rule(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_our_own_html_escapes() -> None:
    assert safe("<a href=\"x\" onclick='y'>&") == "&lt;a href=&quot;x&quot; onclick=&#x27;y&#x27;&gt;&amp;"
